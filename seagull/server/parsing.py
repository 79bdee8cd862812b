"""Bodies of requests, where a route takes JSON and forms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from seagull.server.errors import ApiError

Model = TypeVar("Model", bound=BaseModel)

_MOST_PARTS = 8


def content_type(request: Request) -> str:
    """The media type that a request says its body is of."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def is_form(request: Request) -> bool:
    """Whether the body is a form with files."""
    return content_type(request) == "multipart/form-data"


async def form_parts(request: Request, names: Sequence[str], most: int) -> dict[str, bytes | str]:
    """The parts of a form: bytes of those with a file name, texts of the others.

    Args:
        request: with a form.
        names: of the parts that it may have.
        most: most bytes of a part without a file name.

    Raises:
        ApiError: 400 if it cannot be read; 422 if it has other parts, or one twice.
    """
    await request.body()  # the request keeps it; read as a form alone, it could not be waited on
    parts: dict[str, bytes | str] = {}
    try:
        async with request.form(
            max_files=_MOST_PARTS, max_fields=_MOST_PARTS, max_part_size=most
        ) as form:
            for name, value in form.multi_items():
                if name not in names or name in parts:
                    raise ApiError(
                        422, f"the form's parts are {', '.join(names)}, each once; got {name!r:.60}"
                    )
                parts[name] = await value.read() if isinstance(value, UploadFile) else value
    except MultiPartException as error:
        raise ApiError(400, f"the form cannot be read: {error.message}", "invalid_form") from error
    return parts


async def json_body(request: Request, model: type[Model]) -> Model:
    """The body of a request.

    Raises:
        ApiError: 415 if it is not said to be JSON, 400 if it is none.
        RequestValidationError: if it does not fit.
    """
    if content_type(request) != "application/json":
        raise ApiError(415, "the content type is application/json or multipart/form-data")
    return parsed(await request.body(), model)


def parsed(content: bytes, model: type[Model]) -> Model:
    """The object that a JSON text holds.

    Raises:
        ApiError: 400 if it is no JSON.
        RequestValidationError: if it does not fit.
    """
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "the body is not JSON", "invalid_json") from error
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise RequestValidationError(faults) from error
