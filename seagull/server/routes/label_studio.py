"""Label Studio's ML backend: regions of clicks, boxes or by themselves, with their quality."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from seagull.inference.assessor import segmenter_names
from seagull.photos import Photo
from seagull.regions.everything import Selection
from seagull.regions.masks import pixel_box
from seagull.regions.segmenter import Segmenter
from seagull.server.errors import ApiError, error_responses
from seagull.server.label_studio.config import ProjectConfig, read_config
from seagull.server.label_studio.context import PROMPT, Context, read_context
from seagull.server.label_studio.results import as_answered, prediction
from seagull.server.label_studio.source import LabelStudioFiles
from seagull.server.schemas import MOST_REGIONS, RegionInput
from seagull.server.service import Service, service_of
from seagull.server.waiting import unless_gone
from seagull.types import AssessmentTask, QualityReport, Region

router = APIRouter(prefix="/label-studio", tags=["label-studio"], responses=error_responses())

AUTOMATIC_REGIONS = 16
"""Most regions of a photo in which nothing is drawn."""
MOST_TASKS = 64

ConfigText = Annotated[str, Field(max_length=200_000)]
Plain = dict[str, Any]


class _Sent(BaseModel):
    """What Label Studio sends; fields that are of no use here may be among it."""

    model_config = ConfigDict(extra="allow")


class Setup(_Sent):
    """A project that wants to use this server."""

    schema_: ConfigText = Field("", alias="schema", description="Its labelling configuration.")


class LabelTask(_Sent):
    """A task with its photo."""

    id: int | str | None = None
    data: Plain = {}


class Params(_Sent):
    """``context.result`` holds what was drawn with smart tools."""

    context: Plain | None = None


class Predict(_Sent):
    """Tasks to predict."""

    tasks: Annotated[list[LabelTask], Field(max_length=MOST_TASKS)]
    label_config: ConfigText
    params: Params | None = None


class Webhook(_Sent):
    """Something that happened in the project."""

    action: Annotated[str, Field(max_length=100)]


class Health(BaseModel):
    """The server is up."""

    status: str = "UP"
    model_class: str = "Seagull"


class Version(BaseModel):
    """Which model answers."""

    model_version: str


class Predictions(Version):
    """A prediction for each task, in Label Studio's own form."""

    results: list[Plain]


class Noted(BaseModel):
    """An event was taken note of; nothing is learned from it."""

    status: str = "ignored"


@router.get("/health")
@router.get("/", include_in_schema=False)
async def health() -> Health:
    """The server is up."""
    return Health()


@router.post("/setup")
async def setup(asked: Setup, service: Annotated[Service, Depends(service_of)]) -> Version:
    """The version of the model, if the project draws regions of an image."""
    if asked.schema_:
        await run_in_threadpool(_config, asked.schema_)
    return Version(model_version=_version(service))


@router.post("/predict")
async def predict(
    asked: Predict, request: Request, service: Annotated[Service, Depends(service_of)]
) -> Predictions:
    """Regions with their quality: those drawn or clicked at, or else those found in the photo."""
    config = await run_in_threadpool(_config, asked.label_config)
    drawn = (asked.params.context or {}).get("result") if asked.params else None
    items = drawn if isinstance(drawn, list) else []
    if not all(isinstance(item, dict) for item in items) or len(items) > MOST_REGIONS:
        raise ApiError(422, f"params.context.result: at most {MOST_REGIONS} objects")
    owner: str = request.state.owner
    files: LabelStudioFiles | None = getattr(request.app.state, "label_studio", None)
    results = [
        await unless_gone(request, _predict(service, files, config, task, items, owner))
        for task in asked.tasks
    ]
    return Predictions(model_version=_version(service), results=results)


@router.post("/webhook", status_code=201)
async def webhook(asked: Webhook) -> Noted:
    """An event is acknowledged, as Label Studio expects, and nothing is learned from it."""
    return Noted()


def _version(service: Service) -> str:
    info = service.assessor.info
    return f"{info.name}-{info.revision}"


