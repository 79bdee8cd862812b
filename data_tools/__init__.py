"""Data sets of region distortions: from a folder of photos to instruction records."""
