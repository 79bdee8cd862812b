"""Loading the model that was named, and saying what has to be said about it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from seagull.cli.errors import complain
from seagull.cli.names import unknown_name
from seagull.cli.services import Services

if TYPE_CHECKING:
    from seagull.inference.assessor import Assessor

DTYPES = ("auto", "fp32", "bf16", "fp16")
QUANTIZATIONS = ("8bit", "4bit")
UNTRAINED = "the adapter of model {name} is untrained: its numbers mean nothing until it is trained"


@dataclass(frozen=True)
class ModelRequest:
    """The model options."""

    model: str = "nano"
    device: str = "auto"
    dtype: str = "auto"
    quantization: str | None = None


def load_assessor(request: ModelRequest, services: Services) -> Assessor:
    """The assessor of the model that was named; a line on stderr if it is untrained.

    Raises:
        ValueError: on an unknown name (with the nearest) or whatever keeps it from loading.
    """
    if request.dtype not in DTYPES:
        raise unknown_name("dtype", request.dtype, DTYPES)
    if request.quantization not in (None, *QUANTIZATIONS):
        raise unknown_name("quantization", str(request.quantization), QUANTIZATIONS)
    known = [entry.name for entry in services.models()]
    if request.model not in known and not Path(request.model).is_dir():
        raise unknown_name("model", request.model, known, "; or give a model's folder")
    console = Console(stderr=True)
    if sys.stderr.isatty():
        console.print(f"loading {request.model} ...", end="\r", highlight=False, markup=False)
    assessor = services.load(
        request.model,
        device=request.device,
        dtype=request.dtype,
        quantization=request.quantization,
    )
    if not assessor.info.trained:
        complain(UNTRAINED.format(name=assessor.info.name))
    return assessor
