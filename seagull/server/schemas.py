"""JSON of the routes about photos and regions.

A report itself is ``seagull.quality_report/1``, a comparison ``seagull.comparison/1``.

Values are strict (a number is not a text), and unknown fields of ours are refused, so that a
misspelt option is never ignored.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from seagull.comparison.json import SCHEMA_ID as COMPARISON_SCHEMA
from seagull.reports.schema import SCHEMA_ID
from seagull.server.patterns import DATA_URI, IMAGE, IMAGE_ID, PHOTO
from seagull.types import READ_OUTS, AssessmentTask

MOST_REGIONS = 128
MOST_NUMBERS = 20_000
MOST_RLE = 2_000_000
MOST_POINTS = 64
MOST_TEXT = 16_000


def _whole(value: Any) -> Any:
    """A number without a fraction, such as 32.0, as the integer that JSON takes it for."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""Stands behind the limits of an integer, which are lost in the document where it comes first."""
Number = Annotated[float, Field(allow_inf_nan=False)]
Task = Literal["quality", "importance", "distortion"]
ReadOut = Literal["head", "language_model"]
ImageText = Annotated[
    str,
    Field(
        pattern=IMAGE,
        description="The id of an image that was sent before, a data URI (base64) of a photo, or "
        "an address, if the server fetches from its domain.",
    ),
]
ImageId = Annotated[str, Field(pattern=IMAGE_ID)]
ALL_TASKS: tuple[Task, ...] = ("quality", "importance", "distortion")

assert set(ALL_TASKS) == {task.value for task in AssessmentTask}
assert READ_OUTS == ("head", "language_model")


class Strict(BaseModel):
    """A request's object."""

    model_config = ConfigDict(strict=True, extra="forbid")


class RleInput(Strict):
    """COCO run lengths of the photo's size."""

    size: Annotated[list[Annotated[int, Field(ge=1), WHOLE]], Field(min_length=2, max_length=2)]
    counts: (
        Annotated[str, Field(max_length=MOST_RLE)]
        | Annotated[
            list[Annotated[int, Field(ge=0), WHOLE]],
            Field(max_length=MOST_RLE // 10, fail_fast=True),
        ]
    )


class RegionInput(Strict):
    """A region: exactly one of box, points, polygon, rle, mask and whole."""

    id: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="By default its place in the list, from 1."
    )
    box: Annotated[list[Number], Field(min_length=4, max_length=4)] | None = Field(
        default=None, description="x1, y1, x2, y2 in pixels, end exclusive; or as box_format says."
    )
    box_format: Literal["xyxy", "xywh", "unit", "1000"] | None = None
    points: (
        Annotated[
            list[Annotated[list[Number], Field(min_length=2, max_length=3)]],
            Field(min_length=1, max_length=MOST_POINTS),
        ]
        | None
    ) = Field(default=None, description="[x, y] or [x, y, label], label 1 inside and 0 outside.")
    polygon: (
        Annotated[
            list[
                Annotated[
                    list[Number], Field(min_length=6, max_length=MOST_NUMBERS, fail_fast=True)
                ]
            ],
            Field(min_length=1, max_length=256),
        ]
        | None
    ) = Field(default=None, description="Rings x1, y1, x2, y2, ... in pixels.")
    rle: RleInput | None = None
    mask: Annotated[str, Field(pattern=DATA_URI)] | None = Field(
        default=None, description="Data URI of a mask image of the photo's size."
    )
    whole: bool = Field(default=False, description="The whole photo.")
    refine: bool = Field(default=False, description="A segmenter finds the object in the box.")


Tasks = Annotated[list[Task], Field(min_length=1, max_length=3)]
RegionsInput = Annotated[list[RegionInput], Field(max_length=MOST_REGIONS)]
MaxRegions = Annotated[int, Field(ge=1, le=MOST_REGIONS), WHOLE]


class ImageRequest(Strict):
    """A photo as JSON; the other form is multipart/form-data with the part ``file``."""

    image: Annotated[str, Field(pattern=PHOTO)] = Field(
        description="A data URI (base64) of a photo."
    )


