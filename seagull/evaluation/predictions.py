"""Predictions and their JSON Lines file, from which an interrupted run resumes.

Each line is one region: what was predicted beside what is known, so that the file alone gives the
numbers. The first line says what made it.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from seagull.evaluation.label_sets import Found
from seagull.evaluation.photo_states import PhotoState, photo_state
from seagull.files.appending import LineFile
from seagull.files.text import open_marked
from seagull.levels import SEVERITY
from seagull.records import RegionLabels
from seagull.regions.rle import Rle
from seagull.types import AssessmentTask, DistortionType, RegionAssessment

SCORES = ("quality", "quality_std", "importance", "importance_std")
FORMAT = "seagull.predictions/1"
START = b'{"format": "seagull.predictions/'

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one predictor says about one region; None where it says nothing.

    Args:
        quality: higher is better.
        quality_std: its predicted standard deviation.
        importance: higher is more important.
        importance_std: its predicted standard deviation.
        distortions: (type, severity word) pairs; empty means clean.
    """

    quality: float | None = None
    quality_std: float | None = None
    importance: float | None = None
    importance_std: float | None = None
    distortions: Found | None = None

    @classmethod
    def of(cls, assessment: RegionAssessment) -> Prediction:
        """The prediction in a model's assessment."""
        quality, importance = assessment.quality, assessment.importance
        distortions = assessment.distortions
        return cls(
            quality=None if quality is None else quality.score,
            quality_std=None if quality is None else quality.std,
            importance=None if importance is None else importance.score,
            importance_std=None if importance is None else importance.std,
            distortions=None
            if distortions is None
            else tuple((distortion.type, distortion.severity) for distortion in distortions),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, without what is None."""
        plain: dict[str, Any] = {
            name: round(value, 8) for name in SCORES if (value := getattr(self, name)) is not None
        }
        if self.distortions is not None:
            plain["distortions"] = [[kind.value, severity] for kind, severity in self.distortions]
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Prediction:
        """The prediction in a JSON object; its other fields are not looked at.

        Raises:
            ValueError: if a number is not finite, a spread negative, or a word unknown.
        """
        numbers = {name: _number(plain, name) for name in SCORES}
        if any((numbers[name] or 0) < 0 for name in SCORES if name.endswith("_std")):
            raise ValueError("a standard deviation cannot be negative")
        return cls(**numbers, distortions=_distortions(plain.get("distortions")))


@dataclass(frozen=True, slots=True)
class Row:
    """One region's prediction beside its labels.

    Args:
        item: id of the item in its set.
        region: id of the region.
        image: names the version of the photo.
        group: names the photo.
        labels: what is known.
        prediction: what was said.
        mask: of the region it was said of, where the file has it; not written.
        area: share of the photo that the region covers, in (0, 1]; None where it is not known.
        photo: state of the photo's file when the prediction was made, where it has its own.
    """

    item: str
    region: str
    image: str
    group: str
    labels: RegionLabels
    prediction: Prediction
    mask: Rle | None = None
    area: float | None = None
    photo: PhotoState | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "id": self.item,
            "region": self.region,
            "image": self.image,
            "group": self.group,
            **self.prediction.to_dict(),
            "labels": self.labels.to_dict(),
            **({} if self.area is None else {"area": round(self.area, 6)}),
            **({} if self.photo is None else {"photo": list(self.photo)}),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Row:
        """The row of a JSON object.

        Raises:
            ValueError: if a field is missing or cannot be used.
        """
        image = plain.get("image", plain.get("id"))
        if not isinstance(image, str):
            raise ValueError("a row names its photo in `image` or `id`")
        labels = plain.get("labels", {})
        if not isinstance(labels, Mapping):
            raise ValueError("`labels` is an object")
        return cls(
            item=str(plain.get("id", image)),
            region=str(plain.get("region", "1")),
            image=image,
            group=str(plain.get("group", image)),
            labels=checked(RegionLabels.from_dict(labels)),
            prediction=Prediction.from_dict(plain),
            area=_number(plain, "area"),
            photo=photo_state(plain.get("photo")),
        )


def checked(labels: RegionLabels) -> RegionLabels:
    """The labels, if they can be evaluated against.

    Raises:
        ValueError: if a score is not a number in [0, 1] or a severity word unknown.
    """
    for name in ("quality", "importance"):
        value = getattr(labels, name)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1
        ):
            raise ValueError(f"labels: {name} lies in [0, 1], got {value!r}")
    for _, severity in labels.distortions or ():
        _check_severity(severity)
    return labels


def tasks_known(labels: RegionLabels) -> frozenset[AssessmentTask]:
    """The tasks whose answer is known."""
    answers = {
        AssessmentTask.QUALITY: labels.quality,
        AssessmentTask.IMPORTANCE: labels.importance,
        AssessmentTask.DISTORTION: labels.distortions,
    }
    return frozenset(task for task, value in answers.items() if value is not None)


class PredictionLog:
    """Rows of one predictor, kept in memory and, where a path is given, in a file.

    Args:
        path: the file; made if missing, otherwise gone on with; other runs may append to it
            meanwhile. None: memory only.
        settings: fingerprint of all that can change a prediction.

    Raises:
        ValueError: if the file was made with other settings or is no predictions file; it is left
            as it is.
    """

    def __init__(self, path: Path | None, settings: str) -> None:
        self._rows: dict[tuple[str, str], Row] = {}
        self._file: LineFile | None = None
        if path is None:
            return
        header = json.dumps({"format": FORMAT, "settings": settings}).encode() + b"\n"
        if path.exists():
            _check_header(path, header)  # Another file is not even opened for writing.
        file = LineFile(path, is_torn=lambda line: True)
        try:
            with file.locked():
                if file.mend():
                    logger.warning("%s: cut off the half line that an interrupted run left", path)
                self._read(path, header)
            if not path.stat().st_size:
                file.append(header)
        except BaseException:
            file.close()
            raise
        self._file = file

    def __enter__(self) -> PredictionLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._rows

    def __getitem__(self, key: tuple[str, str]) -> Row:
        return self._rows[key]

    def add(self, rows: Sequence[Row]) -> None:
        """Appends rows and hands them to the operating system at once."""
        self._rows.update({(row.item, row.region): row for row in rows})
        if self._file is not None:
            lines = (json.dumps(row.to_dict(), ensure_ascii=True) + "\n" for row in rows)
            self._file.append("".join(lines).encode("ascii"))

    def _read(self, path: Path, header: bytes) -> None:
        """Takes up the rows of a file."""
        with open_marked(path) as lines:
            for number, line in enumerate(lines, start=1):
                # Two runs that begin at one time may both have written the header.
                if line != header:
                    row = _parse(path, number, line)
                    self._rows[row.item, row.region] = row


def _check_header(path: Path, header: bytes) -> None:
    with open_marked(path) as lines:
        line = next(lines, b"")
    if line != header and not header.startswith(line):
        raise ValueError(_other_settings(path, line))


def _parse(path: Path, number: int, line: bytes) -> Row:
    try:
        return Row.from_dict(json.loads(line))
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}, line {number}: not a row of predictions ({error}); remove the file to start "
            "anew"
        ) from error


def _other_settings(path: Path, line: bytes) -> str:
    if line.startswith(START):
        return (
            f"{path}: made with another model, data or settings; give another --out, or remove the "
            "file to start anew"
        )
    return f"{path}: not a file of predictions; give another --out"


def _number(plain: Mapping[str, Any], name: str) -> float | None:
    value = plain.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is a finite number, got {value!r}")
    return float(value)


def _distortions(value: Any) -> Found | None:
    if value is None:
        return None
    pairs = []
    for pair in value if isinstance(value, list) else [value]:
        if isinstance(pair, Mapping):
            pair = [pair.get("type"), pair.get("severity")]  # noqa: PLW2901 - the pair of an object
        if not (isinstance(pair, list) and len(pair) == 2):
            raise ValueError(f"a distortion is [type, severity], got {pair!r}")
        _check_severity(pair[1])
        pairs.append((DistortionType(pair[0]), str(pair[1])))
    return tuple(pairs)


def _check_severity(word: object) -> None:
    if word not in SEVERITY.words:
        raise ValueError(f"unknown severity {word!r}; known: {', '.join(SEVERITY.words)}")
