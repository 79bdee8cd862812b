"""Seagull: region-level image quality assessment with a vision-language model.

``from seagull import load`` gives the model; importing the package alone needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seagull.version import __version__

if TYPE_CHECKING:
    from seagull.inference.load import load as load

__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    """Imports ``load``, and torch with it, on first use."""
    if name == "load":
        return import_module("seagull.inference.load").load
    raise AttributeError(f"module 'seagull' has no attribute {name!r}")
