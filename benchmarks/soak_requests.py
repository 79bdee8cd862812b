"""What a soak sends: requests as clients make them, and requests that mean no good."""

from __future__ import annotations

import base64
import io
import json
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=xyz"}
IMAGES = "/v1/images"
ASSESS = "/v1/assess"


@dataclass(frozen=True)
class Sent:
    """One request."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    leaves: bool = False
    """Whether the client goes away in the middle of the answer."""


def as_json(path: str, plain: Any, *, leaves: bool = False) -> Sent:
    """A POST of JSON."""
    return Sent("POST", path, json.dumps(plain).encode(), JSON, leaves)


def as_form(content: bytes, *, end: bytes = b"\r\n--xyz--\r\n") -> Sent:
    """A POST of a photo as a form."""
    head = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    return Sent("POST", IMAGES, head + content + end, FORM)


def picture(seed: int, size: tuple[int, int]) -> bytes:
    """A PNG of coarse noise, another one for each seed."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 256, (-(-size[0] // 8), -(-size[1] // 8), 3), dtype=np.uint8)
    pixels = np.kron(coarse, np.ones((8, 8, 1), np.uint8))[: size[0], : size[1]]
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, "PNG", compress_level=1)
    return made.getvalue()


def box(chance: random.Random, size: tuple[int, int]) -> dict[str, Any]:
    """A region that was hardly asked about before."""
    height, width = size
    left, top = chance.uniform(0, width / 2), chance.uniform(0, height / 2)
    return {"box": [left, top, left + width / 3, top + height / 3], "box_format": "xyxy"}


class Usual:
    """Requests as people make them, about a stock of photos that grows new ones.

    Args:
        model: by which id the server's model is asked for.
        size: height and width of the photos.
        seed: of everything drawn here.
    """

    def __init__(self, model: str, size: tuple[int, int] = (240, 320), seed: int = 0) -> None:
        self._model = model
        self._size = size
        self._chance = random.Random(seed)
        self._made = 0
        self.ids: list[str] = []
        """Of the photos that are asked about; who sends a new one adds it."""

    def next(self) -> Sent:
        """The next request."""
        chance = self._chance
        if len(self.ids) < 4 or chance.random() < 0.25:
            self._made += 1
            return as_form(picture(self._made, self._size))
        kinds: list[tuple[float, Callable[[str], Sent]]] = [
            (60, self._assess), (10, self._stream), (6, self._leave), (8, self._segment),
            (2, self._everything), (6, self._chat), (2, self._label), (6, self._look),
        ]  # fmt: skip
        weights = [weight for weight, _ in kinds]
        make = chance.choices([make for _, make in kinds], weights)[0]
        return make(chance.choice(self.ids[-12:]))

    def _regions(self) -> list[dict[str, Any]]:
        return [box(self._chance, self._size) for _ in range(self._chance.randint(1, 4))]

    def _assess(self, id: str) -> Sent:
        more = {"overlay": True, "heatmap": True} if self._chance.random() < 0.02 else {}
        return as_json(ASSESS, {"image": id, "regions": self._regions()} | more)

    def _stream(self, id: str) -> Sent:
        return as_json(ASSESS, {"image": id, "regions": self._regions(), "stream": True})

    def _leave(self, id: str) -> Sent:
        regions = [box(self._chance, self._size) for _ in range(24)]
        body = {"image": id, "regions": regions, "stream": True}
        return as_json(ASSESS, body, leaves=True)

    def _segment(self, id: str) -> Sent:
        height, width = self._size
        point = [self._chance.uniform(0, width - 1), self._chance.uniform(0, height - 1)]
        return as_json("/v1/segment", {"image": id, "points": [point]})

    def _everything(self, id: str) -> Sent:
        return Sent("GET", f"{IMAGES}/{id}/regions?max_regions=8")

    def _chat(self, id: str) -> Sent:
        content = [
            {"type": "image_url", "image_url": {"url": id}},
            {"type": "text", "text": "What is wrong here?"},
        ]
        body = {
            "model": self._model, "messages": [{"role": "user", "content": content}],
            "regions": self._regions()[:1], "max_tokens": 3,
            "stream": self._chance.random() < 0.5,
        }  # fmt: skip
        return as_json("/v1/chat/completions", body)

    def _label(self, id: str) -> Sent:
        config = (
            '<View><Image name="i" value="$i"/><RectangleLabels name="r" toName="i">'
            '<Label value="a"/></RectangleLabels></View>'
        )
        value = {"x": 10, "y": 10, "width": 50, "height": 50, "rectanglelabels": ["a"]}
        drawn = {"result": [{"type": "rectanglelabels", "value": value}]}
        uri = _uri(picture(self._chance.randrange(8), self._size))
        tasks = [{"id": 1, "data": {"i": uri}}]
        body = {"tasks": tasks, "label_config": config, "params": {"context": drawn}}
        return as_json("/label-studio/predict", body)

    def _look(self, id: str) -> Sent:
        return Sent("GET", self._chance.choice(["/healthz", "/readyz", "/metrics", "/v1/models"]))


