"""BaselineError: a baseline system cannot be built, trained or loaded."""

from __future__ import annotations


class BaselineError(ValueError):
    """What is wrong with a baseline's folder, weights or data, and what to do."""
