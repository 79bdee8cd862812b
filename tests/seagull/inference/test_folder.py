"""Folder runs: order, overlap, failures as values, an early end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from seagull.inference.folder import AssessedPhoto, FailedPhoto, assess_photos
from seagull.photos import Photo
from seagull.types import ModelInfo, QualityReport, Region, RegionAssessment


class Recorder:
    """An assessor that notes what it sees and fails where it is told to."""

    def __init__(self, errors: dict[str, Exception] | None = None) -> None:
        self.errors = errors or {}
        self.seen: list[str] = []

    def assess(
        self,
        image: Photo,
        regions: Sequence[Region] | None = None,
        *,
        tasks: Sequence[object] = (),
        text: bool = False,
        read_out: str = "head",
    ) -> QualityReport:
        name = Path(image.path or "").name
        if name in self.errors:
            raise self.errors[name]
        self.seen.append(name)
        answers = tuple(RegionAssessment(region) for region in regions or ())
        return QualityReport(image.info, ModelInfo("fake", "1", True), None, answers)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"{number}.png" for number in range(5)]
    for number, path in enumerate(made):
        Image.new("RGB", (8 + number, 8)).save(path)
    return made


def test_results_come_in_the_order_of_the_paths(paths):
    results = list(assess_photos(Recorder(), paths[::-1]))
    assert [result.path for result in results] == paths[::-1]
    widths = [result.report.image.width for result in results if isinstance(result, AssessedPhoto)]
    assert widths == [12, 11, 10, 9, 8]


def test_regions_are_made_for_each_photo(paths):
    def left_half(photo: Photo) -> list[Region]:
        mask = np.zeros(photo.size, np.bool_)
        mask[:, : photo.width // 2] = True
        return [Region(mask, id="left")]

    for result in assess_photos(Recorder(), paths, regions=left_half):
        assert isinstance(result, AssessedPhoto)
        (assessment,) = result.report.regions
        assert assessment.region.box == (0, 0, result.photo.width // 2, 8)


def test_bad_photos_are_values_and_the_others_are_assessed(paths):
    paths[1].write_bytes(paths[1].read_bytes()[:40])
    paths[3].unlink()
    results = list(assess_photos(Recorder(), paths))
    failed = [result for result in results if isinstance(result, FailedPhoto)]
    assert [result.path for result in failed] == [paths[1], paths[3]]
    assert all(str(result.path) in result.reason for result in failed)
    assert all("\n" not in result.reason for result in failed)
    assert len(results) == 5


def opencv_error(code: int) -> cv2.error:
    error = cv2.error("OpenCV(5.0.0) alloc.cpp:73: error: Failed to allocate 10800000000 bytes")
    error.code = code
    return error


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried ..."),
        opencv_error(cv2.Error.StsNoMem),
    ],
)
def test_what_one_photo_can_cause_does_not_end_the_run(paths, error):
    results = list(assess_photos(Recorder({"2.png": error}), paths))
    assert [isinstance(result, FailedPhoto) for result in results] == [0, 0, 1, 0, 0]


def test_a_region_that_does_not_fit_fails_its_photo_only(paths):
    def at_nine(photo: Photo) -> list[Region]:
        mask = np.zeros(photo.size, np.bool_)
        mask[:, 9:10] = True
        return [Region(mask)]

    results = list(assess_photos(Recorder(), paths, regions=at_nine))
    assert [isinstance(result, FailedPhoto) for result in results] == [1, 1, 0, 0, 0]


@pytest.mark.parametrize("where", ["model", "regions"])
def test_a_fault_is_raised_after_the_results_before_it(paths, where):
    fault = KeyError("a fault of the program")

    def broken(photo: Photo) -> None:
        if where == "regions" and photo.width == 10:
            raise fault

    assessor = Recorder({"2.png": fault} if where == "model" else {})
    results = assess_photos(assessor, paths, regions=broken)
    assert [next(results).path, next(results).path] == paths[:2]
    with pytest.raises(KeyError):
        next(results)
    assert not _readers()


def test_the_next_photo_is_read_while_the_model_works(paths):
    prepared: list[int] = []
    ready = threading.Event()

    def note(photo: Photo) -> None:
        prepared.append(photo.width)
        if len(prepared) == 2:
            ready.set()

    class Waiting(Recorder):
        def assess(self, image: Photo, *args: object, **options: object) -> QualityReport:
            assert ready.wait(10), "the second photo was not read during the first"
            return super().assess(image)

    assert len(list(assess_photos(Waiting(), paths, regions=note))) == 5


def test_no_more_photos_are_read_ahead_than_asked(paths):
    prepared: list[int] = []
    results = assess_photos(Recorder(), paths, regions=lambda photo: prepared.append(photo.width))
    next(results)
    time.sleep(0.3)
    # One is out, one waits in the queue, one is in the reader's hands.
    assert len(prepared) <= 3
    results.close()


def test_stopping_early_stops_the_reader(paths):
    results = assess_photos(Recorder(), paths)
    next(results)
    results.close()
    assert not _readers()


def test_reading_ahead_needs_room_for_one(paths):
    with pytest.raises(ValueError, match="at least 1"):
        assess_photos(Recorder(), paths, ahead=0)


def _readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "photo-reader"]
