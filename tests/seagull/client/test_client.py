"""The client where a server is lost, busy, wrong or gone."""

from __future__ import annotations

import io
import json
import time

import numpy as np
import pytest
from PIL import Image

from seagull import SeagullClient
from seagull.client import ServerError, ServerUnavailable
from seagull.photos import Photo
from seagull.regions.rle import encode
from seagull.regions.spec import RegionSpec
from seagull.types import Region
from tests.seagull.conftest import Answer, Asked, ToldServer

HEIGHT, WIDTH = 40, 60


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def error(status: int, code: str, message: str = "said so", **headers: str) -> Answer:
    body = {"error": {"message": message, "type": "t", "code": code}}
    return Answer(body, status, headers)


def entry(id: str, mask: np.ndarray, source: str = "rle") -> dict:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    score = {"level": "good", "score": 0.7, "std": 0.1}
    score["probabilities"] = dict.fromkeys(("bad", "poor", "fair", "good", "excellent"), 0.2)
    return {
        "id": id,
        "box": [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1],
        "area_fraction": float(mask.mean()), "mask": encode(mask).to_dict(), "source": source,
        "segmenter": None, "confidence": None, "quality": score, "importance": None,
        "distortions": None, "distortion_probabilities": None, "text": {},
    }  # fmt: skip


def report(*regions: dict) -> dict:
    image = {"path": None, "width": WIDTH, "height": HEIGHT, "sha256": "0" * 64}
    model = {"name": "seagull-nano", "revision": "1", "trained": True}
    return {
        "schema": "seagull.quality_report/1", "image": image, "model": model, "segmenter": None,
        "regions": list(regions),
    }  # fmt: skip


class Keeper:
    """Keeps photos until it is told to lose them; answers with the regions that were sent."""

    def __init__(self, sees: str = "") -> None:
        self.kept: set[str] = set()
        self.sees = sees
        self.sent = 0
        self.forgetful = False

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/v1/images":
            self.sent += 1
            id = f"img_{self.sent:032x}"
            self.kept.add(id)
            body = {"id": id, "width": WIDTH, "height": HEIGHT, "sha256": self.sees}
            return Answer(body, 201)
        if self.forgetful or asked.json["image"] not in self.kept:
            return error(404, "image_not_found")
        return Answer(report(*[entry(one["id"], self._mask(one)) for one in asked.json["regions"]]))

    @staticmethod
    def _mask(region: dict) -> np.ndarray:
        mask = np.zeros((HEIGHT, WIDTH), bool)
        x1, y1, x2, y2 = map(int, region.get("box", (0, 0, 9, 9)))
        mask[y1:y2, x1:x2] = True
        return mask


def test_a_photo_is_sent_once_and_again_when_the_server_has_lost_it(told: ToldServer, pixels):
    keeper = told.answer = Keeper()
    photo = Photo(pixels)
    with SeagullClient(told.url) as client:
        for _ in range(2):
            found = client.assess(photo, [(1, 2, 20, 30)])
            assert found.regions[0].region.box == (1, 2, 20, 30)
        assert keeper.sent == 1
        keeper.kept.clear()
        assert client.assess(photo, [(1, 2, 20, 30)]).regions[0].quality.score == 0.7
        assert keeper.sent == 2
        keeper.forgetful = True
        with pytest.raises(ServerError, match="said so") as caught:
            client.assess(photo, [(1, 2, 20, 30)])
    assert keeper.sent == 3
    assert (caught.value.status, caught.value.code) == (404, "image_not_found")


def test_regions_that_were_sent_come_back_as_they_are(told: ToldServer, pixels):
    told.answer = Keeper()
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[:9, :9] = True
    own = Region(mask, "mine", "points", "sam", 0.9)
    client = SeagullClient(told.url)
    found = client.assess(pixels, [own, RegionSpec("spec", box=(0, 0, 5, 5))])
    assert found.regions[0].region is own
    assert found.regions[1].region.id == "spec"
    sent = told.asked[-1].json["regions"]
    assert sent[0] == {"id": "mine", "rle": encode(mask).to_dict()}
    assert sent[1] == {"id": "spec", "box": [0, 0, 5, 5]}


