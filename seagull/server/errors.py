"""Errors as clients see them: ``{"error": {"message", "type", "code"}}`` with the right status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from seagull.server.patterns import WANTED

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {
    400: "bad_request", 401: "invalid_api_key", 403: "forbidden", 404: "not_found",
    405: "method_not_allowed", 408: "body_too_slow", 413: "body_too_large",
    415: "unsupported_media_type", 422: "invalid_request", 429: "busy", 500: "internal_error",
    503: "not_ready",
}  # fmt: skip
RETRY_SECONDS = 2
_MOST_SHOWN = 3


class ErrorDetail(BaseModel):
    """What was wrong, and what to do."""

    message: str
    type: str
    code: str


class ErrorBody(BaseModel):
    """Every answer whose status is 400 or above."""

    error: ErrorDetail


class ApiError(Exception):
    """An error to be sent to the client.

    Args:
        status: of the answer, 400 or above.
        message: what was wrong, what was given, what to do.
        code: one word for programs; by default that of the status.
        headers: of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or _CODES.get(status, "error")
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        """The JSON form."""
        kind = _TYPES.get(
            self.status, "server_error" if self.status >= 500 else "invalid_request_error"
        )
        # Half of a surrogate pair, which JSON can hold, has no UTF-8 form.
        message = self.message.encode("utf-8", errors="replace").decode("utf-8")
        return {"error": {"message": message, "type": kind, "code": self.code}}

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(self.body, self.status, self.headers)


def busy(message: str) -> ApiError:
    """The error of a server that has enough to do."""
    return ApiError(429, message, "busy", {"Retry-After": str(RETRY_SECONDS)})


def internal_error() -> ApiError:
    """The error for a fault of ours; what it was is in the log, under the request's id."""
    return ApiError(500, "a fault of the server; its log has more under the x-request-id")


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses for a route's OpenAPI entry, with those that every route can answer."""
    common = (400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503)
    return {status: {"model": ErrorBody} for status in sorted({*common, *statuses})}


def add_handlers(app: FastAPI) -> None:
    """Makes every error of the app one of this shape."""

    @app.exception_handler(ApiError)
    async def of_ours(request: Request, error: ApiError) -> JSONResponse:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def of_schema(request: Request, error: RequestValidationError) -> JSONResponse:
        return _of_schema(request, error).response()

    @app.exception_handler(HTTPException)
    async def of_framework(request: Request, error: HTTPException) -> JSONResponse:
        return ApiError(error.status_code, str(error.detail), headers=error.headers).response()


def _of_schema(request: Request, error: RequestValidationError) -> ApiError:
    """Names the first fields that do not fit; what was sent is not repeated."""
    faults = list(error.errors())
    if request.headers.get("content-type", "").lower().startswith("multipart/") and any(
        fault["loc"] == ("body",) for fault in faults
    ):
        return ApiError(415, "this route takes JSON; the content type is application/json")
    if any(fault["type"] == "json_invalid" for fault in faults):
        return ApiError(400, "the body is not JSON", "invalid_json")
    complaints = [f"{_place(fault['loc'])}: {_complaint(fault)}" for fault in faults[:_MOST_SHOWN]]
    if len(faults) > _MOST_SHOWN:
        complaints.append(f"and {len(faults) - _MOST_SHOWN} more")
    return ApiError(422, "; ".join(complaints))


def _complaint(fault: Mapping[str, Any]) -> str:
    """What is wrong with a field; a pattern in words."""
    if fault["type"] == "extra_forbidden":
        return "there is no such field"
    pattern = fault.get("ctx", {}).get("pattern")
    return str(WANTED.get(pattern, fault["msg"]))


def _place(location: tuple[Any, ...]) -> str:
    """A field by its path, such as ``regions.0.box``; the schema's own names of types go out."""
    named = [part for part in location if isinstance(part, int) or part.isidentifier()]
    parts = [str(part) for part in named if part != "body"]
    return ".".join(parts)[:120] or "the body"
