"""The page while the server is gone, busy, forgetful, or wants a key."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from seagull.server.settings import Limits, ServerSettings, key_digest
from tests.seagull.server.conftest import other_photo, running, uri
from tests.seagull.server.test_worker import held, until

KEY = "a-key-of-the-tests-0123"


@pytest.fixture(scope="module")
def assessor(make_assessor):
    return make_assessor()


def test_a_server_that_dies_is_waited_for_and_gets_the_photo_again(come_to, assessor):
    with running(assessor, ServerSettings(port=0, drain_seconds=1)) as first:
        person = come_to(first)
        person.open_example()
    banner = person.page.locator("#banner")
    person.drag(40, 50, 240, 190)
    banner.filter(has_text="does not answer").wait_for()
    assert "Assessing" in person.row("1")
    with running(assessor, ServerSettings(port=first.port)):
        # Nobody does anything: the page goes on by itself.
        banner.wait_for(state="hidden")
        person.rest()
        assert "±" in person.row("1")
        person.click(400, 300)
        person.rest()
        assert person.names() == ["1", "2", "photo"]


def test_a_connection_that_breaks_before_an_answer_is_made_anew(at_work):
    page = at_work.page
    page.route("**/v1/chat/completions", lambda route: route.abort(), times=1)
    page.click("#tab-chat")
    page.fill("#question", "How is it?")
    page.press("#question", "Enter")
    # The server is alive: it is asked again.
    page.locator(".turn[data-state=done]").wait_for()
    assert page.locator(".turn").count() == 1


def test_a_busy_server_is_asked_again(come_to, assessor):
    limits = Limits(in_progress=3)
    with running(assessor, ServerSettings(port=0, limits=limits)) as crowded:
        person = come_to(crowded)
        person.open_example()
        body = {"image": uri(other_photo(90)), "regions": [{"box": [10, 10, 60, 60]}]}
        with ThreadPoolExecutor(limits.in_progress) as others:
            with held(crowded):
                asked = [others.submit(crowded.ask, "/v1/assess", body) for _ in range(3)]
                until(lambda: crowded.service.in_progress.used == limits.in_progress)
                person.drag(40, 50, 240, 190)
                banner = person.page.locator("#banner")
                banner.filter(has_text="The server is busy").wait_for()
                assert "Assessing" in person.row("1")
            assert [one.result().status for one in asked] == [200] * 3
        person.rest()
        assert banner.is_hidden()
        assert "±" in person.row("1")


def test_a_photo_that_the_server_forgot_is_sent_again(at_work, server):
    first = [request for request in at_work.requested if request.url.endswith("/v1/images")]
    server.service.images._kept.clear()
    at_work.drag(40, 50, 240, 190)
    at_work.rest()
    assert "±" in at_work.row("1")
    sent = [request for request in at_work.requested if request.url.endswith("/v1/images")]
    assert (len(first), len(sent)) == (1, 2)


def test_what_failed_can_be_asked_for_again(at_work):
    page = at_work.page
    page.route(
        "**/v1/assess",
        lambda route: route.fulfill(status=500, json={"error": {"message": "a fault of ours"}}),
        times=1,
    )
    at_work.drag(40, 50, 240, 190)
    page.locator("#said.fault", has_text="a fault of ours").wait_for()
    page.get_by_role("button", name="Assess").click()
    at_work.rest()
    assert "±" in at_work.row("1")


def test_without_a_key_a_photo_is_not_sent_until_there_is_one(come_to, assessor):
    with running(assessor, ServerSettings(port=0, keys=(key_digest(KEY),))) as locked:
        person = come_to(locked)
        page, unsent = person.page, person.page.locator("#unsent")
        page.click("[data-example='coffee.jpg']")
        page.get_by_role("button", name="Cancel").click()
        unsent.filter(has_text="coffee.jpg was not sent: This server answers only with").wait_for()
        assert "Authorization" not in unsent.inner_text()
        assert page.locator("#start").is_visible()
        page.click("#key-button")
        page.fill("#key-input", KEY)
        page.press("#key-input", "Enter")
        page.locator("#take-all").wait_for()
        person.rest()
        assert unsent.is_hidden()
        assert "±" in person.row("photo")


def test_a_key_that_no_header_takes_is_refused_where_it_is_typed(come_to, assessor):
    with running(assessor, ServerSettings(port=0, keys=(key_digest(KEY),))) as locked:
        person = come_to(locked)
        page = person.page
        # One that is stored all the same counts as none.
        page.evaluate("sessionStorage.setItem('seagull.api-key', 'ключ-от-сервера')")
        page.click("[data-example='coffee.jpg']")
        page.fill("#key-input", "ключ-от-сервера")
        for use in (
            lambda: page.press("#key-input", "Enter"),
            page.get_by_role("button", name="Use it").click,
        ):
            use()
            page.locator("#key-text", has_text="This is no API key").wait_for()
            assert page.locator("#key-dialog").is_visible()
        page.fill("#key-input", KEY)
        page.press("#key-input", "Enter")
        page.locator("#take-all").wait_for()
        person.rest()


def test_a_key_is_asked_for_and_kept_for_the_tab(come_to, assessor):
    settings = ServerSettings(port=0, keys=(key_digest(KEY),))
    with running(assessor, settings) as locked:
        person = come_to(locked)
        page = person.page
        page.click("[data-example='coffee.jpg']")
        page.fill("#key-input", "a-wrong-key")
        page.press("#key-input", "Enter")
        page.locator("#key-text", has_text="does not know this key").wait_for()
        page.fill("#key-input", KEY)
        page.get_by_role("button", name="Use it").click()
        page.locator("#take-all").wait_for()
        person.rest()
        assert "±" in person.row("photo")
        assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
        page.reload()
        person.open_example("cat.jpg")
        assert "Bearer $SEAGULL_API_KEY" in page.evaluate(
            """async () => (await import("./page/scripts/snippets.js"))
              .curl({ base: "/", locked: true, file: "a", regions: [] })"""
        )
        assert KEY not in json.dumps(page.content())
