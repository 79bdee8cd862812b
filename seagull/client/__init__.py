"""A Seagull server from Python: the calls and the results of the local API, without torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seagull.client.errors import ServerError, ServerUnavailable

if TYPE_CHECKING:
    from seagull.client.client import SeagullClient as SeagullClient

__all__ = ["SeagullClient", "ServerError", "ServerUnavailable"]


def __getattr__(name: str) -> Any:
    """Imports ``SeagullClient`` on first use; who only catches its errors needs none of it."""
    if name == "SeagullClient":
        return import_module("seagull.client.client").SeagullClient
    raise AttributeError(f"module 'seagull.client' has no attribute {name!r}")
