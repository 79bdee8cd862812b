"""What was asked for on the command line, checked before anything heavy is loaded."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from seagull.cli.names import unknown_name
from seagull.client.regions import MOST_REGIONS
from seagull.files.text import read_text
from seagull.photos import PhotoError
from seagull.photos.lists import Listing, joined, list_photos
from seagull.regions.annotations import annotation_specs
from seagull.regions.build import each_object
from seagull.regions.everything import Selection
from seagull.regions.geometry import BOX_FORMATS
from seagull.regions.mask_files import split_selector
from seagull.regions.parse import parse_box, parse_point
from seagull.regions.spec import RegionSpec
from seagull.types import READ_OUTS, AssessmentTask, ModelInfo, check_ids

# A name in front of a region: "face=40,60,220,300".
_NAMED = re.compile(r"([A-Za-z][\w.-]*)=(.+)", re.DOTALL)
_MAX_RLE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class RegionRequest:
    """The region options, as they were typed."""

    box: tuple[str, ...] = ()
    point: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    polygon: tuple[str, ...] = ()
    mask: tuple[str, ...] = ()
    rle: tuple[str, ...] = ()
    whole: bool = False
    everything: bool = False
    max_regions: int = 32
    refine: bool = False
    segmenter: str | None = None
    box_format: str | None = None

    def specs(self) -> list[RegionSpec]:
        """The regions: boxes first, then points, polygons, masks, RLEs and the whole photo.

        A region is named by ``NAME=`` before its value, otherwise by its number; several of one
        file are called ``NAME.1``, ``NAME.2``, ... A file that exists under the whole text is that
        file.

        Raises:
            ValueError: if a value cannot be read or a name is there twice.
        """
        form = self.box_format
        given: list[tuple[str | None, Any]] = []
        given += [_named(text, lambda v: self._box(parse_box(v, form))) for text in self.box]
        given += [_named(text, lambda v: {"points": [parse_point(v)]}) for text in self.point]
        given += [_named(text, lambda v: {"points": _points(v)}) for text in self.points]
        given += [_named(text, lambda v: {"polygon": _polygon(v)}) for text in self.polygon]
        given += [_named_file(text, lambda v: {"mask": v}) for text in self.mask]
        given += [_named_file(text, _rle) for text in self.rle]
        given += [(None, {"whole": True})] if self.whole else []
        check_ids([name for name, _ in given if name is not None])
        specs: list[RegionSpec] = []
        for number, (name, plain) in enumerate(given, start=1):
            specs += annotation_specs(plain, name or str(number))
        return each_object(specs)

    def _box(self, corners: tuple[float, ...]) -> dict[str, Any]:
        plain: dict[str, Any] = {"box": corners}
        plain |= {"refine": True} if self.refine else {}
        return plain | ({} if self.box_format is None else {"box_format": self.box_format})

    def check(self, *, on_server: bool = False) -> None:
        """Passes if the options fit together.

        Args:
            on_server: whether a server finds the regions.

        Raises:
            ValueError: if one has nothing to act on, or a server does not find so many regions.
        """
        if on_server and self.everything and self.max_regions > MOST_REGIONS:
            raise ValueError(
                f"--max-regions {self.max_regions}: a server finds at most {MOST_REGIONS} regions "
                "in a photo; give a smaller number, or leave --server out"
            )
        if self.refine and not self.box:
            raise ValueError("--refine refines boxes: give one with --box x1,y1,x2,y2")
        if self.box_format is not None and not self.box:
            raise ValueError("--box-format is of boxes: give one with --box")
        if self.box_format not in (None, *BOX_FORMATS):
            raise unknown_name("box format", str(self.box_format), list(BOX_FORMATS))

    def or_everything(self) -> RegionRequest:
        """These options; every region that is found, where they name no region."""
        given = (self.box, self.point, self.points, self.polygon, self.mask, self.rle)
        named = any(given) or self.whole or self.everything
        return self if named else replace(self, everything=True)

    def needs_segmenter(self, specs: Sequence[RegionSpec]) -> bool:
        """Whether a segmenter will be asked for these options, whose regions are ``specs``."""
        return self.everything or any(spec.needs_segmenter for spec in specs)

    @property
    def selection(self) -> Selection:
        """Which automatic regions are kept."""
        return Selection(limit=self.max_regions)


def parse_tasks(text: str) -> tuple[AssessmentTask, ...]:
    """The tasks of a comma-separated list, in the order of the paper.

    Raises:
        ValueError: on an unknown name (with the nearest) or an empty list.
    """
    known = [task.value for task in AssessmentTask]
    given = [word.strip().lower() for word in text.split(",") if word.strip()]
    for word in given:
        if word not in known:
            raise unknown_name("task", word, known)
    if not given:
        raise ValueError(f"no task given; --tasks takes some of {','.join(known)}")
    return tuple(task for task in AssessmentTask if task.value in given)


def parse_read_out(text: str) -> str:
    """What numbers are read off.

    Raises:
        ValueError: on an unknown name (with the nearest).
    """
    if text not in READ_OUTS:
        raise unknown_name("read-out", text, READ_OUTS)
    return text


def gather_photos(patterns: list[str]) -> tuple[Listing, list[str]]:
    """What the arguments mean, each photo once, and what is wrong with the other arguments."""
    found: list[Listing] = []
    wrong: list[str] = []
    for pattern in patterns:
        try:
            found.append(list_photos([pattern]))
        except (PhotoError, OSError) as error:
            wrong.append(str(error))
    return joined(found), wrong


def fingerprint(
    model: ModelInfo, regions: RegionRequest, segmenter: str | None, options: dict[str, Any]
) -> str:
    """16 hex digits that differ whenever a setting that can change a report differs.

    Args:
        model: the loaded model.
        regions: the region options; mask and RLE files count with their content.
        segmenter: name of the one in use.
        options: everything else, as JSON values.
    """
    files = _contents(regions)
    asked = asdict(regions)
    if regions.box_format is None:  # so that files made before there were formats go on
        del asked["box_format"]
    plain = [asdict(model), asked, segmenter, options, files]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def given_options(
    regions: RegionRequest, segmenter: str | None, others: dict[str, Any]
) -> dict[str, Any]:
    """The options that were given, as JSON values by their names, and the files' contents.

    Args:
        regions: the region options.
        segmenter: name of the one in use.
        others: the other ones, by name; None is left out.
    """
    defaults = asdict(RegionRequest())
    given = {name: value for name, value in asdict(regions).items() if value != defaults[name]}
    given |= {"segmenter": segmenter, **others}
    options = {
        f"--{name.replace('_', '-')}": list(value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if value is not None
    }
    return options | {f"contents of {name}": mark for name, mark in _contents(regions).items()}


def _contents(regions: RegionRequest) -> dict[str, str]:
    """The digests of mask and RLE files."""
    return {
        text: _digest(path)
        for text in (*regions.mask, *regions.rle)
        if _is_file(path := Path(split_selector(_value(text))[0]))
    }


def _value(text: str) -> str:
    return str(_named_file(text, lambda value: {"v": value})[1]["v"])


def _is_file(path: Path) -> bool:
    """Whether there is such a file; run lengths on the command line are too long for a path."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _named(text: str, read: Any) -> tuple[str | None, dict[str, Any]]:
    match = _NAMED.fullmatch(text)
    if match is None:
        return None, read(text)
    return match[1], read(match[2])


def _named_file(text: str, read: Any) -> tuple[str | None, dict[str, Any]]:
    """As ``_named``; a file that exists means itself, whatever sign its name holds."""
    if _is_file(Path(split_selector(text)[0])):
        return None, read(text)
    return _named(text, read)


def _points(text: str) -> list[tuple[float, float, int]]:
    return [parse_point(part) for part in text.split()]


def _polygon(text: str) -> list[list[float]]:
    return [_ring(ring) for ring in text.split(";") if ring.strip()]


def _ring(text: str) -> list[float]:
    try:
        return [float(number) for number in text.replace(",", " ").split()]
    except ValueError as error:
        raise ValueError(
            f"polygon {text.strip()[:60]!r}: write it as 'x,y x,y x,y' (three corners or more)"
        ) from error


def _rle(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        path = Path(text)
        if not _is_file(path):
            raise ValueError(
                f'rle {text[:60]!r}: neither a file nor JSON like {{"size":[h,w],"counts":"..."}}'
            )
        if path.stat().st_size > _MAX_RLE_BYTES:
            raise ValueError(f"{path}: larger than 64 MiB, which no run lengths of a photo are")
        text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"rle {text[:60]!r}: not JSON ({error})") from error