def _config(text: str) -> ProjectConfig:
    """The configuration of a project that draws regions.

    Raises:
        ApiError: 422, if it cannot be used.
    """
    try:
        config = read_config(text)
        config.answered  # noqa: B018 - raises if no regions are drawn
    except ValueError as error:
        raise ApiError(422, str(error), "invalid_label_config") from error
    return config


async def _predict(
    service: Service,
    files: LabelStudioFiles | None,
    config: ProjectConfig,
    task: LabelTask,
    items: Sequence[Plain],
    owner: str,
) -> Plain:
    """The prediction of one task."""
    key = config.data_key
    photo = await _photo(service, files, task.data.get(key), key, owner)
    shape = config.answered.shape
    with service.masks.lend(service.mask_bytes(photo, len(items) or AUTOMATIC_REGIONS)):
        context = await service.decoding(lambda: _context(items, photo, shape))
        drawn = await _regions(service, photo, context)
        regions = await service.decoding(lambda: [as_answered(region, shape) for region in drawn])
        report = await _report(service, photo, regions, config)
        prefix = hashlib.sha256(f"{task.id} {photo.sha256} {items}".encode()).hexdigest()[:8]
        return await service.decoding(
            lambda: prediction(report, config, _version(service), context.labels, prefix)
        )


def _context(items: Sequence[Plain], photo: Photo, shape: str) -> Context:
    try:
        return read_context(items, photo.size, boxes_are_prompts=shape != "rectangle")
    except ValueError as error:
        raise ApiError(422, str(error), "invalid_context") from error


async def _photo(
    service: Service, files: LabelStudioFiles | None, place: Any, field: str, owner: str
) -> Photo:
    """The photo of a task; it is kept, so that the next click on it need not fetch it again."""
    if not isinstance(place, str) or not place:
        raise ApiError(422, f"the task has no image: its data has no {field!r}", "no_image")
    if place.startswith("data:"):
        return await service.photo(place, owner)
    known = service.images.named(f"label-studio {place}", owner)
    if known is not None:
        return known
    if place.startswith(("http://", "https://")):
        photo = await service.photo(place, owner)
    else:
        photo = await service.decoded(await _own_file(service, files, place))
    service.images.name(f"label-studio {place}", photo, owner)
    return photo


async def _own_file(service: Service, files: LabelStudioFiles | None, place: str) -> bytes:
    """The bytes of a file that Label Studio keeps itself."""
    if files is None or not files.holds(place):
        raise ApiError(
            422,
            f"the image {place:.80} has no address that is open here; import images by their "
            "URLs, or start the server with Label Studio's address and key",
            "no_image",
        )
    try:
        return await run_in_threadpool(files.read, place, service.limits.body_bytes)
    except ValueError as error:
        raise ApiError(422, str(error), "no_image") from error


async def _regions(service: Service, photo: Photo, context: Context) -> list[Region]:
    if not context.points and not context.specs:
        return await service.regions(photo, [], Selection(AUTOMATIC_REGIONS))
    regions: list[Region] = []
    if context.points:
        regions.append(
            await service.segmenting.run(lambda segmenter: _prompted(segmenter, photo, context))
        )
    if context.specs:
        asked = [RegionInput.model_validate(spec.to_dict(), strict=False) for spec in context.specs]
        regions += await service.regions(photo, asked, None)
    return regions


def _prompted(segmenter: Segmenter, photo: Photo, context: Context) -> Region:
    """The region that points, and perhaps a box, mean."""
    try:
        box = None if context.box is None else pixel_box(context.box, photo.size)
        found = segmenter.open(photo).segment(context.points, box)
    except ValueError as error:
        raise ApiError(422, str(error), "invalid_context") from error
    if not found.mask.any():
        raise ApiError(422, "the segmenter found nothing at these points", "invalid_region")
    return Region(found.mask, PROMPT, "points", segmenter.name, float(found.confidence))


async def _report(
    service: Service, photo: Photo, regions: Sequence[Region], config: ProjectConfig
) -> QualityReport:
    tasks = tuple(AssessmentTask)
    outbox = service.assess(photo, regions, tasks, bool(config.texts), "head")
    assessed = await outbox.all_items()
    return QualityReport(photo.info, service.assessor.info, segmenter_names(regions), assessed)
