"""Points or a box become a mask."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool

from seagull.photos import Photo
from seagull.server.errors import error_responses
from seagull.server.routes.images import found_region
from seagull.server.schemas import FoundRegion, RegionInput, SegmentRequest
from seagull.server.service import Service, service_of
from seagull.server.waiting import unless_gone

router = APIRouter(prefix="/v1", tags=["regions"], responses=error_responses())


@router.post("/segment")
async def segment(
    asked: SegmentRequest, request: Request, service: Annotated[Service, Depends(service_of)]
) -> FoundRegion:
    """The region that points or a box mean; a photo that was asked about before is not encoded."""
    photo = await service.photo(asked.image, request.state.owner)
    wanted = RegionInput(points=asked.points, box=asked.box, refine=asked.box is not None)
    return await unless_gone(request, _segmented(service, photo, wanted))


async def _segmented(service: Service, photo: Photo, wanted: RegionInput) -> FoundRegion:
    with service.masks.lend(service.mask_bytes(photo, 1)):
        (region,) = await service.regions(photo, [wanted], None)
        return await run_in_threadpool(found_region, region)
