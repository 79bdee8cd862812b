"""Photos that are sent once and asked about often, and the regions found in them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from seagull.photos import Photo
from seagull.regions.build import NoRegionsError, automatic_regions
from seagull.regions.everything import Selection
from seagull.regions.rle import encode
from seagull.regions.segmenter import Segmenter
from seagull.server.errors import ApiError, error_responses
from seagull.server.parsing import form_parts, is_form, json_body
from seagull.server.patterns import IMAGE_ID
from seagull.server.schemas import MOST_REGIONS, FoundRegion, ImageObject, ImageRequest, RegionList
from seagull.server.service import Service, service_of
from seagull.server.waiting import unless_gone
from seagull.types import Region

router = APIRouter(prefix="/v1/images", tags=["images"], responses=error_responses())

_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary", "description": "A photo."}},
}


@router.post(
    "",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": _FORM},
                "application/json": {"schema": ImageRequest.model_json_schema()},
            },
        }
    },
)
async def send_image(
    request: Request, service: Annotated[Service, Depends(service_of)]
) -> ImageObject:
    """Keeps a photo and lets the model encode it; its id stands for it in all other routes."""
    owner: str = request.state.owner
    photo = await service.decoded(await _content(request, service))
    await unless_gone(request, service.encoded(photo))
    id = service.images.add(photo, owner)
    return ImageObject(
        id=id,
        width=photo.width,
        height=photo.height,
        sha256=photo.sha256,
        expires_in=int(service.images.seconds),
    )


@router.get("/{id}/regions")
async def image_regions(
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    id: Annotated[str, Path(pattern=IMAGE_ID)],
    max_regions: Annotated[int, Query(ge=1, le=MOST_REGIONS)] = 32,
) -> RegionList:
    """The regions that a segmenter finds in a photo, best first; computed once and kept."""
    photo = service.images.get(id, request.state.owner)
    return await unless_gone(request, _regions_found(service, id, photo, max_regions))


async def _content(request: Request, service: Service) -> bytes:
    """The bytes of the photo in either form of the request."""
    if not is_form(request):
        asked = await json_body(request, ImageRequest)
        return await service.content(asked.image)
    file = (await form_parts(request, ("file",), service.limits.body_bytes)).get("file")
    if isinstance(file, bytes):
        return file
    raise ApiError(422, "the photo is the form's part 'file', with a file name", "no_image")


async def _regions_found(service: Service, id: str, photo: Photo, most: int) -> RegionList:
    with service.masks.lend(service.mask_bytes(photo, most)):
        return await service.segmenting.run(
            lambda segmenter: _found(id, photo, segmenter, Selection(most))
        )


def _found(id: str, photo: Photo, segmenter: Segmenter, selection: Selection) -> RegionList:
    try:
        regions = automatic_regions(photo, segmenter, selection)
    except NoRegionsError:
        regions = []
    return RegionList(
        image=id, segmenter=segmenter.name, regions=[found_region(region) for region in regions]
    )


def found_region(region: Region) -> FoundRegion:
    """A region in a report's words."""
    return FoundRegion(
        id=region.id,
        box=list(region.box),
        area_fraction=round(region.area_fraction, 6),
        mask=encode(region.mask).to_dict(),
        source=region.source,
        segmenter=region.segmenter,
        confidence=None if region.confidence is None else round(region.confidence, 6),
    )
