"""Comparisons over HTTP are those of the library; photos come in every form, and once."""

from __future__ import annotations

import gc
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seagull.comparison.compare import compare
from seagull.comparison.json import check_comparison, comparison_to_dict
from seagull.photos import Photo
from seagull.server.budget import Budget
from seagull.server.comparing import at_one_size
from seagull.server.errors import ApiError
from tests.seagull.server.conftest import Reply, Running, other_photo, png, uri

BOXES = [[10, 10, 90, 90], [100, 20, 180, 140]]
REGIONS = [{"box": box} for box in BOXES]


@pytest.fixture(scope="module")
def later(photo: Photo) -> Photo:
    """The photo, noisier in one half."""
    noise = np.random.default_rng(0).normal(0, 40, photo.pixels.shape)
    pixels = np.clip(photo.pixels + noise, 0, 255).astype(np.uint8)
    pixels[:, 100:] = photo.pixels[:, 100:]
    return Photo(pixels)


@pytest.fixture(scope="module")
def later_uri(later: Photo) -> str:
    return uri(png(Image.fromarray(later.pixels)))


def sent(server: Running, image: str) -> str:
    return str(server.ask("/v1/images", {"image": image}).json["id"])


def by_form(server: Running, parts: dict[str, Any]) -> Reply:
    """Sends a form: bytes as files, texts as they are."""
    lines = b""
    for name, value in parts.items():
        file = '; filename="a.png"' if isinstance(value, bytes) else ""
        lines += f'--xyz\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()
        lines += (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=xyz"}
    return server.ask("/v1/compare", data=lines + b"--xyz--\r\n", headers=kind)


def rounded(plain: Any) -> Any:
    """Numbers to four digits: sums over several regions at once differ in the last."""
    return json.loads(json.dumps(plain), parse_float=lambda text: round(float(text), 4))


def test_a_comparison_is_the_one_of_the_library(server, photo, later, picture_uri, later_uri):
    body = {"before": picture_uri, "after": later_uri, "regions": REGIONS}
    reply = server.ask("/v1/compare", body)
    assert reply.status == 200, reply.content
    check_comparison(reply.json)
    here = compare(photo, later, BOXES, model=server.service.assessor)
    assert rounded(reply.json) == rounded(comparison_to_dict(here))
    assert [one["identical"] for one in reply.json["regions"]] == [False, True]


def test_swapped_photos_give_the_mirrored_change(server, picture_uri, later_uri):
    one = server.ask("/v1/compare", {"before": picture_uri, "after": later_uri}).json
    other = server.ask("/v1/compare", {"before": later_uri, "after": picture_uri}).json
    assert [region["source"] for region in one["regions"]] == ["whole"]
    assert one["change"]["quality"] == pytest.approx(-other["change"]["quality"], abs=1e-5) != 0
    same = server.ask("/v1/compare", {"before": later_uri, "after": later_uri}).json
    assert (same["change"]["verdict"], same["regions"][0]["identical"]) == ("same", True)


def test_each_form_of_the_photos_gives_the_same_and_no_photo_is_encoded_twice(server, picture):
    photos = [other_photo(51), other_photo(52)]
    counters = server.service.assessor.engine.counters
    encoded = counters.photos_encoded
    ids = [sent(server, uri(one)) for one in photos]
    first = server.ask("/v1/compare", {"before": ids[0], "after": ids[1], "regions": REGIONS})
    options = json.dumps({"regions": REGIONS})
    forms = [
        {"before": photos[0], "after": photos[1], "options": options},
        {"before": ids[0], "after": photos[1], "options": options},
        {"before": photos[0], "after": uri(photos[1]), "options": options.encode()},
    ]
    for parts in forms:
        reply = by_form(server, parts)
        assert reply.status == 200, reply.content
        assert rounded(reply.json) == rounded(first.json)
    assert counters.photos_encoded == encoded + 2


def test_both_photos_go_through_one_pass(server, picture_uri, later_uri):
    before = server.service.worker.passes
    body = {"before": picture_uri, "after": later_uri, "regions": REGIONS}
    ids = {side: sent(server, body[side]) for side in ("before", "after")}
    assert server.ask("/v1/compare", body | ids).status == 200
    assert server.service.worker.passes - before <= 2  # the first may begin without the second


def test_automatic_regions_are_those_of_the_photo_before(server, picture_uri, later_uri):
    id = sent(server, picture_uri)
    found = server.ask(f"/v1/images/{id}/regions?max_regions=3").json
    body = {"before": id, "after": later_uri, "everything": True, "max_regions": 3}
    made = server.ask("/v1/compare", body).json
    assert [one["mask"] for one in made["regions"]] == [one["mask"] for one in found["regions"]]
    assert made["segmenter"] == found["segmenter"]


def test_photos_of_other_sizes_need_a_resize_and_of_other_aspects_are_refused(server, picture_uri):
    large, wide = uri(other_photo(53, (300, 400))), uri(other_photo(54, (150, 300)))
    refused = server.ask("/v1/compare", {"before": picture_uri, "after": large})
    assert refused.status == 422
    assert refused.json["error"]["code"] == "photos_differ"
    assert "200x150 before, 400x300 after; say which" in refused.json["error"]["message"]
    for resize, size in (("after", [200, 150]), ("before", [400, 300])):
        body = {"before": picture_uri, "after": large, "resize": resize, "regions": REGIONS}
        made = server.ask("/v1/compare", body).json
        assert [made[side][name] for side in ("before", "after") for name in ("width", "height")] \
            == size * 2  # fmt: skip
        assert made["resized"]["photo"] == resize
    body = {"before": picture_uri, "after": wide, "resize": "after"}
    assert server.ask("/v1/compare", body).json["error"]["code"] == "photos_differ"
    assert server.ask("/v1/compare", body | {"resize": "both"}).status == 422


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_lost_image_is_404_on_either_side(server, picture_uri, side):
    photos = {"before": picture_uri, "after": picture_uri, side: "img_" + "0" * 32}
    for reply in (server.ask("/v1/compare", photos), by_form(server, photos)):
        assert (reply.status, reply.json["error"]["code"]) == (404, "image_not_found")


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [({"region": []}, 422, "region"), ({"max_regions": 0}, 422, "max_regions"),
     ({"before": "/etc/passwd"}, 422, "before"),
     ({"before": "data:image/png;base64,AAAA"}, 422, ""),
     ({"regions": [{"box": [0, 0, 9000, 9]}]}, 422, "region 1"), ({"text": True}, 422, "text")],
)  # fmt: skip
def test_faults_are_named(server, picture_uri, more, status, said):
    reply = server.ask("/v1/compare", {"before": picture_uri, "after": picture_uri} | more)
    assert reply.status == status
    assert said in reply.json["error"]["message"]


