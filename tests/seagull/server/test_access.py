"""Keys and their images, pages of other sites, photos from addresses, and what the log tells."""

from __future__ import annotations

import asyncio
import base64
import http.server
import logging
import threading
from collections.abc import Iterator

import openai
import pytest

from seagull.server import fetching
from seagull.server.errors import ApiError
from seagull.server.fetching import fetch, is_public
from seagull.server.images import ImageStore
from seagull.server.settings import ServerSettings, is_loopback, key_digest, read_keys
from tests.seagull.server.conftest import Running, running

ANNA, BEN = "anna-has-a-long-key", "ben-has-another-one"


@pytest.fixture(scope="module")
def keyed(make_assessor) -> Iterator[Running]:
    keys = (key_digest(ANNA), key_digest(BEN))
    settings = ServerSettings(port=0, keys=keys, origins=("https://friend.example",))
    with running(make_assessor(), settings) as started:
        yield started


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize("headers", [{}, bearer("wrong"), bearer(""), {"Authorization": ANNA}])
def test_without_a_key_nothing_is_done(keyed, headers):
    for path in ("/v1/models", "/metrics", "/v1/nowhere"):
        reply = keyed.ask(path, headers=headers)
        assert (reply.status, reply.json["error"]["code"]) == (401, "invalid_api_key")
        assert reply.headers["www-authenticate"] == "Bearer"
    assert keyed.ask("/healthz").status == keyed.ask("/readyz").status == 200
    assert keyed.ask("/openapi.json").status == 200


def test_a_key_is_a_bearer_s_or_a_password(keyed):
    def basic(text: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}

    assert keyed.ask("/v1/models", headers=bearer(ANNA)).status == 200
    assert keyed.ask("/v1/models", headers=basic(f"label-studio:{ANNA}")).status == 200
    for headers in (basic(f"{ANNA}:wrong"), basic(ANNA), {"Authorization": "Basic ===="}):
        assert keyed.ask("/v1/models", headers=headers).status == 401


def test_a_page_of_a_stranger_is_refused_in_the_one_form(keyed):
    asks = {"Access-Control-Request-Method": "POST"}
    for origin, status in (("https://friend.example", 200), ("https://other.example", 403)):
        headers = asks | {"Origin": origin}
        reply = keyed.ask("/v1/assess", method="OPTIONS", headers=headers)
        assert reply.status == status
    assert reply.json["error"]["code"] == "forbidden"


def test_an_image_is_its_sender_s_alone(keyed, picture_uri):
    id = keyed.ask("/v1/images", {"image": picture_uri}, headers=bearer(ANNA)).json["id"]
    body = {"image": id, "tasks": ["quality"]}
    assert keyed.ask("/v1/assess", body, headers=bearer(ANNA)).status == 200
    assert keyed.ask("/v1/assess", body, headers=bearer(BEN)).status == 404
    assert keyed.ask(f"/v1/images/{id}/regions", headers=bearer(BEN)).status == 404


def test_a_uuid_is_its_owner_s_alone(keyed, picture_uri):
    def ask(key, url):
        part = {"type": "image_url", "image_url": url and {"url": url}, "uuid": "one"}
        content = [part, {"type": "text", "text": "Why?"}]
        with openai.OpenAI(base_url=f"{keyed.url}/v1", api_key=key, max_retries=0) as client:
            return client.chat.completions.create(
                model="tiny", max_tokens=2, messages=[{"role": "user", "content": content}]
            )

    ask(ANNA, picture_uri)
    ask(ANNA, None)
    with pytest.raises(openai.NotFoundError):
        ask(BEN, None)


def test_without_keys_a_uuid_is_taken_on_this_machine_alone(server, picture_uri, monkeypatch):
    part = {"type": "image_url", "image_url": {"url": picture_uri}, "uuid": "one"}
    content = [part, {"type": "text", "text": "Why?"}]
    body = {"model": "tiny", "max_tokens": 2, "messages": [{"role": "user", "content": content}]}
    assert server.ask("/v1/chat/completions", body).status == 200
    monkeypatch.setattr(server.service, "settings", ServerSettings(host="0.0.0.0"))
    refused = server.ask("/v1/chat/completions", body)
    assert (refused.status, refused.json["error"]["code"]) == (400, "uuid_needs_key")


def test_pages_of_other_sites_are_not_answered(server, keyed):
    port = server.port
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{port + 1}"},
        {"Host": "evil.example"},
        {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"},
    ):
        assert server.ask("/v1/models", headers=headers).status == 403
    own = {"Origin": f"http://127.0.0.1:{port}", "Host": f"127.0.0.1:{port}"}
    reply = server.ask("/v1/models", headers=own)
    assert reply.status == 200
    assert "access-control-allow-origin" not in reply.headers
    friend = {"Origin": "https://friend.example"}
    reply = keyed.ask("/v1/models", headers=friend | bearer(ANNA))
    assert reply.headers["access-control-allow-origin"] == "https://friend.example"
    assert (
        keyed.ask("/v1/models", headers=bearer(ANNA) | {"Origin": "https://e.example"}).status
        == 403
    )


