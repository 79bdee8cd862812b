"""Memory that a process frees is kept for its next step, where a command owns the whole process."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
"""Names of mallopt(3)'s parameters."""
_PAD = 256 << 20
"""Bytes by which the heap grows at least."""


def keep_freed_memory() -> bool:
    """Tells the C library to keep what this process frees; False where it cannot be told.

    A vision encoder's step on a CPU allocates gigabytes in large blocks. By default each goes back
    to the system at once, which has to clear its pages when the next step asks for it again: nearly
    half of the time (``benchmarks/vision_step.py``).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    wanted = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1), (_TOP_PAD, _PAD))
    return all([bool(mallopt(name, value)) for name, value in wanted])
