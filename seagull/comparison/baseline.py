"""An earlier run to judge this one by: of the same photos, model, regions and options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seagull.comparison.log import RunSettings, read_comparisons
from seagull.comparison.results import PairResult, pair_result
from seagull.photos.identity import AmbiguousPhotoError, PhotoNames

MOST_SAID = 60
"""Characters of an option's value that are said."""

_Lines = Sequence[tuple[PairResult, RunSettings]]


@dataclass(frozen=True)
class Baseline:
    """What an earlier run found of this run's photos.

    Args:
        path: the file.
        results: of the earlier run, by this run's path of the photo before.
    """

    path: Path
    results: Mapping[str, PairResult]


@dataclass(frozen=True)
class EarlierRuns:
    """What a file says of this run's photos, under whatever settings.

    Args:
        path: the file.
        lines: by this run's path of the photo before, in the order of the file.
    """

    path: Path
    lines: Mapping[str, _Lines]

    def under(self, settings: RunSettings) -> Baseline:
        """The results under this run's settings; of a pair's lines the last counts.

        Raises:
            ValueError: naming what differs, if a photo has results under other settings alone.
        """
        results = {}
        for photo, lines in self.lines.items():
            same = [result for result, then in lines if not _difference(then, settings)]
            if not same:
                raise ValueError(
                    f"{self.path}: it was made {_difference(lines[-1][1], settings)}; make the "
                    "baseline anew"
                )
            results[photo] = same[-1]
        return Baseline(self.path, results)


def read_baseline(path: Path, photos: Sequence[str]) -> EarlierRuns:
    """What a file of earlier runs says of this run's photos.

    Args:
        path: the ``--jsonl`` file of an earlier run.
        photos: this run's paths of the photos before.

    Raises:
        ValueError: if it cannot be read, holds something else or none of these photos, or a name
            in it could mean several photos.
    """
    earlier: dict[str, list[tuple[PairResult, RunSettings]]] = {}
    try:
        for comparison, settings in read_comparisons(path):
            result = pair_result(comparison)
            earlier.setdefault(result.before, []).append((result, settings))
    except OSError as error:
        raise ValueError(
            f"{path}: {error.strerror}; a baseline is a file of `seagull compare --jsonl`"
        ) from error
    names = PhotoNames(earlier, photos)
    lines = {}
    for photo in photos:
        try:
            found = names.find(photo)
        except AmbiguousPhotoError as error:
            raise ValueError(f"{path}: {error}") from error
        if found is not None:
            lines[photo] = earlier[found]
    if not lines:
        raise ValueError(f"{path}: none of these photos is in it; give a run on the same photos")
    return EarlierRuns(path, lines)


def _difference(then: RunSettings, now: RunSettings) -> str:
    """How settings differ, to be read after "it was made"; empty where they do not."""
    models = [f"{one.model.name} {one.model.revision}" for one in (then, now)]
    if models[0] != models[1]:
        return f"by {models[0]}, this run uses {models[1]}"
    if then.options is None or now.options is None:
        same = then.fingerprint == now.fingerprint
        return "" if same else "with other regions or options, which it does not say"
    before, after = then.options, now.options
    parts = [
        f"{name}: then {_said(before.get(name))}, now {_said(after.get(name))}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    return f"with other options ({'; '.join(parts)})" if parts else ""


def _said(value: Any) -> str:
    """An option's value as it was typed, as far as it is short."""
    if value is None or isinstance(value, bool):
        return "given" if value else "not given"
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= MOST_SAID else f"{text[:MOST_SAID]}..."
