"""The model that was named, here or on a server, and what has to be said about it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rich.console import Console

from seagull.baselines.place import baseline_folder, system_of
from seagull.cli.errors import complain
from seagull.cli.names import unknown_name
from seagull.cli.remote import ServerRequest
from seagull.cli.requests import RegionRequest
from seagull.cli.services import Services
from seagull.devices import DTYPES, dtype_name
from seagull.inference.folder import AssessesPhotos
from seagull.regions.segmenter import Segmenter
from seagull.regions.spec import RegionSpec
from seagull.types import ModelInfo

if TYPE_CHECKING:
    from seagull.inference.assessor import Assessor

QUANTIZATIONS = ("8bit", "4bit")
UNTRAINED = "the adapter of model {name} is untrained: its numbers mean nothing until it is trained"


@dataclass(frozen=True)
class ModelRequest:
    """The model options."""

    model: str = "nano"
    device: str = "auto"
    dtype: str = "auto"
    quantization: str | None = None

    @property
    def given(self) -> dict[str, str | None]:
        """The options that its numbers depend on; None for one that was left out."""
        dtype = None if self.dtype == "auto" else self.dtype
        return {"dtype": dtype, "quantization": self.quantization}


class OpenedModel(AssessesPhotos, Protocol):
    """A model here or on a server."""

    @property
    def info(self) -> ModelInfo:
        """What is said of it in reports."""
        ...


def refuse_baseline(request: ModelRequest, why: str) -> None:
    """Passes unless the model is a trained baseline system.

    Args:
        request: names the model.
        why: what the command needs that a baseline does not have.

    Raises:
        ValueError: with what a baseline can be used for.
    """
    if (folder := baseline_folder(request.model)) is not None:
        raise ValueError(
            f"--model {request.model} is a trained baseline, {why}; `seagull assess` takes it, and "
            f"`seagull evaluate --baseline {system_of(folder)}:{request.model}`"
        )


def open_model(
    request: ModelRequest,
    server: ServerRequest | None,
    regions: RegionRequest,
    specs: Sequence[RegionSpec],
    services: Services,
) -> tuple[OpenedModel, Segmenter | None]:
    """The model and, if the regions need one, the segmenter: the server's, if one was named.

    Args:
        request: names the model.
        server: where it runs, if not here.
        regions: the region options.
        specs: the regions that they name.
        services: load or connect.

    Raises:
        ValueError: as ``load_assessor``, or if the segmenter or the server's key is not there.
        ServerUnavailable: if no answer can be had from the server.
    """
    if server is not None:
        client = services.connect(server.url, server.api_key())
        if not client.info.trained:
            complain(UNTRAINED.format(name=client.info.name))
        return client, client.segmenter if regions.needs_segmenter(specs) else None
    assessor = load_assessor(request, services)
    if not regions.needs_segmenter(specs):
        return assessor, None
    segmenter = services.segmenter(regions.segmenter, request.device)
    if segmenter.notice:
        complain(segmenter.notice)
    return assessor, segmenter


def load_assessor(request: ModelRequest, services: Services) -> Assessor:
    """The assessor of the model that was named; a line on stderr if it is untrained.

    Raises:
        ValueError: on an unknown name (with the nearest) or whatever keeps it from loading.
    """
    dtype = "auto" if request.dtype == "auto" else dtype_name(request.dtype)
    if dtype is None:
        raise unknown_name("dtype", request.dtype, ["auto", *DTYPES])
    if request.quantization not in (None, *QUANTIZATIONS):
        raise unknown_name("quantization", str(request.quantization), QUANTIZATIONS)
    with _waiting(f"loading {request.model}"):
        assessor = services.load(
            request.model,
            device=request.device,
            dtype=dtype,
            quantization=request.quantization,
        )
    if not assessor.info.trained:
        complain(UNTRAINED.format(name=assessor.info.name))
    return assessor


def _waiting(what: str) -> AbstractContextManager[object]:
    """A line for a person who waits, gone when the work is done."""
    return Console(stderr=True).status(what) if sys.stderr.isatty() else nullcontext()