@pytest.mark.parametrize(
    ("parts", "status", "said"),
    [({"before": b""}, 422, ""), ({}, 422, "part 'before'"),
     ({"before": "img_", "options": "{"}, 400, "not JSON"),
     ({"options": "[" * 1000}, 400, "nested"), ({"options": '{"regions": 3}'}, 422, "regions"),
     ({"photo": "x"}, 422, "before, after, options"),
     ({"options": '{"before": "x"}'}, 422, "before")],
)  # fmt: skip
def test_faults_of_a_form_are_named(server, parts, status, said):
    reply = by_form(server, parts)
    assert reply.status == status, reply.content
    assert said in reply.json["error"]["message"]


def test_what_a_resized_photo_takes_is_counted_while_it_is_held():
    small, large = Photo(np.zeros((15, 20, 3), np.uint8)), Photo(np.ones((30, 40, 3), np.uint8))
    memory = Budget(3600, "memory")
    made = at_one_size(small, large, "before", memory)
    assert memory.used == 3600 == made[0].pixels.nbytes
    with pytest.raises(ApiError, match="enough to do"):
        at_one_size(large, small, "after", memory)
    del made
    gc.collect()
    assert memory.used == 0
    with pytest.raises(ApiError, match="different sections"):
        at_one_size(Photo(np.zeros((9, 20, 3), np.uint8)), large, "before", memory)
    assert memory.used == 0
