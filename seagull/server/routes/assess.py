"""Quality, importance and distortions of regions of a photo."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from seagull.server.assessment import Assessment
from seagull.server.errors import error_responses
from seagull.server.schemas import AssessRequest, ReportObject, StreamLine
from seagull.server.service import Service, service_of
from seagull.server.waiting import rest_of, unless_gone

router = APIRouter(prefix="/v1", tags=["regions"], responses=error_responses())

NDJSON = "application/x-ndjson"


@router.post(
    "/assess",
    response_model=ReportObject,
    responses={200: {"content": {NDJSON: {"schema": StreamLine.model_json_schema()}}}},
)
async def assess(
    asked: AssessRequest, request: Request, service: Annotated[Service, Depends(service_of)]
) -> Response:
    """The quality report on regions of a photo; with ``stream`` a region a line."""
    photo = await service.photo(asked.image, request.state.owner)
    work = Assessment(service, photo, asked, request.state.id)
    if not asked.stream:
        return JSONResponse(await unless_gone(request, work.whole()))
    lines = work.lines()
    # What is wrong with the regions shows before the first line, and has a status of its own.
    first = await unless_gone(request, anext(lines))
    return StreamingResponse(rest_of(lines, first), media_type=NDJSON)
