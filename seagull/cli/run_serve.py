"""The ``serve`` command: settings are checked, then the model is loaded, then it listens."""

from __future__ import annotations

import functools
import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seagull.cli.errors import complain
from seagull.cli.models import ModelRequest, load_assessor, refuse_baseline
from seagull.cli.services import Services
from seagull.regions.segmenter import Segmenter

if TYPE_CHECKING:
    from seagull.server.label_studio.source import LabelStudioFiles
    from seagull.server.settings import ServerSettings

_NEEDED = ("fastapi", "uvicorn", "prometheus_client", "python_multipart")


@dataclass(frozen=True)
class ServeRequest:
    """The options of ``seagull serve``."""

    host: str
    port: int
    root_path: str
    api_key_file: Path | None
    image_minutes: float
    cache_mb: int
    max_body_mb: int
    max_megapixels: float
    queue: int
    domains: tuple[str, ...]
    origins: tuple[str, ...]
    label_studio: str | None
    label_studio_key_file: Path | None
    drain_seconds: float
    segmenter: str | None
    model: ModelRequest


def run_serve(request: ServeRequest, services: Services) -> None:
    """Serves until it is told to stop.

    Raises:
        ValueError: if the settings or the model cannot be used.
    """
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        raise ValueError(
            f"serving needs {missing[0].replace('_', '-')}: pip install 'seagull-iqa[serve]'"
        )
    refuse_baseline(request.model, "which the API has no room for")
    settings, files = _settings(request), _label_studio(request)
    # After the settings: it takes seconds.
    from seagull.server.run import bind, make_server, run_server

    if not settings.is_local and not settings.keys:
        complain(f"everybody who reaches {settings.host} can use it; --api-key-file sets keys")
    logging.getLogger("seagull.server").setLevel(logging.INFO)
    address = bind(settings)  # that it is taken shows now, not after the model is loaded
    assessor = load_assessor(request.model, services)

    @functools.cache
    def segmenter() -> Segmenter:
        return services.segmenter(request.segmenter, request.model.device)

    segmenter()  # a wrong name shows now, not at the first click
    names = (request.model.model,)
    run_server(make_server(assessor, segmenter, settings, names, files), address)


def _settings(request: ServeRequest) -> ServerSettings:
    from seagull.server.settings import Limits, ServerSettings, read_keys

    limits = Limits(
        body_bytes=request.max_body_mb << 20,
        bodies_bytes=max(512, 2 * request.max_body_mb) << 20,
        pixels=round(request.max_megapixels * 1e6),
        in_progress=request.queue,
    )
    return ServerSettings(
        host=request.host,
        port=request.port,
        root_path=request.root_path,
        image_minutes=request.image_minutes,
        cache_bytes=request.cache_mb << 20,
        keys=read_keys(request.api_key_file) if request.api_key_file else (),
        domains=tuple(name.lower().rstrip(".") for name in request.domains),
        origins=request.origins,
        drain_seconds=request.drain_seconds,
        limits=limits,
    )


def _label_studio(request: ServeRequest) -> LabelStudioFiles | None:
    """The Label Studio whose files are asked, if one is named."""
    from seagull.server.label_studio.source import LabelStudioFiles

    key_file = request.label_studio_key_file
    if request.label_studio is None:
        if key_file is not None:
            raise ValueError("--label-studio-key-file goes with --label-studio URL")
        return None
    key = None if key_file is None else key_file.read_text("utf-8-sig").strip()
    return LabelStudioFiles(request.label_studio, key)
