"""Label Studio's ML backend, asked as Label Studio asks."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import uvicorn

from seagull.regions.classical import ClassicalSegmenter
from seagull.regions.spec import RegionSpec
from seagull.server.label_studio.brush import decode_brush, encode_brush
from seagull.server.label_studio.config import read_config
from seagull.server.label_studio.context import read_context
from seagull.server.label_studio.results import as_answered, corners_of
from seagull.server.label_studio.source import LabelStudioFiles
from seagull.server.run import make_server
from seagull.server.settings import ServerSettings, key_digest
from seagull.types import Region
from tests.seagull.conftest import Answer
from tests.seagull.server.conftest import Running, running

CONFIG = """
<View>
  <!-- people click here -->
  <Image name="img" value="$photo" zoom="true"/>
  <KeyPointLabels name="dots" toName="img" smart="true"><Label value="Face"/></KeyPointLabels>
  <{shape}Labels name="parts" toName="img"><Label value="Thing"/><Label value="Face"/></{shape}Labels>
  <Rating name="stars" toName="img" perRegion="true" maxRating="10"/>
  <Choices name="level" toName="img" perRegion="true">
    <Choice value="Bad"/><Choice value="Poor"/><Choice value="Fair"/><Choice value="Good"/>
    <Choice value="Great" alias="excellent"/>
  </Choices>
  <Choices name="types" toName="img" perRegion="true" choice="multiple">
    <Choice value="Blur"/><Choice value="Noise"/><Choice value="Exposure"/>
  </Choices>
  <Choices name="all" toName="img"><Choice value="Blur"/><Choice value="Noise"/></Choices>
  <Number name="score" toName="img" perRegion="true" max="100"/>
  <TextArea name="words" toName="img" perRegion="true"/>
