"""The model. What is imported from here is registered with the Auto classes of transformers.

Importing the package alone loads neither torch nor transformers: commands that only look for model
folders stay quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seagull.model.config import SeagullConfig as SeagullConfig
    from seagull.model.seagull import (
        SeagullForConditionalGeneration as SeagullForConditionalGeneration,
    )
    from seagull.preprocessing.processor import SeagullProcessor as SeagullProcessor

__all__ = ["SeagullConfig", "SeagullForConditionalGeneration", "SeagullProcessor"]


def __getattr__(name: str) -> Any:
    """Imports the classes, and transformers with them, on first use."""
    if name in __all__:
        return getattr(import_module("seagull.model.auto"), name)
    raise AttributeError(f"module 'seagull.model' has no attribute {name!r}")
