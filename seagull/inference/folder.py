"""Assesses many photos by one model and reads the next photo while the model works."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar, runtime_checkable

import cv2

from seagull.photos import Photo, read_photo
from seagull.types import AssessmentTask, QualityReport, Region

Asked = TypeVar("Asked")
Ready = TypeVar("Ready")

RegionMaker = Callable[[Photo], Sequence[Region] | None]
"""The regions of a photo; None means the whole photo."""


@runtime_checkable
class AssessesPhotos(Protocol):
    """The part of an assessor that is used here."""

    def assess(
        self,
        image: Photo,
        regions: Sequence[Region] | None = None,
        *,
        tasks: Sequence[AssessmentTask] = ...,
        text: bool = ...,
        read_out: str = ...,
    ) -> QualityReport:
        """The report on regions of a photo."""
        ...


@dataclass(frozen=True, eq=False)
class AssessedPhoto:
    """A photo that was read and assessed."""

    path: Path
    photo: Photo
    report: QualityReport


@dataclass(frozen=True)
class FailedPhoto:
    """A photo that could not be assessed, and why, in one line."""

    path: Path
    reason: str


@dataclass(frozen=True, eq=False)
class _Prepared:
    path: Path
    photo: Photo
    regions: Sequence[Region] | None


@dataclass(frozen=True)
class _Made(Generic[Ready]):
    item: Ready


@dataclass(frozen=True)
class _Crash:
    error: BaseException


_POLL_SECONDS = 0.1
# A segmenter may need a minute for the photo in its hands; nobody who stops a run waits for that.
_FAREWELL_SECONDS = 2.0


def assess_photos(
    assessor: AssessesPhotos,
    paths: Sequence[Path],
    *,
    regions: RegionMaker = lambda photo: None,
    tasks: Sequence[AssessmentTask] = tuple(AssessmentTask),
    text: bool = False,
    read_out: str = "head",
    ahead: int = 1,
) -> Generator[AssessedPhoto | FailedPhoto, None, None]:
    """One result for each path, in order, as soon as it is there.

    Reading and region making run in a thread, ``ahead`` photos before the model; at most
    ``ahead`` + 2 photos are in memory. What is wrong with one photo is its result; the others are
    assessed all the same. Closing the iterator stops the thread.

    Args:
        assessor: the model.
        paths: photo files.
        regions: makes a photo's regions; called in the reading thread only.
        tasks: what to ask.
        text: whether answers in words are wanted too.
        read_out: what numbers are read off, see ``Assessor.assess``.
        ahead: photos waiting for the model, at least 1.

    Raises:
        ValueError: if ``ahead`` is less than 1.
        Exception: whatever is no fault of a photo, once the results before it are out.
    """
    if ahead < 1:
        raise ValueError(f"ahead is the number of photos read in advance, at least 1, got {ahead}")
    assess = partial(assessor.assess, tasks=tasks, text=text, read_out=read_out)
    return _results(assess, read_ahead(paths, partial(_prepare, regions=regions), ahead))


def _results(
    assess: Callable[[Photo, Sequence[Region] | None], QualityReport],
    items: Generator[_Prepared | FailedPhoto, None, None],
) -> Generator[AssessedPhoto | FailedPhoto, None, None]:
    with closing(items):
        for item in items:
            yield item if isinstance(item, FailedPhoto) else _assess(assess, item)


def _assess(
    assess: Callable[[Photo, Sequence[Region] | None], QualityReport], item: _Prepared
) -> AssessedPhoto | FailedPhoto:
    try:
        report = assess(item.photo, item.regions)
    except Exception as error:
        return failed_photo(item.path, error)
    return AssessedPhoto(item.path, item.photo, report)


def read_ahead(
    requests: Sequence[Asked], prepare: Callable[[Asked], Ready], ahead: int = 1
) -> Generator[Ready, None, None]:
    """What ``prepare`` makes of each item, in order, made in a thread ``ahead`` items before.

    Closing the iterator stops the thread.

    Raises:
        Exception: whatever ``prepare`` raises, once what was made before it is out.
    """
    waiting: queue.Queue[_Made[Ready] | _Crash | None] = queue.Queue(maxsize=ahead)
    stop = threading.Event()
    reader = threading.Thread(
        target=_fill, args=(waiting, stop, requests, prepare), name="photo-reader", daemon=True
    )
    reader.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, _Crash):
                raise item.error
            yield item.item
    finally:
        stop.set()
        reader.join(_FAREWELL_SECONDS)


def _fill(
    waiting: queue.Queue[_Made[Ready] | _Crash | None],
    stop: threading.Event,
    requests: Sequence[Asked],
    prepare: Callable[[Asked], Ready],
) -> None:
    for request in requests:
        try:
            item: _Made[Ready] | _Crash = _Made(prepare(request))
        except Exception as error:
            item = _Crash(error)
        if not _put(waiting, stop, item) or isinstance(item, _Crash):
            return
    _put(waiting, stop, None)


def _put(
    waiting: queue.Queue[_Made[Ready] | _Crash | None],
    stop: threading.Event,
    item: _Made[Ready] | _Crash | None,
) -> bool:
    while not stop.is_set():
        try:
            waiting.put(item, timeout=_POLL_SECONDS)
        except queue.Full:
            continue
        return True
    return False


def _prepare(path: Path, regions: RegionMaker) -> _Prepared | FailedPhoto:
    try:
        photo = read_photo(path)
        return _Prepared(path, photo, regions(photo))
    except Exception as error:
        return failed_photo(path, error)


def failed_photo(path: Path, error: Exception) -> FailedPhoto:
    """The photo's failure.

    Raises:
        Exception: ``error`` itself, where no photo can cause it.
    """
    if isinstance(error, MemoryError) or _out_of_memory(error):
        return FailedPhoto(path, f"{path}: out of memory; ask fewer regions or a smaller photo")
    if not isinstance(error, (ValueError, OSError)):
        raise error
    reason = " ".join(str(error).split())
    return FailedPhoto(path, reason if str(path) in reason else f"{path}: {reason}")


def _out_of_memory(error: Exception) -> bool:
    if isinstance(error, cv2.error):
        return int(getattr(error, "code", 0)) == cv2.Error.StsNoMem
    # Recognised by its message: the type lives in torch, which reading photos does not need.
    return isinstance(error, RuntimeError) and "out of memory" in str(error).lower()
