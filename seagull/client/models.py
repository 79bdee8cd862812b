"""What a server says of its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seagull.types import ModelInfo


@dataclass(frozen=True)
class ServedModel:
    """A model that a server has.

    Attributes:
        id: by which it is asked for in a conversation.
        info: what reports say of it.
        segmenter: what makes regions of clicks there; None if the server does not say.
    """

    id: str
    info: ModelInfo
    segmenter: str | None = None


def served_models(answer: Mapping[str, Any]) -> list[ServedModel]:
    """The models in the answer of ``GET /v1/models``."""
    return [_served(model) for model in answer["data"]]


def _served(plain: Mapping[str, Any]) -> ServedModel:
    id = str(plain["id"])
    info = ModelInfo(
        str(plain.get("name", id)),
        str(plain.get("revision", "")),
        bool(plain.get("trained", True)),
    )
    return ServedModel(id, info, plain.get("segmenter"))
