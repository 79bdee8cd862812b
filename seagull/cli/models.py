"""Loading the model that was named, and saying what has to be said about it."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from seagull.baselines.place import baseline_folder, system_of
from seagull.cli.errors import complain
from seagull.cli.names import unknown_name
from seagull.cli.services import Services
from seagull.devices import DTYPES, dtype_name

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
