"""The shipped configurations, as JSON beside this file."""
