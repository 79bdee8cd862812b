"""Whether the server is alive and ready."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from seagull.server.errors import ApiError, error_responses
from seagull.server.service import Service, service_of

router = APIRouter(tags=["server"], responses=error_responses())


class Status(BaseModel):
    """That all is well."""

    status: Literal["ok"] = "ok"


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def healthz() -> Status:
    """The process is alive."""
    return Status()


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz")
async def readyz(service: Annotated[Service, Depends(service_of)]) -> Status:
    """Requests are answered; 503 if the model's thread has ended, then start the server anew.

    A server that was told to stop refuses connections, this route's as well.
    """
    if not service.ready:
        raise ApiError(503, "the model's thread has ended; the server has to be started anew")
    return Status()
