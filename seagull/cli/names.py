"""Unknown names: an error that lists the nearest known ones."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def unknown_name(kind: str, given: str, known: Sequence[str], hint: str = "") -> ValueError:
    """The error for a name that is not among ``known``.

    Args:
        kind: what is named, such as ``task``.
        given: the name as it was written.
        known: all there are.
        hint: what else could be given, if anything.
    """
    near = difflib.get_close_matches(given.lower(), known, n=3, cutoff=0.5)
    guess = f"; did you mean {' or '.join(near)}?" if near else ";"
    return ValueError(f"unknown {kind} {given!r}{guess} known: {', '.join(known)}{hint}")
