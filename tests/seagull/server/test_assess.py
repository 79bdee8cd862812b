"""Reports over HTTP are the reports of the library, whole and line by line."""

from __future__ import annotations

import base64
import io
import json
import re
import struct

import numpy as np
import pytest
from PIL import Image

from seagull.regions.rle import Rle, decode, encode
from seagull.reports.json import report_from_dict, report_to_dict
from tests.seagull.server.conftest import Running, form, other_photo, png, uri

BOXES = [[10, 10, 90, 90], [100, 20, 180, 140]]


def asked(boxes):
    return [{"box": box} for box in boxes]


def test_a_report_is_the_one_of_the_library(server, picture_uri, photo):
    reply = server.ask("/v1/assess", {"image": picture_uri, "regions": asked(BOXES)})
    assert reply.status == 200, reply.content
    assert reply.json == report_to_dict(server.service.assessor.assess(photo, BOXES))


def test_without_regions_the_whole_photo_is_assessed(server, image_id):
    report = report_from_dict(server.ask("/v1/assess", {"image": image_id}).json)
    assert [entry.region.source for entry in report.regions] == ["whole"]


def test_an_image_is_sent_once_and_encoded_once(server):
    data, kind = form(other_photo(1))
    before = server.service.assessor.engine.counters.photos_encoded
    sent = server.ask("/v1/images", data=data, headers={"Content-Type": kind})
    assert sent.status == 201, sent.content
    assert (sent.json["width"], sent.json["height"]) == (200, 150)
    for box in BOXES:
        body = {"image": sent.json["id"], "regions": asked([box]), "tasks": ["quality"]}
        reply = server.ask("/v1/assess", body)
        assert reply.status == 200
        assert reply.json["image"]["sha256"] == sent.json["sha256"]
        assert reply.json["regions"][0]["importance"] is None
    assert server.service.assessor.engine.counters.photos_encoded == before + 1


def test_every_form_of_a_region_is_the_same_region(server, image_id):
    mask = np.zeros((150, 200), dtype=bool)
    mask[20:60, 30:90] = True
    forms = [
        {"id": "box", "box": [30, 20, 90, 60]},
        {"id": "xywh", "box": [30, 20, 60, 40], "box_format": "xywh"},
        {"id": "polygon", "polygon": [[30, 20, 90, 20, 90, 60, 30, 60]]},
        {"id": "rle", "rle": encode(mask).to_dict()},
        {"id": "mask", "mask": uri(png(Image.fromarray(mask.astype(np.uint8) * 255)))},
    ]
    reply = server.ask("/v1/assess", {"image": image_id, "regions": forms, "tasks": ["quality"]})
    assert reply.status == 200, reply.content
    regions = reply.json["regions"]
    assert [region["id"] for region in regions] == [form["id"] for form in forms]
    assert [region["source"] for region in regions] == ["box", "box", "polygon", "rle", "mask"]
    assert {json.dumps(region["quality"]) for region in regions} == {
        json.dumps(regions[0]["quality"])
    }
    for region in regions:
        assert (decode(Rle.from_dict(region["mask"])) == mask).all()


def test_lines_come_region_by_region_and_make_up_the_report(server, image_id):
    body = {"image": image_id, "regions": asked(BOXES)}
    whole = server.ask("/v1/assess", body).json
    reply = server.ask("/v1/assess", body | {"stream": True})
    assert reply.headers["content-type"] == "application/x-ndjson"
    first, *regions, last = map(json.loads, reply.content.splitlines())
    assert (first["type"], last) == ("report", {"type": "done", "regions": 2})
    assert first["report"] | {"regions": [line["region"] for line in regions]} == whole


@pytest.mark.parametrize("stream", [False, True])
def test_pictures_come_when_asked_for(server, image_id, stream):
    body = {"image": image_id, "regions": asked(BOXES), "overlay": True, "heatmap": True}
    reply = server.ask("/v1/assess", body | {"stream": stream})
    assert reply.status == 200, reply.content
    plain = json.loads(reply.content.splitlines()[-1])
    for name in ("overlay", "heatmap"):
        head, _, text = plain[name].partition(",")
        assert head == "data:image/png;base64"
        assert Image.open(io.BytesIO(base64.b64decode(text))).size[0] >= 800


def test_automatic_regions_are_found_once_and_are_those_of_a_report(server, photo):
    turned = np.ascontiguousarray(photo.pixels[::-1])
    id = server.ask("/v1/images", {"image": uri(png(Image.fromarray(turned)))}).json["id"]
    before = server.service.segmenting.segmenter.opened
    found = server.ask(f"/v1/images/{id}/regions?max_regions=4")
    assert found.status == 200, found.content
    body = {"image": id, "everything": True, "max_regions": 4, "tasks": ["quality"]}
    report = server.ask("/v1/assess", body)
    assert found.json["regions"]
    assert [r["mask"] for r in report.json["regions"]] == [r["mask"] for r in found.json["regions"]]
    assert report.json["segmenter"] == found.json["segmenter"]
    assert server.service.segmenting.segmenter.opened == before + 1


