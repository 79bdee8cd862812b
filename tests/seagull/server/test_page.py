"""The page's files as a browser gets them; what it does is tested in ``page/``."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from seagull.server.routes.page import FOLDER, page_files
from seagull.server.settings import ServerSettings, key_digest
from tests.seagull.server.conftest import running

ROOT = Path(__file__).parents[3]


def test_the_page_allows_nothing_from_elsewhere(server):
    reply = server.ask("/")
    assert reply.status == 200
    assert b"<title>Seagull" in reply.content
    policy = reply.headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_the_page_can_lie_below_a_path_of_a_proxy_s(server):
    text = server.ask("/").content.decode()
    assert 'src="page/' in text
    assert not any(f'{name}="/' in text for name in ("src", "href"))


def test_every_file_of_the_page_is_served_with_its_type(server):
    files = page_files()
    assert len(files) > 30
    for place, path in files.items():
        reply = server.ask(f"/page/{place}")
        assert reply.content == path.read_bytes()
        assert reply.headers["content-type"].split(";")[0] in (
            "text/html", "text/javascript", "text/css", "image/svg+xml", "image/jpeg",
        )  # fmt: skip


@pytest.mark.parametrize(
    "place", ["nothing.js", "../app.py", "..%2Fapp.py", "%2e%2e/app.py", "scripts", "//etc/passwd"]
)
def test_nothing_else_is(server, place):
    reply = server.ask(f"/page/{place}")
    assert reply.status == 404
    assert reply.json["error"]["code"] == "not_found"


def test_a_page_needs_no_key_and_its_numbers_do(make_assessor):
    with running(make_assessor(), ServerSettings(port=0, keys=(key_digest("x" * 16),))) as locked:
        assert locked.ask("/").status == 200
        assert locked.ask("/page/scripts/app.js").status == 200
        assert locked.ask("/v1/segmenters").status == 401


def test_the_page_is_no_part_of_the_api_document(server):
    paths = server.ask("/openapi.json").json["paths"]
    assert "/v1/segmenters" in paths
    assert not any(path == "/" or path.startswith("/page") for path in paths)


def test_every_file_of_the_page_is_in_the_package():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    patterns = told["package-data"]["seagull"]
    base = FOLDER.parents[1]
    for path in page_files().values():
        place = path.relative_to(base).as_posix()
        assert any(fnmatch(place, one) and place.count("/") == one.count("/") for one in patterns)