</View>
"""  # noqa: E501


def test_the_tags_of_a_project_are_read():
    config = read_config(CONFIG.format(shape="Brush"))
    assert (config.image, config.data_key, config.answered.kind) == ("img", "photo", "brushlabels")
    assert config.answered.labels == ("Thing", "Face")
    assert (config.ratings, config.numbers, config.texts) == (
        {"stars": 10},
        {"score": 100},
        ("words",),
    )
    level, types = config.choices
    assert (level.meaning, level.words["excellent"]) == ("quality", "Great")
    assert (types.name, types.words) == (
        "types", {"blur": "Blur", "noise": "Noise", "exposure": "Exposure"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<View><Text name='t'/></View>", "no image"),
        ("<View>", "no XML"),
        ("<!DOCTYPE x [<!ENTITY a 'aa'>]><View>&a;</View>", "document type"),
        ("x" * 200_001, "more than 200000"),
        ("<a>" * 33 + "</a>" * 33, "more than 32 levels"),
    ],
)
def test_a_configuration_of_no_use_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        read_config(text)
    with pytest.raises(ValueError, match="draws no regions"):
        read_config("<View><Image name='i' value='$i'/></View>").answered  # noqa: B018


def rectangle(x, y, width, height, **more: Any) -> dict:
    value = {"x": x, "y": y, "width": width, "height": height, "rectanglelabels": ["Face"]} | more
    return {"type": "rectanglelabels", "value": value, "original_width": 200}


def point(x, y, inside=1) -> dict:
    value = {"x": x, "y": y, "width": 0.5, "keypointlabels": ["Face"]}
    return {"type": "keypointlabels", "is_positive": inside, "value": value}


def test_what_was_drawn_becomes_pixels():
    polygon = {"points": [[0, 0], [50, 0], [50, 50]], "closed": True}
    drawn = [
        rectangle(10, 20, 30, 40),
        rectangle(50, 50, 20, 10, rotation=90),
        {"type": "polygonlabels", "value": polygon},
        {
            "type": "brushlabels",
            "value": {"format": "rle", "rle": encode_brush(np.eye(100, 200) > 0)},
        },
        {"type": "choices", "value": {"choices": ["Blur"]}},
    ]
    context = read_context(drawn, (100, 200), boxes_are_prompts=False)
    box, turned, outline, brush = context.specs
    assert box.box == (20, 20, 80, 60)
    assert context.labels[box.id] == "Face"
    assert turned.build((100, 200)).box == (90, 50, 100, 90)
    assert outline.polygon == ((0, 0, 100, 0, 100, 50),)
    assert brush.build((100, 200)).area == 100
    prompts = read_context([rectangle(10, 20, 30, 40)], (100, 200), boxes_are_prompts=True)
    assert prompts.specs == (
        RegionSpec("drawn-1", box=(20.0, 20.0, 80.0, 60.0), refine=True, box_format="xyxy"),
    )


def test_points_and_a_box_are_one_prompt():
    drawn = [point(50, 50), point(100, 100, 0), rectangle(0, 0, 50, 50)]
    context = read_context(drawn, (100, 200), boxes_are_prompts=True)
    assert context.points == ((100, 50, 1), (199, 99, 0))
    assert (context.box, context.specs) == ((0, 0, 100, 50), ())
    with pytest.raises(ValueError, match="none inside"):
        read_context([point(1, 1, 0)], (9, 9), boxes_are_prompts=True)
    with pytest.raises(ValueError, match="several boxes"):
        read_context([*drawn, drawn[2]], (9, 9), boxes_are_prompts=True)
    with pytest.raises(ValueError, match="item 1 of the context"):
        read_context([point("a", 1)], (9, 9), boxes_are_prompts=True)


@pytest.mark.parametrize("shape", ["round", "line", "dot", "edge"])
def test_a_polygon_is_drawn_around_what_it_stands_for(shape):
    mask = np.zeros((90, 120), bool)
    rows, columns = np.mgrid[:90, :120]
    where = {
        "round": (rows - 45) ** 2 + (columns - 60) ** 2 < 30**2,
        "line": (rows == 20) & (columns > 5) & (columns < 90),
        "dot": (rows == 3) & (columns == 4),
        "edge": (rows >= 70) & (columns >= 100),
    }
    mask[where[shape]] = True
    region = Region(mask)
    drawn = as_answered(region, "polygon").mask
    assert (drawn & mask).sum() / (drawn | mask).sum() > 0.95
    assert corners_of(region).min() >= 0


def ask(server: Running, picture_uri: str, shape: str, *drawn: dict, **more: Any) -> Any:
    request = {
        "tasks": [{"id": 7, "data": {"photo": picture_uri}, "is_labeled": False}],
        "project": "1.1700000000", "label_config": CONFIG.format(shape=shape),
        "params": {"login": None, "password": None, "context": {"result": list(drawn)}},
    }  # fmt: skip
    reply = server.ask("/label-studio/predict", request | more)
    assert reply.status == 200, reply.content
    return reply.json


class TestServer:
    """Requests as Label Studio sends them, to a server that is really started."""

    def test_health_setup_and_webhook_are_answered(self, server):
        for path in ("/label-studio/health", "/label-studio/"):
            assert server.ask(path).json == {"status": "UP", "model_class": "Seagull"}
        asked = {"project": "1.17", "schema": CONFIG.format(shape="Brush"), "extra_params": "",
                 "hostname": "http://localhost:8080", "access_token": "x"}  # fmt: skip
        assert server.ask("/label-studio/setup", asked).json == {"model_version": "tiny-0"}
        refused = server.ask("/label-studio/setup", asked | {"schema": "<View/>"})
        assert (refused.status, refused.json["error"]["code"]) == (422, "invalid_label_config")
        event = {"action": "ANNOTATION_CREATED", "annotation": {"id": 1}}
        assert server.ask("/label-studio/webhook", event).status == 201

    @pytest.mark.parametrize("shape", ["Brush", "Polygon", "Rectangle"])
    def test_a_region_comes_with_results_under_its_own_id(self, server, picture_uri, shape):
        (found,) = ask(server, picture_uri, shape, rectangle(10, 20, 30, 40))["results"]
        region, *each = found["result"]
        assert {one["id"] for one in found["result"]} == {region["id"]}
        assert (region["from_name"], region["to_name"]) == ("parts", "img")
        assert region["type"] == f"{shape.lower()}labels"
        assert (region["original_width"], region["original_height"]) == (200, 150)
        assert region["value"][region["type"]] == ["Face"]
        by_name = {one["from_name"]: one for one in each}
        rating = by_name["stars"]["value"]["rating"]
        score = by_name["score"]["value"]["number"]
        assert rating == min(int(score / 10) + 1, 10)
        level = by_name["level"]["value"]["choices"]
        assert level == [("Bad", "Poor", "Fair", "Good", "Great")[min(int(score / 20), 4)]]
        assert by_name["words"]["type"] == "textarea"
        assert found["model_version"] == "tiny-0"
        assert 0 < found["score"] <= 1
        value = region["value"]
        if shape == "Rectangle":
            assert (value["x"], value["y"], value["width"], value["height"]) == (10, 20, 30, 40)
        elif shape == "Brush":
            assert decode_brush(value["rle"], (150, 200)).any()
        else:
            assert all(0 <= number <= 100 for corner in value["points"] for number in corner)

    def test_clicks_mean_one_region_and_nothing_drawn_means_all_of_them(self, server, picture_uri):
        clicked = ask(server, picture_uri, "Brush", point(30, 30), point(90, 90, 0))
        regions = [one for one in clicked["results"][0]["result"] if one["type"] == "brushlabels"]
        assert len(regions) == 1
        assert decode_brush(regions[0]["value"]["rle"], (150, 200))[45, 60]
        boxed = ask(server, picture_uri, "Brush", point(30, 30), rectangle(20, 20, 30, 30))
        (region,) = [one for one in boxed["results"][0]["result"] if "rle" in one["value"]]
        mask = decode_brush(region["value"]["rle"], (150, 200))
        assert mask[45, 60]
        assert not mask[100:].any()
        alone = ask(server, picture_uri, "Rectangle", params=None)["results"][0]["result"]
        ids = [one["id"] for one in alone if one["type"] == "rectanglelabels"]
        assert 1 < len(ids) == len(set(ids)) <= 16

    def test_what_cannot_be_used_is_refused_with_a_reason(self, server, picture_uri):
        whole = {"tasks": [], "label_config": CONFIG.format(shape="Brush")}
        cases = [
            ({"tasks": [{"id": 1, "data": {}}]}, "no_image"),
            ({"tasks": [{"id": 1, "data": {"photo": "/data/upload/1/a.jpg"}}]}, "no_image"),
            ({"tasks": [{"id": 1, "data": {"photo": "http://x.org/a.jpg"}}]}, "url_not_allowed"),
            ({"label_config": "<View>"}, "invalid_label_config"),
            (
                {
                    "tasks": [{"data": {"photo": picture_uri}}],
                    "params": {"context": {"result": [point(1, 1, 0)]}},
                },
                "invalid_context",
            ),
        ]
        for change, code in cases:
            reply = server.ask("/label-studio/predict", whole | change)
            assert reply.json["error"]["code"] == code, reply.content
            assert 400 <= reply.status < 500
        assert server.ask("/label-studio/predict", whole).json["results"] == []


def test_files_of_label_studio_are_fetched_from_it_alone_with_its_key(make_assessor, picture, told):
    server = make_server(make_assessor(), ClassicalSegmenter, ServerSettings(port=0))
    server.config.app.state.label_studio = LabelStudioFiles(told.url, "tok")
    told.answer = lambda asked: Answer(lines=[picture])
    place = "/data/upload/1/a%20b.png?d=1"
    with listening(server) as started:
        for _ in range(2):
            (found,) = ask(started, place, "Rectangle", rectangle(10, 20, 30, 40))["results"]
            assert found["result"][0]["original_width"] == 200
    # The second click finds the photo here.
    assert told.paths() == [f"GET {place}"]
    assert told.asked[0].headers["Authorization"] == "Token tok"


def test_a_key_is_the_password_that_label_studio_sends(make_assessor):
    key = "0123456789abcdef"
    basic = base64.b64encode(f"label-studio:{key}".encode()).decode()
    with running(make_assessor(), ServerSettings(port=0, keys=(key_digest(key),))) as server:
        path = "/label-studio/health"
        assert server.ask(path).status == 401
        assert server.ask(path, headers={"Authorization": f"Basic {basic}"}).status == 200


@contextmanager
def listening(server: uvicorn.Server) -> Iterator[Running]:
    """A server in a thread, for the time of a ``with``."""
    sockets = [server.config.bind_socket()]
    thread = threading.Thread(target=server.run, args=(sockets,), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = sockets[0].getsockname()[1]
    service = server.config.app.state.service
    try:
        yield Running(f"http://127.0.0.1:{port}", port, service, lambda: None)
    finally:
        server.should_exit = True
        thread.join(20)