def test_more_regions_than_one_request_takes_are_asked_in_several(told: ToldServer, pixels):
    told.answer = Keeper()
    boxes = [(n % 50, n % 30, n % 50 + 5, n % 30 + 5) for n in range(300)]
    found = SeagullClient(told.url).assess(pixels, boxes, tasks="quality")
    assert [one.region.box for one in found.regions] == boxes
    assert [one.region.id for one in found.regions] == [str(n) for n in range(1, 301)]
    with pytest.raises(ValueError, match="at most 128 regions of your own, got 300"):
        SeagullClient(told.url).assess(pixels, boxes, everything=True)
    twice = [RegionSpec("a", box=(0, 0, 5, 5)), RegionSpec("a", box=(0, 0, 9, 9))]
    with pytest.raises(ValueError, match="used more than once: a"):
        SeagullClient(told.url).assess(pixels, twice)
    sizes = [len(asked.json["regions"]) for asked in told.asked if asked.path == "/v1/assess"]
    assert sizes == [128, 128, 44]


def test_the_file_is_sent_and_the_pixels_where_the_server_sees_others(
    told: ToldServer, pixels, tmp_path
):
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    told.answer = Keeper()
    found = SeagullClient(told.url).assess(path, [(0, 0, 5, 5)])
    assert found.image.path == str(path)
    assert path.read_bytes() in told.asked[0].body
    changed = Photo(255 - pixels, str(path))
    SeagullClient(told.url).assess(changed, [(0, 0, 5, 5)])
    sent = [asked.body for asked in told.asked if asked.path == "/v1/images"][-1]
    start = sent.index(b"\x89PNG")
    with Image.open(io.BytesIO(sent[start:])) as picture:
        assert np.array_equal(np.array(picture), 255 - pixels)


def test_a_busy_server_is_asked_again_after_the_time_that_it_names(told: ToldServer, pixels):
    keeper = Keeper()
    busy = [error(429, "busy", **{"Retry-After": "1"}), error(503, "not_ready")]
    told.answer = lambda asked: busy.pop(0) if busy else keeper(asked)
    began = time.monotonic()
    SeagullClient(told.url).assess(pixels, [(0, 0, 5, 5)])
    assert time.monotonic() - began >= 1
    told.answer = lambda asked: error(429, "busy", "64 requests wait", **{"Retry-After": "0"})
    with pytest.raises(ServerUnavailable, match=r"too much to do .64 requests wait."):
        SeagullClient(told.url, retries=2).models()
    assert told.paths()[-3:] == ["GET /v1/models"] * 3


def test_what_the_server_says_reaches_the_user(told: ToldServer, pixels):
    told.answer = lambda asked: error(401, "invalid_api_key", "an API key is needed")
    with pytest.raises(ServerUnavailable, match=r"an API key is needed.*--api-key-file"):
        SeagullClient(told.url).models()
    told.answer = lambda asked: error(422, "invalid_request", "regions.0.box: too long")
    with pytest.raises(ServerError, match=r"regions\.0\.box: too long"):
        SeagullClient(told.url).models()
    told.answer = lambda asked: Answer({"hello": 1}, 404)
    with pytest.raises(ServerError, match="404 Not Found; is this the address of a Seagull"):
        SeagullClient(told.url).models()
    told.answer = lambda asked: Answer(lines=[b"<html>"])
    with pytest.raises(ServerError, match="not JSON"):
        SeagullClient(told.url).models()
    told.answer = lambda asked: Answer({}, 307, {"Location": "https://else.where/"})
    with pytest.raises(ServerError, match=r"the server is at https://else.where/; give that"):
        SeagullClient(told.url).models()


