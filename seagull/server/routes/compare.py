"""The same regions of two photos, before and after."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from seagull.photos import Photo
from seagull.server.body import check_json
from seagull.server.comparing import compared
from seagull.server.errors import ApiError, error_responses
from seagull.server.parsing import form_parts, is_form, json_body, parsed
from seagull.server.schemas import CompareRequest, ComparisonChoice, ComparisonObject
from seagull.server.service import Service, service_of
from seagull.server.waiting import unless_gone

router = APIRouter(prefix="/v1", tags=["regions"], responses=error_responses())

_PARTS = ("before", "after", "options")
_PHOTO = {
    "type": "string",
    "format": "binary",
    "description": "A photo; without a file name the id of an image, a data URI or an address.",
}
_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["before", "after"],
    "additionalProperties": False,
    "properties": {
        "before": _PHOTO,
        "after": _PHOTO,
        "options": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "The other fields of the JSON form, in an object.",
        },
    },
}


def _json_schema() -> dict[str, Any]:
    """The JSON form; regions are those that ``/v1/assess`` takes, and stand in the document."""
    schema = CompareRequest.model_json_schema(ref_template="#/components/schemas/{model}")
    return {name: value for name, value in schema.items() if name != "$defs"}


@router.post(
    "/compare",
    response_model=ComparisonObject,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _json_schema()},
                "multipart/form-data": {"schema": _FORM},
            },
        }
    },
)
async def compare(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    """What became better or worse from the photo before to the photo after, region by region."""
    before, after, asked = await (_sent if is_form(request) else _named)(request, service)
    return JSONResponse(await unless_gone(request, compared(service, before, after, asked)))


async def _named(request: Request, service: Service) -> tuple[Photo, Photo, ComparisonChoice]:
    asked = await json_body(request, CompareRequest)
    owner: str = request.state.owner
    return await service.photo(asked.before, owner), await service.photo(asked.after, owner), asked


async def _sent(request: Request, service: Service) -> tuple[Photo, Photo, ComparisonChoice]:
    parts = await form_parts(request, _PARTS, service.limits.body_bytes)
    options = parts.get("options", "{}")
    content = options if isinstance(options, bytes) else options.encode(errors="replace")
    await run_in_threadpool(check_json, content, service.limits)
    asked = parsed(content, ComparisonChoice)
    before, after = [await _photo(parts, side, request, service) for side in ("before", "after")]
    return before, after, asked


async def _photo(
    parts: dict[str, bytes | str], side: str, request: Request, service: Service
) -> Photo:
    """The photo in a part of the form, or that it names.

    Raises:
        ApiError: if there is none, or it cannot be used.
    """
    part = parts.get(side)
    if isinstance(part, bytes):
        return await service.decoded(part)
    if part is None:
        raise ApiError(422, f"a photo is missing: the form's part {side!r}", "no_image")
    return await service.photo(part, request.state.owner)
