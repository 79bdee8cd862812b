"""Seagull: region-level image quality assessment with a vision-language model.

``from seagull import load`` gives the model, ``SeagullClient`` a server's; ``compare`` compares two
photos. Importing the package alone, or the client, needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seagull.version import __version__

if TYPE_CHECKING:
    from seagull.client import SeagullClient as SeagullClient
    from seagull.comparison.compare import compare as compare
    from seagull.inference.load import load as load

__all__ = ["SeagullClient", "__version__", "compare", "load"]

_PLACES = {
    "SeagullClient": "seagull.client",
    "compare": "seagull.comparison.compare",
    "load": "seagull.inference.load",
}


def __getattr__(name: str) -> Any:
    """Imports what is asked for, and what it needs, on first use."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'seagull' has no attribute {name!r}")
