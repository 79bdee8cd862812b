"""Starting a server: load the model, listen, and end in order on SIGTERM."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import uvicorn

from seagull.regions.segmenter import Segmenter
from seagull.server.app import build_app
from seagull.server.service import Service
from seagull.server.settings import ServerSettings

if TYPE_CHECKING:
    from seagull.inference.assessor import Assessor

logger = logging.getLogger(__name__)

_CONNECTIONS = 1024
_IDLE_SECONDS = 15


def make_server(
    assessor: Assessor,
    load_segmenter: Callable[[], Segmenter],
    settings: ServerSettings,
    model_names: Sequence[str] = (),
) -> uvicorn.Server:
    """A server that is ready to be run.

    Args:
        assessor: the model.
        load_segmenter: makes the segmenter when it is first needed, and the same one after.
        settings: how it runs.
        model_names: further names by which clients may ask for the model.
    """
    service = Service(assessor, load_segmenter, settings, model_names)
    config = uvicorn.Config(
        build_app(service),
        host=settings.host,
        port=settings.port,
        loop="asyncio",
        http="h11",  # it limits what a request's head may take
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
    )
    return uvicorn.Server(config)


def run_server(
    assessor: Assessor,
    load_segmenter: Callable[[], Segmenter],
    settings: ServerSettings,
    model_names: Sequence[str] = (),
) -> int:
    """Serves until SIGTERM or SIGINT; requests in progress are finished first.

    Args:
        assessor, load_segmenter, settings, model_names: see ``make_server``.

    Returns:
        0, or 2 if the address cannot be listened on.
    """
    server = make_server(assessor, load_segmenter, settings, model_names)
    try:
        sockets = [server.config.bind_socket()]
    except SystemExit:  # uvicorn has logged why
        return 2
    host, port = sockets[0].getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    logger.info("listening on http://%s:%d%s", shown, port, settings.root_path)
    server.run(sockets)
    return 0
