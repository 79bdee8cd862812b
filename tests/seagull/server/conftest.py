"""A server that is really started, on the tiny model, once for all tests."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from seagull.inference.assessor import Assessor
from seagull.inference.engine import Engine
from seagull.model.head import RegionHead
from seagull.photos import Photo
from seagull.regions.classical import ClassicalSegmenter
from seagull.server.run import bind, make_server, run_server
from seagull.server.service import Service
from seagull.server.settings import ServerSettings
from seagull.types import ModelInfo


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Running:
    """A server that listens."""

    url: str
    port: int
    service: Service
    stop: Callable[[], None]

    def ask(self, path: str, plain: Any = None, *, method: str | None = None, **more: Any) -> Reply:
        """Sends JSON (or ``data`` as it is) and returns the answer, whatever its status."""
        data = more.pop("data", None if plain is None else json.dumps(plain).encode())
        headers = {"Content-Type": "application/json"} | more.pop("headers", {})
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Reply(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, dict(error.headers), error.read())


@contextmanager
def running(assessor: Assessor, settings: ServerSettings) -> Iterator[Running]:
    """A server in a thread, for the time of a ``with``."""
    segmenter = ClassicalSegmenter()
    server = make_server(assessor, lambda: segmenter, settings, ("nano",))
    address = bind(settings)
    thread = threading.Thread(target=run_server, args=(server, address), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = address.getsockname()[1]

    def stop() -> None:
        server.should_exit = True

    try:
        service = server.config.app.state.service
        yield Running(f"http://127.0.0.1:{port}", port, service, stop)
    finally:
        stop()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def make_assessor(tiny_model, processor) -> Callable[[], Assessor]:
    def make() -> Assessor:
        with torch.random.fork_rng():
            torch.manual_seed(3)
            head = RegionHead(tiny_model.config.text.hidden_size).eval()
        return Assessor(Engine(tiny_model, processor, head=head), ModelInfo("tiny", "0", True))

    return make


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory, tiny_model, processor) -> Path:
    """The tiny model as a folder, for processes that load it."""
    path = tmp_path_factory.mktemp("model") / "tiny"
    tiny_model.save_pretrained(path)
    processor.save_pretrained(path)
    return path


@pytest.fixture(scope="session")
def server(make_assessor) -> Iterator[Running]:
    with running(make_assessor(), ServerSettings(port=0)) as started:
        yield started


@pytest.fixture(scope="session")
def picture(photo: Photo) -> bytes:
    """The photo as a PNG file."""
    return png(Image.fromarray(photo.pixels))


@pytest.fixture(scope="session")
def picture_uri(picture: bytes) -> str:
    return uri(picture)


@pytest.fixture
def image_id(server: Running, picture_uri: str) -> str:
    reply = server.ask("/v1/images", {"image": picture_uri})
    assert reply.status == 201, reply.content
    return str(reply.json["id"])


def png(image: Image.Image) -> bytes:
    """A picture as a PNG file."""
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def uri(content: bytes, kind: str = "image/png") -> str:
    """A file as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def form(content: bytes, name: str = "file", boundary: str = "xyz") -> tuple[bytes, str]:
    """A multipart body with one file, and its content type."""
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="a.png"\r\n\r\n'
    )
    return (
        head.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
        f"multipart/form-data; boundary={boundary}",
    )


def other_photo(seed: int, size: tuple[int, int] = (150, 200)) -> bytes:
    """A PNG file of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    return png(Image.fromarray(pixels))