def test_clicks_on_a_photo_open_it_once(server):
    id = server.ask("/v1/images", {"image": uri(other_photo(3))}).json["id"]
    before = server.service.segmenting.segmenter.opened
    for prompt in (
        {"points": [[50, 60]]},
        {"points": [[80, 90, 1], [10, 10, 0]]},
        {"box": [5, 5, 90, 99]},
    ):
        reply = server.ask("/v1/segment", {"image": id, **prompt})
        assert reply.status == 200, reply.content
        assert decode(Rle.from_dict(reply.json["mask"])).shape == (150, 200)
        assert reply.json["segmenter"]
    assert server.service.segmenting.segmenter.opened == before + 1


def test_an_unknown_image_is_a_404_with_its_code(server: Running):
    for path, body in (
        ("/v1/assess", {"image": "img_" + "0" * 32}),
        ("/v1/segment", {"image": "img_" + "0" * 32, "box": [0, 0, 9, 9]}),
        (f"/v1/images/img_{'0' * 32}/regions", None),
    ):
        reply = server.ask(path, body)
        assert (reply.status, reply.json["error"]["code"]) == (404, "image_not_found")


def test_what_a_text_should_be_is_said_in_words(server: Running):
    for path, body in (
        ("/v1/images/cat/regions", None),
        ("/v1/assess", {"image": "cat"}),
        ("/v1/images", {"image": "cat"}),
        ("/v1/assess", {"image": "data:", "regions": [{"mask": "cat.png"}]}),
    ):
        reply = server.ask(path, body)
        message = reply.json["error"]["message"]
        assert reply.status == 422
        assert re.search("should be (the id of an image|a data URI)", message), message
        assert not set("^$[]") & set(message), message


def test_an_integer_may_be_written_with_a_zero_fraction(server: Running, image_id):
    body = {"image": image_id, "tasks": ["quality"], "max_regions": 4.0}
    assert server.ask("/v1/assess", body).status == 200
    assert server.ask("/v1/assess", body | {"max_regions": 4.5}).status == 422


@pytest.mark.parametrize("read_out", ["head", "language_model"])
def test_answers_in_words_and_the_language_model_s_numbers_come_when_asked_for(
    server, image_id, photo, read_out
):
    body = {"image": image_id, "regions": asked(BOXES), "text": True, "read_out": read_out}
    reply = server.ask("/v1/assess", body)
    assert reply.status == 200, reply.content
    expected = server.service.assessor.assess(photo, BOXES, text=True, read_out=read_out)
    # The server asks about a region at a time: other packs, so other roundings.
    for got, alone in zip(reply.json["regions"], report_to_dict(expected)["regions"], strict=True):
        assert got["text"] == alone["text"]
        assert got["quality"]["level"] == alone["quality"]["level"]
        assert got["quality"]["score"] == pytest.approx(alone["quality"]["score"], abs=1e-4)
        for one, other in zip(got["distortions"], alone["distortions"], strict=True):
            assert one["type"] == other["type"]
            assert one["severity"] == other["severity"]
            assert one["probability"] == pytest.approx(other["probability"], abs=1e-4)
    assert set(reply.json["regions"][0]["text"]) == {"quality", "importance", "distortion"}


def test_what_takes_json_says_so_to_a_form(server):
    data, kind = form(other_photo(1))
    reply = server.ask("/v1/assess", data=data, headers={"Content-Type": kind})
    assert (reply.status, reply.json["error"]["code"]) == (415, "unsupported_media_type")
    assert "takes JSON" in reply.json["error"]["message"]


def test_a_photo_is_too_large_by_one_code_whoever_finds_it(server):
    for side in (7_500, 20_000):  # more than the server takes; more than is ever read
        head = b"BM" + struct.pack("<IHHI", 54, 0, 0, 54)
        head += struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
        reply = server.ask("/v1/images", {"image": uri(head)})
        assert (reply.status, reply.json["error"]["code"]) == (413, "image_too_large")


def test_the_smallest_photo_is_taken(server):
    for mode in ("L", "RGB", "1"):
        data, kind = form(png(Image.new(mode, (1, 1))))
        sent = server.ask("/v1/images", data=data, headers={"Content-Type": kind})
        assert sent.status == 201, sent.content
        assert server.ask("/v1/assess", {"image": sent.json["id"]}).status == 200


def test_a_photo_without_regions_of_its_own_has_an_empty_list(server):
    id = server.ask("/v1/images", {"image": uri(png(Image.new("RGB", (40, 30), "grey")))}).json[
        "id"
    ]
    assert server.ask(f"/v1/images/{id}/regions").json["regions"] == []
    refused = server.ask("/v1/assess", {"image": id, "everything": True})
    assert (refused.status, refused.json["error"]["code"]) == (422, "no_regions")
