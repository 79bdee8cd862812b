"""The server's counts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST

from seagull.server.errors import error_responses
from seagull.server.service import Service, service_of

router = APIRouter(tags=["server"], responses=error_responses())


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(service: Annotated[Service, Depends(service_of)]) -> Response:
    """Counts in Prometheus' text format."""
    counted = service.metrics
    counted.passes.set(service.worker.passes)
    counted.images.set(len(service.images))
    counted.image_bytes.set(service.images.nbytes)
    counted.photos_encoded.set(service.assessor.engine.counters.photos_encoded)
    counted.conversations.set(len(service.turns))
    counted.in_progress.set(service.in_progress.used)
    return Response(counted.text(), media_type=CONTENT_TYPE_LATEST)
