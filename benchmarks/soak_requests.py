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
CHAT = "/v1/chat/completions"
USUAL = (200, 201, 404, 429)
"""Right answers to a usual request: a photo may be forgotten, the server may be busy."""


@dataclass(frozen=True)
class Sent:
    """One request.

    Attributes:
        statuses: right answers.
        leaves: whether the client goes away in the middle of the answer.
    """

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = USUAL
    leaves: bool = False


def as_json(
    path: str, plain: Any, statuses: tuple[int, ...] = USUAL, *, leaves: bool = False
) -> Sent:
    """A POST of JSON."""
    return Sent("POST", path, json.dumps(plain).encode(), JSON, statuses, leaves)


def as_form(
    content: bytes, statuses: tuple[int, ...] = USUAL, *, end: bytes = b"\r\n--xyz--\r\n"
) -> Sent:
    """A POST of a photo as a form."""
    head = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    return Sent("POST", IMAGES, head + content + end, FORM, statuses)


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
        return as_json(CHAT, body)

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


KINDS = 25
"""How many kinds of hostile requests there are; numbers that differ by it are of one kind."""


def hostile(number: int) -> Sent:
    """A request that is to be refused, each number another one, with the statuses that do so."""
    chance = random.Random(number)
    noise = chance.randbytes(chance.randint(1, 2000))
    small = picture(number, (64, 64))
    makers: list[Callable[[], Sent]] = [
        lambda: as_form(noise, (422,)),
        lambda: as_form(_bomb(chance.randint(20_000, 2**31 - 1)), (413, 422)),
        lambda: as_form(small[: chance.randint(1, 300)], (422,)),
        lambda: as_form(small, (400, 422), end=b"\r\n--xy"),
        lambda: Sent("POST", IMAGES, noise, FORM, (400, 422)),
        lambda: Sent("POST", chance.choice([IMAGES, ASSESS]), noise, JSON, (400, 422)),
        lambda: _text(b'{"image":' * 3 + b"[" * chance.randint(100, 50_000), 400),
        lambda: _text(b'{"image": "\xff\xfe' + noise + b'"}', 400),
        lambda: _text(b'{"image": "\\ud800", "tasks": [NaN, 1e999]}', 400, 422),
        lambda: as_json(ASSESS, {"image": f"img_{number:032x}"}, (404,)),
        lambda: as_json(ASSESS, {"image": "http://169.254.169.254/latest/meta-data"}, (403,)),
        lambda: as_json(ASSESS, {"image": "file:///etc/passwd"}, (422,)),
        lambda: _about({"rle": {"size": [2**31, 2**31], "counts": [0, 2**62]}}),
        lambda: _about({"rle": {"size": [64, 64], "counts": "o" * 100_000}}),
        lambda: _about({"polygon": [[1e308, -1e308] * 3_000]}),
        lambda: _about({"box": [0, 0, 1e300, 1e300]}),
        lambda: _about({"mask": _uri(_bomb(65_000))}),
        lambda: _about(*[{"whole": True}] * 200),
        lambda: as_json(CHAT, {"model": "x", "messages": [], "n": 2**70}, (422,)),
        lambda: as_json(
            "/label-studio/predict", {"tasks": [], "label_config": "<a" * 90_000}, (422,)
        ),
        lambda: Sent(
            chance.choice(["PUT", "DELETE", "PATCH"]), f"/v1/{noise[:9].hex()}", statuses=(404,)
        ),
        lambda: Sent("POST", ASSESS, noise, {"Content-Type": "text/plain"}, (415,)),
        lambda: _text(b"]" * chance.randint(1 << 20, 8 << 20), 400),
        lambda: _text(b'""' * chance.randint(1 << 19, 4 << 20), 400),
        lambda: as_json("/label-studio/setup", {"schema": _nested_tags(3_700, 12_000)}, (422,)),
    ]
    assert len(makers) == KINDS
    return makers[number % KINDS]()


def _nested_tags(depth: int, labels: int) -> str:
    inside = "<BrushLabels>" * depth + "<Label/>" * labels + "</BrushLabels>" * depth
    return f"<View><Image/>{inside}</View>"


def good(number: int) -> Sent:
    """A request that has to be answered, whatever came before."""
    about = {"image": _uri(picture(number, (64, 64))), "regions": [{"box": [8, 8, 40, 40]}]}
    return as_json(ASSESS, about, (200,))


def _text(body: bytes, *statuses: int) -> Sent:
    return Sent("POST", ASSESS, body, JSON, statuses)


def _about(*regions: dict[str, Any]) -> Sent:
    about = {"image": _uri(picture(1, (64, 64))), "regions": list(regions)}
    return as_json(ASSESS, about, (413, 422))


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
