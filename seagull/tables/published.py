"""MATLAB files in which LIVE (release 2) and LIVE in the Wild keep their opinions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from seagull.tables.rows import Row, TableError

LIVE_FOLDERS = (("jp2k", 227), ("jpeg", 233), ("wn", 174), ("gblur", 174), ("fastfading", 174))
"""LIVE's folders with the number of their photos ``img1.bmp``, ..., in the order of its scores."""


def published_rows(path: Path) -> Iterator[tuple[int, Row | str]]:
    """The rows of LIVE's ``dmos*.mat`` or of LIVE in the Wild's ``AllMOS_release.mat``.

    The other files that are needed (``refnames_all.mat``, ``AllImages_release.mat``,
    ``AllStdDev_release.mat``) lie beside it. Undistorted originals, which LIVE's scores hold as
    zeros, have no score here.

    Raises:
        TableError: if it is neither, or one is missing.
    """
    held = _read(path)
    if "AllMOS_release" in held:
        yield from _in_the_wild(path, held)
    elif {"dmos", "dmos_new"} & set(held) and "orgs" in held:
        yield from _live(path, held)
    else:
        names = ", ".join(name for name in held if not name.startswith("_"))
        raise TableError(
            f"{path}: holds {names}; LIVE's dmos_realigned.mat or LIVE in the Wild's "
            "AllMOS_release.mat is needed; export other tables as CSV"
        )


def _read(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if not path.is_file():
        raise TableError(f"{path}: there is no such file; check the path")
    try:
        held: dict[str, Any] = loadmat(path)
    except (MatReadError, NotImplementedError, ValueError, OSError, TypeError) as error:
        raise TableError(f"{path}: not a MATLAB file that can be read ({error})") from error
    return held


def _live(path: Path, held: dict[str, Any]) -> Iterator[tuple[int, Row]]:
    scores = np.ravel(held["dmos_new" if "dmos_new" in held else "dmos"])
    stds = np.ravel(held["dmos_std"]) if "dmos_std" in held else [None] * len(scores)
    names = [f"{folder}/img{n}.bmp" for folder, count in LIVE_FOLDERS for n in range(1, count + 1)]
    file = path.with_name("refnames_all.mat")
    references = _texts(_read(file).get("refnames_all", ())) if file.is_file() else [""] * 982
    if not len(scores) == len(names) == len(references):
        raise TableError(f"{path}: {len(scores)} scores, LIVE has {len(names)}")
    originals = np.ravel(held["orgs"])
    for number, row in enumerate(zip(names, scores, stds, references, strict=True), start=1):
        name, score, std, reference = row
        plain: Row = {"image": name, "dmos": float(score), "dmos_std": std, "reference": reference}
        if originals[number - 1]:
            plain["dmos"] = None
        yield number, plain


def _in_the_wild(path: Path, held: dict[str, Any]) -> Iterator[tuple[int, Row]]:
    scores = np.ravel(held["AllMOS_release"])
    names = _texts(_read(path.with_name("AllImages_release.mat")).get("AllImages_release", ()))
    spreads = path.with_name("AllStdDev_release.mat")
    held = _read(spreads) if spreads.is_file() else {}
    stds = np.ravel(held.get("AllStdDev_release", [None] * len(scores)))
    if not len(scores) == len(names) == len(stds):
        raise TableError(f"{path}: {len(scores)} scores, but {len(names)} names")
    for number, (name, score, std) in enumerate(zip(names, scores, stds, strict=True), start=1):
        yield number, {"image": name, "mos": float(score), "std": std}


def _texts(cells: Any) -> list[str]:
    """The texts of a cell array, in which each is an array of its own."""
    return [str(np.ravel(cell)[0]) if np.size(cell) else "" for cell in np.ravel(cells)]
