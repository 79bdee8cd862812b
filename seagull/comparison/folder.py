"""Many pairs through one model: the next pair is read while the model works on this one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from seagull.comparison.compare import compare_at_one_size
from seagull.comparison.pairs import PhotoPair
from seagull.comparison.photos import same_size
from seagull.comparison.types import Comparison, Resized
from seagull.inference.folder import AssessesPhotos, FailedPhoto, failed_photo, read_ahead
from seagull.photos import Photo, read_photo
from seagull.types import Region

PairRegions = Callable[[Photo], Sequence[Region]]
"""The regions of a pair, made on its first photo."""


@dataclass(frozen=True, eq=False)
class ComparedPair:
    """A pair that was compared, with both photos as they were assessed."""

    pair: PhotoPair
    photos: tuple[Photo, Photo]
    comparison: Comparison


@dataclass(frozen=True)
class FailedPair:
    """A pair that could not be compared, and why, in one line."""

    pair: PhotoPair
    reason: str


@dataclass(frozen=True, eq=False)
class _Prepared:
    pair: PhotoPair
    photos: tuple[Photo, Photo]
    regions: Sequence[Region]
    resized: Resized | None


def compare_pairs(
    assessor: AssessesPhotos,
    pairs: Sequence[PhotoPair],
    regions: PairRegions,
    *,
    resize: str | None = None,
) -> Generator[ComparedPair | FailedPair, None, None]:
    """One result for each pair, in order, as soon as it is there.

    What is wrong with one pair is its result; the others are compared all the same. Closing the
    iterator stops the reading thread.

    Args:
        assessor: the model.
        pairs: files.
        regions: makes a pair's regions; called in the reading thread only.
        resize: see ``same_size``.

    Raises:
        Exception: whatever is no fault of a photo, once the results before it are out.
    """
    prepare = partial(_prepare, regions=regions, resize=resize)
    with closing(read_ahead(pairs, prepare)) as items:
        for item in items:
            yield item if isinstance(item, FailedPair) else _compare(assessor, item)


def read_pair(pair: PhotoPair, resize: str | None) -> tuple[tuple[Photo, Photo], Resized | None]:
    """Both photos of a pair at one size.

    Raises:
        PhotoError: if one cannot be read.
        ValueError: if their sizes do not go together, see ``same_size``.
    """
    first, second, resized = same_size(read_photo(pair.before), read_photo(pair.after), resize)
    return (first, second), resized


def _prepare(pair: PhotoPair, regions: PairRegions, resize: str | None) -> _Prepared | FailedPair:
    try:
        photos, resized = read_pair(pair, resize)
        return _Prepared(pair, photos, regions(photos[0]), resized)
    except Exception as error:
        return _failed(pair, error)


def _compare(assessor: AssessesPhotos, item: _Prepared) -> ComparedPair | FailedPair:
    try:
        made = compare_at_one_size(assessor, item.photos, item.regions, item.resized)
    except Exception as error:
        return _failed(item.pair, error)
    return ComparedPair(item.pair, item.photos, made)


def _failed(pair: PhotoPair, error: Exception) -> FailedPair:
    """The pair's failure, named by the photo that the error names; else by the second one.

    Raises:
        Exception: ``error`` itself, where no photo can cause it.
    """
    first: Path = pair.before if str(pair.before) in str(error) else pair.after
    failed: FailedPhoto = failed_photo(first, error)
    return FailedPair(pair, failed.reason)
