"""The six distortion types, each on ladders of twenty settings."""
