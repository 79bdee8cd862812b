"""JSON bodies to the schemas' objects, where a route takes other forms as well."""

from __future__ import annotations

import json
from typing import TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from seagull.server.errors import ApiError

Model = TypeVar("Model", bound=BaseModel)


async def json_body(request: Request, model: type[Model]) -> Model:
    """The body of a request.

    Raises:
        ApiError: 415 if it is not said to be JSON, 400 if it is none.
        RequestValidationError: if it does not fit.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "the content type is application/json or multipart/form-data")
    try:
        plain = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "the body is not JSON", "invalid_json") from error
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise RequestValidationError(faults) from error
