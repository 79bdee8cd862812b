"""COCO's annotations, one at a time: what is wrong with one is its fault, not the file's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ijson

from data_tools.lenient_json import LenientStream, holds_no_number
from seagull.files.text import open_marked
from seagull.regions.annotations import AnnotationError, annotation_spec


@dataclass(frozen=True)
class CocoImage:
    """An entry of ``images``; height and width in pixels, 0 where the file does not say."""

    id: str
    file_name: str
    height: int = 0
    width: int = 0


@dataclass(frozen=True)
class Fault:
    """Something that was left out: where it stands (``annotation 99``), and why."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class CocoImages:
    """The entries of ``images`` by id; ``1`` and ``"1"`` are one id.

    Raises:
        ValueError: if the file is not JSON.
    """

    def __init__(self, path: Path) -> None:
        self.faults: list[Fault] = []
        self._images: dict[str, CocoImage | None] = {}
        for number, item in enumerate(_items(path, "images.item")):
            try:
                image = _image(item)
            except ValueError as error:
                self.faults.append(Fault(f"images[{number}]", str(error)))
                continue
            if image.id in self._images:
                other = self._images[image.id]
                names = f"{other.file_name if other else '...'} and {image.file_name}"
                self.faults.append(Fault(f"image {image.id}", f"this id is that of {names}"))
                self._images[image.id] = None
            else:
                self._images[image.id] = image

    def __len__(self) -> int:
        return len(self._images)

    def named(self, id: str) -> CocoImage:
        """The image of an id that ``of`` has returned."""
        image = self._images[id]
        assert image is not None
        return image

    def of(self, annotation: Mapping[str, Any]) -> CocoImage:
        """The image of an annotation.

        Raises:
            ValueError: if there is none, or two have its id.
        """
        key = annotation.get("image_id")
        if str(key) not in self._images:
            raise ValueError(f"there is no image {key!r}")
        if (image := self._images[str(key)]) is None:
            raise ValueError(f"several images have the id {key!r}")
        return image


def _image(item: Any) -> CocoImage:
    if not isinstance(item, Mapping) or item.get("id") is None:
        raise ValueError("an image is an object with an `id`")
    name = item.get("file_name")
    if not isinstance(name, str) or not name:
        raise ValueError(f"image {item['id']}: no `file_name`")
    height, width = (_side(item.get(side)) for side in ("height", "width"))
    return CocoImage(str(item["id"]), name, height, width)


def _side(value: Any) -> int:
    return int(value) if _is_number(value) and 0 < value < 1e6 else 0


def coco_annotations(path: Path) -> Iterator[tuple[str, Mapping[str, Any]] | Fault]:
    """The entries of ``annotations`` with their places.

    Raises:
        ValueError: if the file is not JSON.
    """
    for number, item in enumerate(_items(path, "annotations.item")):
        if isinstance(item, Mapping):
            yield f"annotation {item.get('id', f'[{number}]')}", item
        else:
            yield Fault(f"annotations[{number}]", f"an object is needed, got {item!r:.40}")


def categories(path: Path) -> dict[str, str]:
    """Names of the categories by id.

    Raises:
        ValueError: if the file is not JSON.
    """
    found = (item for item in _items(path, "categories.item") if isinstance(item, Mapping))
    return {str(item.get("id")): str(item["name"]) for item in found if "name" in item}


def shape_of(annotation: Mapping[str, Any]) -> dict[str, Any]:
    """The region of an annotation: ``rle``, ``polygon`` (rings) or ``box`` (x1, y1, x2, y2).

    Raises:
        ValueError: if it has none, or one that cannot be a region.
    """
    shape = {key: annotation[key] for key in ("segmentation", "bbox") if annotation.get(key)}
    if not shape:
        raise ValueError("neither `segmentation` nor `bbox`")
    try:
        plain = annotation_spec(shape).to_dict()
    except AnnotationError as error:
        raise ValueError(str(error).removeprefix("region 1: ")) from error
    del plain["id"]
    return plain


def area_of(annotation: Mapping[str, Any]) -> float:
    """The area an annotation gives, or that of its box; by it regions are put in order."""
    area: Any = annotation.get("area")
    if _is_number(area):
        return float(area)
    box = annotation.get("bbox")
    if isinstance(box, list) and len(box) == 4 and all(map(_is_number, box)):
        return float(box[2] * box[3])
    return 0.0


def faults_note(faults: Iterable[Fault], what: str = "annotations") -> str | None:
    """One line about what was left out: how many, and the first ones; None if nothing was."""
    every = list(faults)
    if not every:
        return None
    more = f" and {len(every) - 3} more" if len(every) > 3 else ""
    return f"{len(every)} {what} left out ({'; '.join(map(str, every[:3]))}{more})"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _items(path: Path, where: str) -> Iterator[Any]:
    try:
        with open_marked(path) as stream:
            lenient = holds_no_number(stream)
        with open_marked(path) as stream:
            plain = LenientStream(stream) if lenient else stream
            yield from ijson.items(plain, where, use_float=True)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not whole JSON: {' '.join(str(error).split())}") from error
