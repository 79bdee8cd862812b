"""What a Label Studio project asks for: the tags of its labelling configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree import ElementTree

from seagull.levels import IMPORTANCE, QUALITY
from seagull.types import DistortionType

SHAPES = {
    "brushlabels": "brush", "brush": "brush",
    "polygonlabels": "polygon", "polygon": "polygon",
    "rectanglelabels": "rectangle", "rectangle": "rectangle",
    "keypointlabels": "keypoint", "keypoint": "keypoint",
}  # fmt: skip
"""Tags that draw regions, by what they draw."""
ANSWERED = ("brush", "polygon", "rectangle")
"""Shapes that regions are answered in; of several in a project the first of these."""
_MEANINGS: dict[str, tuple[str, ...]] = {
    "distortion": tuple(DistortionType),
    "quality": QUALITY.words,
    "importance": IMPORTANCE.words,
}
_MAX_LETTERS = 200_000
_MAX_DEPTH = 32
"""Of tags in tags: what lies in a tag is looked through once for each tag around it."""


@dataclass(frozen=True)
class ShapeTag:
    """A tag that draws regions.

    Attributes:
        kind: such as ``brushlabels``, the type of its results.
        shape: ``brush``, ``polygon``, ``rectangle`` or ``keypoint``.
        labels: that a region may have; none where the tag has no labels.
    """

    name: str
    kind: str
    shape: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChoicesTag:
    """A choice that is made for each region; ``words`` are its values by our words for them."""

    name: str
    meaning: str
    words: dict[str, str]


@dataclass(frozen=True)
class ProjectConfig:
    """The tags that concern Seagull.

    Attributes:
        image: name of the image's tag.
        data_key: of a task's data, where the image is.
        shapes: tags that draw regions of that image.
        ratings: names of ratings for each region, with their highest number.
        choices: choices for each region that name qualities, importances or distortions.
        texts: names of text areas for each region.
        numbers: names of numbers for each region, with the highest (100 where none is said).
    """

    image: str
    data_key: str
    shapes: tuple[ShapeTag, ...] = ()
    ratings: dict[str, int] = field(default_factory=dict)
    choices: tuple[ChoicesTag, ...] = ()
    texts: tuple[str, ...] = ()
    numbers: dict[str, float] = field(default_factory=dict)

    @property
    def answered(self) -> ShapeTag:
        """The tag whose regions are answered.

        Raises:
            ValueError: if the project has none.
        """
        for shape in ANSWERED:
            for tag in self.shapes:
                if tag.shape == shape:
                    return tag
        raise ValueError(
            "the project draws no regions; give it a <BrushLabels>, <PolygonLabels> or "
            "<RectangleLabels> for its image"
        )


def read_config(text: str) -> ProjectConfig:
    """The tags of a labelling configuration, an XML text from strangers.

    Raises:
        ValueError: if it cannot be read, declares entities, is nested too deeply, or has no image.
    """
    if len(text) > _MAX_LETTERS:
        raise ValueError(f"label_config: more than {_MAX_LETTERS} letters")
    if "<!doctype" in text.lower() or "<!entity" in text.lower():
        raise ValueError("label_config: it declares a document type, which no configuration needs")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(f"label_config: no XML that can be read: {error}") from error
    if _is_deeper(root, _MAX_DEPTH):
        raise ValueError(f"label_config: tags are nested more than {_MAX_DEPTH} levels deep")
    images = [tag for tag in root.iter() if tag.tag == "Image"]
    if not images:
        raise ValueError('label_config: there is no image; give it an <Image value="$image"/>')
    name, value = images[0].get("name", ""), images[0].get("value", "")
    own = [tag for tag in root.iter() if name in tag.get("toName", "").split(",")]
    each = [tag for tag in own if tag.get("perRegion", "").lower() == "true"]
    return ProjectConfig(
        image=name,
        data_key=value.lstrip("$"),
        shapes=tuple(shape for tag in own if (shape := _shape(tag))),
        ratings={_name(tag): int(_number(tag, "maxRating", 5)) for tag in _of(each, "Rating")},
        choices=tuple(made for tag in _of(each, "Choices") if (made := _choices(tag))),
        texts=tuple(_name(tag) for tag in _of(each, "TextArea")),
        numbers={_name(tag): _number(tag, "max", 100) for tag in _of(each, "Number")},
    )


def _is_deeper(root: ElementTree.Element, most: int) -> bool:
    level = [root]
    for _ in range(most):
        level = [child for tag in level for child in tag]
    return bool(level)


def _of(tags: list[ElementTree.Element], kind: str) -> list[ElementTree.Element]:
    return [tag for tag in tags if tag.tag == kind]


def _name(tag: ElementTree.Element) -> str:
    return tag.get("name", "")


def _number(tag: ElementTree.Element, attribute: str, usual: float) -> float:
    try:
        number = float(tag.get(attribute, usual))
    except ValueError:
        return usual
    return number if 1 <= number <= 1e6 else usual


def _shape(tag: ElementTree.Element) -> ShapeTag | None:
    kind = tag.tag.lower()
    if kind not in SHAPES:
        return None
    labels = tuple(label.get("value", "") for label in tag.iter("Label"))
    return ShapeTag(_name(tag), kind, SHAPES[kind], labels)


def _choices(tag: ElementTree.Element) -> ChoicesTag | None:
    """The choice, if its values (or their aliases) are words of ours."""
    values: dict[str, str] = {}
    for choice in tag.iter("Choice"):
        value = choice.get("value", "")
        values[(choice.get("alias") or value).strip().lower()] = value
    for meaning, words in _MEANINGS.items():
        known = {str(word): values[word] for word in words if word in values}
        # "normal" alone could mean anything; two words of one scale are no accident.
        if len(known) >= 2:
            return ChoicesTag(_name(tag), meaning, known)
    return None