def hostile(number: int) -> Sent:
    """A request that must be refused, or at least do no harm; each number is another one."""
    chance = random.Random(number)
    noise = chance.randbytes(chance.randint(0, 2000))
    makers: list[Callable[[], Sent]] = [
        lambda: as_form(noise),
        lambda: as_form(_bomb(chance.randint(20_000, 2**31 - 1))),
        lambda: as_form(picture(number, (64, 64))[: chance.randint(1, 300)]),
        lambda: as_form(picture(1, (64, 64)), end=b"\r\n--xy"),
        lambda: Sent("POST", IMAGES, noise, FORM),
        lambda: Sent("POST", chance.choice([IMAGES, ASSESS]), noise, JSON),
        lambda: Sent("POST", ASSESS, b'{"image":' * 3 + b"[" * chance.randint(100, 50_000), JSON),
        lambda: Sent("POST", ASSESS, b'{"image": "\xff\xfe' + noise + b'"}', JSON),
        lambda: Sent("POST", ASSESS, b'{"image": "\\ud800", "tasks": [NaN, 1e999]}', JSON),
        lambda: as_json(ASSESS, {"image": f"img_{number:032x}"}),
        lambda: as_json(ASSESS, {"image": "http://169.254.169.254/latest/meta-data"}),
        lambda: as_json(ASSESS, {"image": "file:///etc/passwd"}),
        lambda: as_json(ASSESS, _about({"rle": {"size": [2**31, 2**31], "counts": [0, 2**62]}})),
        lambda: as_json(ASSESS, _about({"rle": {"size": [64, 64], "counts": "o" * 100_000}})),
        lambda: as_json(ASSESS, _about({"polygon": [[1e308, -1e308] * 3_000]})),
        lambda: as_json(ASSESS, _about({"box": [0, 0, 1e300, 1e300]})),
        lambda: as_json(ASSESS, _about({"mask": _uri(_bomb(65_000))})),
        lambda: as_json(ASSESS, _about(*[{"whole": True}] * 200)),
        lambda: as_json("/v1/chat/completions", {"model": "x", "messages": [], "n": 2**70}),
        lambda: as_json("/label-studio/predict", {"tasks": [], "label_config": "<a" * 90_000}),
        lambda: Sent(chance.choice(["PUT", "DELETE", "PATCH"]), f"/v1/{noise[:9].hex()}"),
        lambda: Sent("POST", ASSESS, noise, {"Content-Type": "text/plain"}),
    ]
    return makers[number % len(makers)]()


def _about(*regions: dict[str, Any]) -> dict[str, Any]:
    return {"image": _uri(picture(1, (64, 64))), "regions": list(regions)}


def _uri(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def _bomb(side: int) -> bytes:
    """A PNG that says it has ``side`` squared pixels, in a few bytes."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
