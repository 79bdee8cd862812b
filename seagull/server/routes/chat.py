"""What OpenAI's clients ask for: the list of models, and chat completions."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from seagull.server.errors import error_responses
from seagull.server.service import Service, service_of

router = APIRouter(prefix="/v1", tags=["chat"], responses=error_responses())


class ModelObject(BaseModel):
    """A model that answers here."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "seagull"
    revision: str
    trained: bool


class ModelList(BaseModel):
    """The models that answer here."""

    object: Literal["list"] = "list"
    data: list[ModelObject]


@router.get("/models")
async def models(service: Annotated[Service, Depends(service_of)]) -> ModelList:
    """The one model of the server."""
    info = service.assessor.info
    return ModelList(data=[ModelObject(id=info.name, revision=info.revision, trained=info.trained)])
