"""Requests that mean no good, each with the statuses that are right for it."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.seagull.server.conftest import form, other_photo, uri
from tests.seagull.server.hostile_request import Hostile, chunk, png_of


def requests(image_id: str, count: int, seed: int = 7) -> Iterator[Hostile]:
    """So many requests, kind after kind; the seed decides their numbers."""
    rng = Random(seed)
    for number in range(count):
        yield MAKERS[number % len(MAKERS)](rng, image_id)


def assess(name: str, id: str, statuses: tuple[int, ...], **more: Any) -> Hostile:
    return Hostile(name, "/v1/assess", json.dumps({"image": id, **more}).encode(), statuses)


def image(name: str, content: bytes, statuses: tuple[int, ...]) -> Hostile:
    return Hostile(name, "/v1/images", json.dumps({"image": uri(content)}).encode(), statuses)


def large_picture(rng: Random, id: str) -> Hostile:
    side = rng.choice([2_000, 12_000, 60_000, 2_000_000])
    data = zlib.compress(bytes(1 << 16))
    return image("a small file of many pixels", png_of(side, side, data), (413, 422))


def inflating_picture(rng: Random, id: str) -> Hostile:
    data = zlib.compress(bytes(rng.randrange(20, 60) << 20), 9)
    return image("pixels that inflate without end", png_of(64, 64, data), (201, 422))


def inflating_text(rng: Random, id: str) -> Hostile:
    text = b"note\0\0" + zlib.compress(bytes(rng.randrange(20, 60) << 20), 9)
    data = zlib.compress(bytes(64 * (1 + 64 * 3)))
    return image("a note that inflates", png_of(64, 64, data, chunk(b"zTXt", text)), (201, 422))


def large_bitmap(rng: Random, id: str) -> Hostile:
    side = rng.randrange(30_000, 60_000)
    head = b"BM" + struct.pack("<IHHI", 54, 0, 0, 54)
    head += struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    return image("a bitmap without pixels", head, (413, 422))


def torn_picture(rng: Random, id: str) -> Hostile:
    whole = other_photo(3)
    return image("half a picture", whole[: rng.randrange(0, len(whole) - 900)], (422,))


def noise(rng: Random, id: str) -> Hostile:
    magic = rng.choice(
        [b"", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"II*\0", b"8BPS"]
    )
    return image("noise", magic + rng.randbytes(rng.randrange(0, 3000)), (422,))


def wrong_uri(rng: Random, id: str) -> Hostile:
    text = rng.choice(
        ["data:image/png,AAAA", "data:;base64,====", "data:", "data:image/png;base64,\u00e9\u00e9",
         "data:image/png;base64,A", "data:image/svg+xml;base64,PHN2Zz4="]
    )  # fmt: skip
    return assess("a data URI that is none", text, (422,))


def wrong_address(rng: Random, id: str) -> Hostile:
    text = rng.choice(
        ["file:///etc/passwd", "http://169.254.169.254/latest", "http://127.0.0.1:22/", "../x.png",
         "https://[::1]/", "ftp://a/b", "/etc/passwd", "img_" + "0" * 33, "http://user@host/"]
    )  # fmt: skip
    return assess("an address", text, (403, 422))


def mask_path(rng: Random, id: str) -> Hostile:
    path = rng.choice(["/etc/passwd", "a.png:ids", "data:", "data:image/png;base64,AAAA"])
    return assess("a mask's path", id, (422,), regions=[{"mask": path}])


def large_mask(rng: Random, id: str) -> Hostile:
    mask = uri(png_of(rng.randrange(9_000, 90_000), 9_000, zlib.compress(bytes(999))))
    return assess("a mask of many pixels", id, (413, 422), regions=[{"mask": mask}])


def large_rle(rng: Random, id: str) -> Hostile:
    counts = rng.choice(["0" * 3_000_000, "o" * 900_000, "~" * 99, "PPPPPPPP0", "\u00e9", ""])
    size = rng.choice([[150, 200], [10**9, 10**9], [1, 1]])
    return assess(
        "run lengths", id, (413, 422), regions=[{"rle": {"size": size, "counts": counts}}]
    )


def listed_rle(rng: Random, id: str) -> Hostile:
    counts = rng.choice([[10**18] * 9, [1] * 250_000, [2**63, 2**64], [-1], [0.5], [30_001]])
    region = {"rle": {"size": [150, 200], "counts": counts}}
    return assess("listed run lengths", id, (413, 422), regions=[region])


def large_polygon(rng: Random, id: str) -> Hostile:
    ring = rng.choice([[1e308] * 6, [-1e12] * 8, [0] * 25_000, [1, 2, 3], [9] * 7, [10**400] * 6])
    return assess("a polygon", id, (413, 422), regions=[{"polygon": [ring]}])


def many_regions(rng: Random, id: str) -> Hostile:
    region = {"box": [1, 1, 9, 9]}
    return assess(
        "many regions", id, (413, 422), regions=[region] * rng.choice([129, 2000, 40_000])
    )


def many_polygons(rng: Random, id: str) -> Hostile:
    ring = [float(number % 90) for number in range(1_000)]
    return assess("many polygons", id, (413, 422), regions=[{"polygon": [ring] * 30}])


def wrong_region(rng: Random, id: str) -> Hostile:
    region = rng.choice(
        [{}, {"box": [9, 9, 1, 1]}, {"box": [0, 0, 1e9, 1e9]}, {"whole": True, "box": [0, 0, 9, 9]},
         {"points": [[-5, 5]]}, {"points": [[5, 5, 7]]}, {"points": [[5, 5, 0]]}, {"refine": True},
         {"id": "", "whole": True}, {"id": "x" * 999, "whole": True}, {"box": ["1", 2, 3, 4]},
         {"box": [True, 0, 9, 9]}, {"whole": "yes"}, {"hat": 1, "whole": True}, None, 5, []]
    )  # fmt: skip
    return assess("a region that is none", id, (422,), regions=[region])


def same_ids(rng: Random, id: str) -> Hostile:
    regions = [{"id": "a", "whole": True}, {"id": "a", "box": [1, 1, 9, 9]}]
    return assess("two regions of one id", id, (422,), regions=regions)


def deep(rng: Random, id: str) -> Hostile:
    opening, closing = rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
    depth = rng.choice([40, 5_000, 400_000])
    ends = closing * depth if rng.random() < 0.5 else b""
    body = b'{"image":' + opening * depth + b"1" + ends
    return Hostile("deep JSON", rng.choice(POSTS), body, (400, 413))


def wide(rng: Random, id: str) -> Hostile:
    return Hostile("wide JSON", rng.choice(POSTS), b"[" + b"[]," * 900_000 + b"1]", (413,))


def closing(rng: Random, id: str) -> Hostile:
    body = rng.choice([b"]", b"}", b'""']) * rng.randrange(300_000, 1_000_000)
    return Hostile("signs without a value", rng.choice(POSTS), body, (400, 413))


def nested_tags(rng: Random, id: str) -> Hostile:
    depth = rng.randrange(1_000, 3_700)
    labels = "<BrushLabels>" * depth + "<Label/>" * 12_000 + "</BrushLabels>" * depth
    body = json.dumps({"schema": f"<View><Image/>{labels}</View>"}).encode()
    return Hostile("tags in tags", "/label-studio/setup", body, (422,))


def torn_json(rng: Random, id: str) -> Hostile:
    whole = json.dumps({"image": id, "regions": [{"box": [1, 2, 30, 40]}]}).encode()
    body = whole[: rng.randrange(1, len(whole) - 1)]
    return Hostile("half a JSON", "/v1/assess", body, (400,))


def bad_text(rng: Random, id: str) -> Hostile:
    body = rng.choice(
        [b'{"image": "\xff\xfe"}', b"\xc3\x28", '{"image": "x"}'.encode("utf-16"), b"\0" * 9,
         b'{"image": "\xed\xa0\x80"}', rng.randbytes(99)]
    )  # fmt: skip
    return Hostile("bad UTF-8", rng.choice(POSTS), body, (400,))


def half_pair(rng: Random, id: str) -> Hostile:
    field = rng.choice(["image", "regions", "tasks", "\\udfff"])
    body = f'{{"image": "{id}", "{field}": ["\\ud800"], "model": "\\ud800"}}'.encode()
    return Hostile("half a surrogate pair", rng.choice(POSTS), body, (400, 404, 422))


def odd_numbers(rng: Random, id: str) -> Hostile:
    number = rng.choice(["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "-0.0", "1" * 300])
    body = f'{{"image": "{id}", "regions": [{{"box": [0, 0, {number}, 9]}}]}}'.encode()
    return Hostile("odd numbers", "/v1/assess", body, (400, 422))


def odd_chat(rng: Random, id: str) -> Hostile:
    more = rng.choice(
        [{"messages": []}, {"messages": "hello"}, {"temperature": -1}, {"temperature": "NaN"},
         {"max_tokens": 10**30}, {"seed": 10**30}, {"stop": [""]}, {"stop": ["x" * 999]},
         {"messages": [{"role": "user", "content": "x" * 100_000}]},
         {"messages": [{"role": "tool", "content": "x"}]}, {"top_p": 0}, {"logit_bias": {"1": 1}},
         {"messages": [{"role": "user", "content": [{"type": "audio"}]}]}, {"stream": "yes"},
         {"messages": [{"role": "user", "content": "x"}] * 400}, {"regions": [{"whole": True}]},
         {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}}]
    )  # fmt: skip
    plain = {"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}
    body = json.dumps(plain | more).encode()
    return Hostile("an odd chat", "/v1/chat/completions", body, (400, 422))


def torn_form(rng: Random, id: str) -> Hostile:
    whole, kind = form(other_photo(3))
    body = whole[: rng.randrange(0, len(whole) - 300)]
    return Hostile("half a form", "/v1/images", body, (400, 415, 422), kind)


def odd_form(rng: Random, id: str) -> Hostile:
    whole, kind = form(other_photo(3), name=rng.choice(["photo", "", "file[]", "a" * 5000]))
    kind = rng.choice([kind, kind + "zz", "multipart/form-data", "multipart/form-data; boundary="])
    return Hostile("an odd form", "/v1/images", whole, (400, 422), kind)


def many_parts(rng: Random, id: str) -> Hostile:
    part = b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    body = part * rng.choice([9, 5_000]) + b"--xyz--\r\n"
    return Hostile(
        "many parts", "/v1/images", body, (400, 422), "multipart/form-data; boundary=xyz"
    )


def other_kind(rng: Random, id: str) -> Hostile:
    kind = rng.choice(["text/plain", "application/xml", "image/png", "application/octet-stream"])
    return Hostile("another content type", rng.choice(POSTS), b"{}", (415,), kind)


def other_method(rng: Random, id: str) -> Hostile:
    method, path = rng.choice(["PUT", "DELETE", "PATCH", "BREW"]), rng.choice([*POSTS, "/healthz"])
    return Hostile("another method", path, b"{}", (405,), method=method)


def other_path(rng: Random, id: str) -> Hostile:
    path = rng.choice(
        ["/v1/../../etc/passwd", "/v1/images/%2e%2e/regions", "/%00", "/v1/images//regions",
         f"/v1/images/{id}/regions/x", "/docs", "/v2", "/" + "a" * 5000, "/v1/assess/"]
    )  # fmt: skip
    return Hostile("another path", path, b"", (404, 405, 307, 422), method="GET")


def odd_query(rng: Random, id: str) -> Hostile:
    text = rng.choice(["0", "-1", "999999", "x", "%ff", "1e3", "", "9" * 5000])
    path = f"/v1/images/{id}/regions?max_regions={text}"
    return Hostile("an odd query", path, b"", (422,), method="GET")


def large_body(rng: Random, id: str) -> Hostile:
    body = b'{"image": "data:' + b"A" * (5 << 20) + b'"}'
    return Hostile("a large body", rng.choice(POSTS), body, (413,))


def large_claim(rng: Random, id: str) -> Hostile:
    claim = rng.choice([10**8, 10**15])
    return Hostile("a large claim", rng.choice(POSTS), b"{", (413,), claimed=claim)


def slow(rng: Random, id: str) -> Hostile:
    return Hostile(
        "a slow body", rng.choice(POSTS), b" " * 400, (408,), pause=0.2, step=rng.randrange(1, 9)
    )


def unfinished(rng: Random, id: str) -> Hostile:
    return Hostile("a body without end", rng.choice(POSTS), b"{", (408,), claimed=900)


def other_site(rng: Random, id: str) -> Hostile:
    headers = rng.choice(
        [{"Origin": "https://example.com"}, {"Origin": "null"}, {"Host": "example.com"},
         {"Origin": "http://["}]
    )  # fmt: skip
    return Hostile("another site's page", rng.choice(POSTS), b"{}", (403,), headers=headers)


def large_head(rng: Random, id: str) -> Hostile:
    headers = {"X-Large": "a" * rng.randrange(400_000, 900_000)}
    return Hostile("a large head", "/v1/assess", b"{}", (400,), headers=headers)


POSTS = ("/v1/assess", "/v1/segment", "/v1/images", "/v1/chat/completions")

MAKERS: tuple[Callable[[Random, str], Hostile], ...] = (
    large_picture, inflating_picture, inflating_text, large_bitmap, torn_picture, noise, wrong_uri,
    wrong_address, mask_path, large_mask, large_rle, listed_rle, large_polygon, many_regions,
    many_polygons, wrong_region, same_ids, deep, wide, closing, nested_tags, torn_json, bad_text,
    half_pair, odd_numbers, odd_chat, torn_form, odd_form, many_parts, other_kind, other_method,
    other_path, odd_query, large_body, large_claim, slow, unfinished, other_site, large_head,
)  # fmt: skip
