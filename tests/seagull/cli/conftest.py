"""Photos on disk, and the command line on a model whose scores are the photo's brightness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from seagull.cli import build_app
from seagull.cli.services import Services
from seagull.levels import IMPORTANCE, QUALITY
from seagull.photos import Photo
from seagull.regions.classical import ClassicalSegmenter
from seagull.types import (
    AssessmentTask,
    Distortion,
    DistortionType,
    LevelScore,
    ModelInfo,
    QualityReport,
    Region,
    RegionAssessment,
)

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


def assess_region(
    photo: Photo, region: Region, tasks: Sequence[AssessmentTask], text: bool
) -> RegionAssessment:
    level = float(photo.pixels[region.mask].mean()) / 255
    spread = np.exp(-((np.linspace(0, 1, 5) - level) ** 2) / 0.1)
    spread /= spread.sum()
    found = (Distortion(DistortionType.BLUR, "minor", 0.75),) if level < 0.5 else ()
    asked_type = AssessmentTask.DISTORTION in tasks
    return RegionAssessment(
        region,
        quality=LevelScore.from_probabilities(QUALITY, spread, WEIGHTS)
        if AssessmentTask.QUALITY in tasks
        else None,
        importance=LevelScore.from_probabilities(IMPORTANCE, spread[::-1], WEIGHTS)
        if AssessmentTask.IMPORTANCE in tasks
        else None,
        distortions=found if asked_type else None,
        distortion_probabilities=dict.fromkeys(DistortionType, 0.125) if asked_type else None,
        text={task.value: f"words about {task.value}" for task in tasks} if text else {},
    )


class FakeAssessor:
    has_head = False

    def __init__(self, *, trained: bool = True, fail_on: str = "") -> None:
        self.info = ModelInfo("fake", "1", trained)
        self.assessed: list[str] = []
        self.read_outs: list[str] = []
        self.fail_on = fail_on
        self.error: BaseException = RuntimeError("broken inside")

    def assess(
        self,
        image: Photo,
        regions: Sequence[Region] | None = None,
        *,
        tasks: Sequence[AssessmentTask] = tuple(AssessmentTask),
        text: bool = False,
        segmenter: str | None = None,
        read_out: str = "head",
    ) -> QualityReport:
        if self.fail_on and self.fail_on in str(image.path):
            raise self.error
        self.assessed.append(str(image.path))
        self.read_outs.append(read_out)
        if regions is None:
            regions = [Region(np.ones(image.size, np.bool_), source="whole")]
        segmenter = segmenter or next((one.segmenter for one in regions if one.segmenter), None)
        answers = tuple(assess_region(image, region, tasks, text) for region in regions)
        return QualityReport(image.info, self.info, segmenter, answers)

    def chat(self, image: Photo, regions: Sequence[Region]) -> FakeChat:
        return FakeChat([region.id for region in regions])


class FakeChat:
    """Answers with the turn, the regions and the question, word by word."""

    def __init__(self, regions: list[str]) -> None:
        self.regions = regions
        self.turn = 0

    def add(self, region: Region) -> None:
        self.regions.append(region.id)

    def ask(
        self,
        question: str,
        regions: Sequence[str] | None = None,
        *,
        max_new_tokens: int = 128,
        temperature: float = 0.0,
    ) -> Iterator[str]:
        self.turn += 1
        about = "+".join(regions or self.regions)
        yield from (f"turn {self.turn} ", f"about {about}: ", question)


@dataclass
class Entry:
    name: str
    description: str = "for tests"
    path: Path | None = None
    trained: bool | None = None


class FakeServices(Services):
    def __init__(self, cache: Path, assessor: FakeAssessor | None = None) -> None:
        self.cache = cache
        self.assessor = assessor or FakeAssessor()
        self.loads = 0
        self.converted: list[Any] = []

    def load(self, model: str, *, device: str, dtype: str, quantization: str | None) -> Any:
        if model not in ("nano", "seagull-7b"):
            raise ValueError(f"no model {model!r}; nearest: nano")
        self.loads += 1
        return self.assessor

    def models(self) -> Any:
        return [Entry("nano", path=Path("/models/nano"), trained=True), Entry("seagull-7b")]

    def segmenter(self, name: str | None, device: str) -> Any:
        if name not in (None, "classical"):
            raise ValueError(f"there is no segmenter {name!r}; did you mean 'classical'?")
        return ClassicalSegmenter(notice="no SAM here" if name is None else None)

    def cache_folder(self) -> Path:
        return self.cache

    def downloads(self) -> dict[str, str]:
        return {"nano": "base weights", "sam-vit-b": "Segment Anything"}

    def download(self, name: str, progress: Any, say: Any) -> Path:
        progress(1, 2)
        say("fetching")
        return self.cache / name

    def convert(self, reference: Path, out: Path, vision: Path | None) -> None:
        self.converted.append((reference, out, vision))


@dataclass
class Outcome:
    code: int
    out: str
    err: str


class Cli:
    def __init__(self, services: FakeServices) -> None:
        self.services = services

    def __call__(self, *words: object, stdin: str | None = None) -> Outcome:
        app = build_app(self.services)
        done = CliRunner().invoke(app, [str(word) for word in words], input=stdin)
        return Outcome(done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(FakeServices(tmp_path / "cache"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return save_photo(tmp_path / "photo.png", 0)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number in range(3):
        save_photo(folder / f"p{number}.png", number)
    return folder


def save_photo(path: Path, seed: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    pixels[10:30, 20:40] = 240
    Image.fromarray(pixels).save(path)
    return path


def darken(source: Path, target: Path, box: tuple[int, int, int, int] = (0, 0, 60, 40)) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(source) as picture:
        pixels = np.asarray(picture).copy()
    x1, y1, x2, y2 = box
    pixels[y1:y2, x1:x2] //= 4
    Image.fromarray(pixels).save(target)
    return target


@pytest.fixture
def folders(tmp_path):
    """Three photos before; after: the first one darkened, the others as they were."""
    before, after = tmp_path / "before", tmp_path / "after"
    for number in range(3):
        source = save_photo(before / f"p{number}.png", number)
        if number:
            save_photo(after / f"p{number}.png", number)
        else:
            darken(source, after / "p0.png")
    return before, after