def test_no_server_no_answer_and_no_address_are_said_in_words(told: ToldServer):
    gone = told.url
    told.close()
    with pytest.raises(ServerUnavailable, match="cannot be reached; is a server running"):
        SeagullClient(gone).models()
    for url in ("localhost:8000", "ftp://x", "http://", "http://u:p@h", "http://[::1", "h?q=1"):
        with pytest.raises(ValueError, match="a server's address is http://HOST:PORT"):
            SeagullClient(url)
    with pytest.raises(ValueError, match="an API key is ASCII"):
        SeagullClient(gone, api_key="a\nb")


def test_a_slow_answer_ends_with_the_timeout(told: ToldServer):
    told.answer = lambda asked: time.sleep(1.5) or Answer({})  # type: ignore[func-returns-value]
    with pytest.raises(ServerUnavailable, match="took too long"):
        SeagullClient(told.url, timeout=0.2).models()


def test_the_key_and_the_path_of_the_server_are_used(told: ToldServer):
    told.answer = lambda asked: Answer({"data": [{"id": "m", "revision": "7", "trained": False}]})
    (model,) = SeagullClient(f"{told.url}/seagull/v1/", api_key="secret").models()
    assert told.paths() == ["GET /seagull/v1/models"]
    assert told.asked[0].headers["Authorization"] == "Bearer secret"
    assert (model.id, model.info.revision, model.info.trained) == ("m", "7", False)


def streamed(*entries: dict) -> Answer:
    return Answer(lines=[json.dumps(one).encode() + b"\n" for one in entries])


def test_streamed_assessments_come_one_by_one_and_a_lost_end_is_told(told: ToldServer, pixels):
    keeper = Keeper()
    mask = np.ones((HEIGHT, WIDTH), bool)
    start = {"type": "report", "report": {k: v for k, v in report().items() if k != "regions"}}
    one, two = ({"type": "region", "region": entry(str(n), mask)} for n in (1, 2))
    ends = [
        ({"type": "done", "regions": 2}, None),
        ({"type": "error", "error": {"message": "a fault", "code": "internal_error"}}, "a fault"),
        ({"type": "report", "report": start["report"]}, "broke off"),
    ]
    for end, message in ends:
        told.answer = lambda asked, end=end: (
            streamed(start, one, two, end) if asked.path == "/v1/assess" else keeper(asked)
        )
        each = SeagullClient(told.url).assess_each(pixels, [(0, 0, 9, 9), (1, 1, 5, 5)])
        assert [next(each).region.id, next(each).region.id] == ["1", "2"]
        if message is None:
            assert list(each) == []
        else:
            with pytest.raises(ServerError, match=message):
                next(each)


def test_a_conversation_keeps_its_turns_and_sends_them_again(told: ToldServer, pixels):
    keeper = Keeper()
    pieces = [{"choices": [{"delta": {"content": text}}]} for text in ("It is ", "sharp.")]
    lines = [b"data: " + json.dumps(one).encode() + b"\n\n" for one in pieces]

    def answer(asked: Asked) -> Answer:
        if asked.path == "/v1/models":
            return Answer({"data": [{"id": "nano"}]})
        if asked.path == "/v1/images":
            return keeper(asked)
        return Answer(lines=[*lines, b"data: [DONE]\n\n"])

    told.answer = answer
    chat = SeagullClient(told.url).chat(pixels, [(0, 0, 9, 9)])
    assert list(chat.ask("How is it?")) == ["It is ", "sharp."]
    assert "".join(chat.ask("Why?", temperature=0.5, seed=3)) == "It is sharp."
    roles = [message.role for message in chat.messages]
    assert roles == ["user", "assistant", "user", "assistant"]
    sent = told.asked[-1].json
    assert sent["messages"][1] == {"role": "assistant", "content": "It is sharp."}
    assert sent["regions"] == [{"id": "1", "box": [0, 0, 9, 9]}]
    assert (sent["temperature"], sent["seed"], sent["stream"]) == (0.5, 3, True)
