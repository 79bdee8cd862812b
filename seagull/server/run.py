"""Starting a server: load the model, listen, and end in order on SIGTERM."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import uvicorn

from seagull.regions.segmenter import Segmenter
from seagull.server.app import build_app
from seagull.server.label_studio.source import LabelStudioFiles
from seagull.server.protocol import HEAD_BYTES, Protocol
from seagull.server.service import Service
from seagull.server.settings import ServerSettings

if TYPE_CHECKING:
    from seagull.inference.assessor import Assessor

logger = logging.getLogger(__name__)

_BACKLOG = 1024
_IDLE_SECONDS = 15


def make_server(
    assessor: Assessor,
    load_segmenter: Callable[[], Segmenter],
    settings: ServerSettings,
    model_names: Sequence[str] = (),
    label_studio: LabelStudioFiles | None = None,
) -> uvicorn.Server:
    """A server that is ready to be run.

    Args:
        assessor: the model.
        load_segmenter: makes the segmenter when it is first needed, and the same one after.
        settings: how it runs.
        model_names: further names by which clients may ask for the model.
        label_studio: the Label Studio whose own files its tasks may name.
    """
    service = Service(assessor, load_segmenter, settings, model_names)
    config = uvicorn.Config(
        build_app(service, label_studio),
        host=settings.host,
        port=settings.port,
        root_path=settings.root_path,
        loop="asyncio",
        http=Protocol,
        h11_max_incomplete_event_size=HEAD_BYTES,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
    )
    return uvicorn.Server(config)


def bind(settings: ServerSettings) -> socket.socket:
    """The server's address, taken but not yet listened on.

    Raises:
        ValueError: if it cannot be had.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it. Without it an answer's second write waits for the client's delayed
    # acknowledgement of the first, 40 ms on a connection that is kept alive.
    taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        taken.bind((settings.host, settings.port))
    except OSError as error:
        taken.close()
        raise ValueError(
            f"cannot listen on {settings.host}, port {settings.port} ({error.strerror}); give "
            "another --port or --host"
        ) from error
    return taken


def run_server(server: uvicorn.Server, address: socket.socket) -> None:
    """Serves until SIGTERM or SIGINT; requests in progress are finished first."""
    # What it warns of repeats bytes of the request.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    address.listen(_BACKLOG)  # from here on nobody is turned away
    host, port = address.getsockname()[:2]
    url_host = f"[{host}]" if ":" in host else host
    root = server.config.root_path
    behind = f", behind a proxy that shows it under {root} and takes that away" if root else ""
    logger.info("listening on http://%s:%d%s", url_host, port, behind)
    server.run([address])