class ImageObject(BaseModel):
    """A photo that is kept."""

    id: str
    object: Literal["image"] = "image"
    width: int
    height: int
    sha256: str
    expires_in: int = Field(description="Seconds that it is kept if it is not used again.")


class FoundRegion(BaseModel):
    """A region that the server found, in the words of a report."""

    id: str
    box: list[int]
    area_fraction: float
    mask: dict[str, Any] = Field(description="COCO compressed run lengths.")
    source: str
    segmenter: str | None
    confidence: float | None


class RegionList(BaseModel):
    """The regions of a photo that were found without being asked for one by one, best first."""

    image: str
    segmenter: str
    regions: list[FoundRegion]


class SegmentRequest(Strict):
    """Either points or a box that mean one region."""

    image: ImageText
    points: (
        Annotated[
            list[Annotated[list[Number], Field(min_length=2, max_length=3)]],
            Field(min_length=1, max_length=MOST_POINTS),
        ]
        | None
    ) = Field(default=None, description="[x, y] or [x, y, label], label 1 inside and 0 outside.")
    box: Annotated[list[Number], Field(min_length=4, max_length=4)] | None = None


class RegionChoice(Strict):
    """Which regions are asked about. Without any it is the whole photo."""

    regions: RegionsInput = []
    everything: bool = Field(default=False, description="Also the regions that a segmenter finds.")
    max_regions: MaxRegions = Field(default=32, description="Most regions that a segmenter finds.")


class RegionQuestions(RegionChoice):
    """What is asked about which regions."""

    tasks: Tasks = list(ALL_TASKS)
    text: bool = Field(default=False, description="Also answers in words (slower).")
    read_out: ReadOut = "head"
    overlay: bool = Field(default=False, description="Also the photo with its regions drawn.")
    heatmap: bool = Field(default=False, description="Also quality as colour over the photo.")


class AssessRequest(RegionQuestions):
    """Questions about regions of a photo."""

    image: ImageText
    stream: bool = Field(
        default=False, description="JSON Lines: each region as soon as it is assessed."
    )


class ReportObject(BaseModel):
    """A quality report (``seagull/reports/quality_report.schema.json``), perhaps with pictures.

    ``overlay`` and ``heatmap`` are data URIs of PNG pictures.
    """

    model_config = ConfigDict(extra="allow")

    schema_: Literal["seagull.quality_report/1"] = Field(alias="schema")
    image: dict[str, Any]
    model: dict[str, Any]
    segmenter: str | None
    regions: list[dict[str, Any]]
    overlay: str | None = None
    heatmap: str | None = None


assert SCHEMA_ID == "seagull.quality_report/1"


class ComparisonChoice(RegionChoice):
    """Which regions of two photos are compared; automatic ones are found in the photo before."""

    resize: Literal["before", "after"] | None = Field(
        default=None,
        description="Which photo is resized to the other's size, if they differ in size; "
        "regions are pixels of that size.",
    )


class CompareRequest(ComparisonChoice):
    """Two photos of one scene; the other form is multipart/form-data."""

    before: ImageText
    after: ImageText


class ComparisonObject(BaseModel):
    """A comparison (``seagull/comparison/comparison.schema.json``)."""

    model_config = ConfigDict(extra="allow")

    schema_: Literal["seagull.comparison/1"] = Field(alias="schema")
    before: dict[str, Any]
    after: dict[str, Any]
    resized: dict[str, Any] | None
    model: dict[str, Any]
    segmenter: str | None
    measured: dict[str, Any]
    headline: str
    change: dict[str, Any]
    regions: list[dict[str, Any]]


assert COMPARISON_SCHEMA == "seagull.comparison/1"


class StreamLine(BaseModel):
    """One line of a streamed report.

    First ``report`` (the report without its regions), then a ``region`` for each, as soon as it is
    assessed, last ``done`` with the number of regions and the pictures asked for. A report without
    ``done`` is not whole; ``error`` says what ended it.
    """

    type: Literal["report", "region", "done", "error"]
    report: dict[str, Any] | None = None
    region: dict[str, Any] | None = None
    regions: int | None = None
    overlay: str | None = None
    heatmap: str | None = None
    error: dict[str, Any] | None = None