def test_the_log_has_the_request_s_id_and_nothing_that_was_sent(server, picture_uri, caplog):
    with caplog.at_level(logging.INFO, logger="seagull.server"):
        body = {"image": picture_uri, "regions": [{"id": "secret-name", "box": [1, 1, 50, 50]}]}
        reply = server.ask("/v1/assess", body)
        server.ask("/v1/secret-path?secret=query", headers={"X-Secret": "secret"})
        server.ask("/v1/assess", body | {"tasks": ["secret"]})
    assert reply.headers["x-request-id"] in caplog.text
    assert "POST /v1/assess 200" in caplog.text
    assert "secret" not in caplog.text
    assert picture_uri[40:60] not in caplog.text


def test_metrics_count_requests_by_route(server, image_id):
    def count(text: str) -> float:
        name = 'seagull_requests_total{route="/v1/assess",status="200"} '
        return next((float(line[len(name) :]) for line in text.splitlines() if name in line), 0.0)

    before = count(server.ask("/metrics").content.decode())
    server.ask("/v1/assess", {"image": image_id, "tasks": ["quality"]})
    text = server.ask("/metrics").content.decode()
    assert count(text) == before + 1
    assert "seagull_request_seconds_bucket" in text
    assert "seagull_passes " in text
    assert image_id not in text


def test_keys_are_read_one_a_line(tmp_path):
    file = tmp_path / "keys"
    file.write_text(f"# ours\n{ANNA}\n\n  {BEN}\n")
    assert read_keys(file) == (key_digest(ANNA), key_digest(BEN))
    for text in ("", "# none\n", "short\n", "with a space in between\n"):
        file.write_text(text)
        with pytest.raises(ValueError, match="API key"):
            read_keys(file)


def test_photos_are_kept_for_a_time_and_within_a_budget(photo):
    now = [0.0]
    store = ImageStore(60, 3 * (photo.pixels.nbytes + 4096), clock=lambda: now[0])
    first, second = store.add(photo, ""), store.add(photo, "")
    now[0] = 50
    assert store.get(first, "") is photo
    now[0] = 70
    with pytest.raises(ApiError):
        store.get(second, "")
    assert store.get(first, "") is photo
    assert store.drop_expired() == []  # the same pixels are kept under the other id
    now[0] = 200
    assert store.drop_expired() == [("", photo.sha256)]
    assert not store.holds(photo.sha256)
    ids = [store.add(photo, "") for _ in range(5)]
    assert len(store) == 3
    assert [store.named(id, "") is photo for id in ids] == [False, False, True, True, True]
    assert store.drop_expired() == []
    store.add(photo, "anna")
    store.add(photo, "anna")
    store.add(photo, "anna")
    assert store.drop_expired() == [("", photo.sha256)]  # over the budget; anna still has it
    assert store.holds(photo.sha256)
    assert len(set(ids)) == 5
    assert all(len(id) == len("img_") + 32 for id in ids)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:4700::1111", True), ("127.0.0.1", False),
        ("10.1.2.3", False), ("192.168.0.9", False), ("169.254.169.254", False), ("::1", False),
        ("::ffff:127.0.0.1", False), ("fd00::1", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("100.64.0.1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::1", False),
    ],
)  # fmt: skip
def test_private_addresses_are_told_from_those_of_the_net(address, public):
    assert is_public(address) is public
    assert is_loopback("localhost")
    assert is_loopback("127.0.0.1")
    assert not is_loopback("0.0.0.0")


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/photo.png")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"photo" * (1000 if self.path == "/large" else 1))
        if self.path == "/slow":
            threading.Event().wait(1.5)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site(monkeypatch) -> Iterator[None]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(fetching, "_PORTS", {"http": server.server_port, "https": 1})
    yield
    server.shutdown()
    server.server_close()


def get(path: str, **options):
    options = {"seconds": 1.0, "most": 100, "allowed": lambda address: True} | options
    return asyncio.run(fetch(f"http://localhost{path}", ["localhost"], **options))


def test_a_photo_is_fetched_from_an_allowed_host(site):
    assert get("/photo.png") == b"photo"


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/photo.png", {"allowed": is_public}, 403),
        ("/moved", {}, 422),
        ("/large", {}, 413),
        ("/slow", {}, 422),
    ],
)
def test_private_hosts_redirects_and_too_much_are_refused(site, path, options, status):
    with pytest.raises(ApiError) as refused:
        get(path, **options)
    assert refused.value.status == status


@pytest.mark.parametrize(
    "url",
    ["http://other.example/a", "http://badpictures.example/a", "https://pictures.example:8443/a",
     "http://user:word@pictures.example/", "http://pictures.example.evil.example/"],
)  # fmt: skip
def test_hosts_that_are_not_allowed_are_not_asked(url, monkeypatch):
    monkeypatch.setattr(fetching, "_get", lambda *args: pytest.fail("it was asked"))
    with pytest.raises(ApiError) as refused:
        asyncio.run(fetch(url, ["pictures.example"], seconds=1, most=9))
    assert refused.value.status == 403


def test_under_a_root_path_all_is_the_same(make_assessor):
    with running(make_assessor(), ServerSettings(port=0, root_path="/seagull")) as server:
        assert server.ask("/v1/models").status == 200  # the proxy takes the path away
        assert server.ask("/healthz").status == 200
        assert server.ask("/openapi.json").json["servers"] == [{"url": "/seagull"}]
