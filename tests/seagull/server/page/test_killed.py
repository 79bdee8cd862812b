"""The server's process is killed in the middle: the page says so, and goes on once it is back."""

from __future__ import annotations

import re
import signal
import time
from types import SimpleNamespace

import pytest

from tests.seagull.server.process import started


def photos_sent(person):
    return sum(request.url.endswith("/v1/images") for request in person.requested)


def stop_in_an_answer(process, page):
    """Lets the server run in short steps until a part of its answer is on the page.

    A small model could end its answer before a test that waits for the first word kills the server.
    """
    begun = page.locator(".answer", has_text=re.compile(r"\S"))
    while not begun.count():
        process.send_signal(signal.SIGCONT)
        time.sleep(0.005)
        process.send_signal(signal.SIGSTOP)
        page.wait_for_timeout(20)


@pytest.mark.slow
def test_a_server_that_is_killed_is_waited_for(come_to, model_folder):
    with started(model_folder) as (process, port):
        person = come_to(SimpleNamespace(url=f"http://127.0.0.1:{port}"), seconds=90)
        page, banner = person.page, person.page.locator("#banner")
        page.click("[data-example='coffee.jpg']")
        page.locator("#take-all").wait_for()
        page.locator("#work-state", has_text="Assessing").wait_for()
        # Regions are being assessed: an answer that has begun breaks off.
        process.kill()
        banner.filter(has_text="does not answer").wait_for()
        assert "still here" in banner.inner_text()
    with started(model_folder, port=port) as (process, _):
        banner.wait_for(state="hidden")
        person.rest()
        assert photos_sent(person) == 2
        page.click("#take-all")
        person.rest()
        assert all("±" in person.row(name) for name in person.names())
        assert page.locator("#untrained").is_visible()  # and its numbers are said to mean nothing
        page.click("#tab-chat")
        page.fill("#question", "How is the quality?")
        page.press("#question", "Enter")
        stop_in_an_answer(process, page)
        process.kill()
        failed = page.locator(".turn[data-state=failed]")
        failed.filter(has_text="No whole answer came.").wait_for()
        assert failed.locator(".answer").text_content().strip()
        page.get_by_role("button", name="Ask again").click()
        banner.filter(has_text="does not answer").wait_for()
    with started(model_folder, port=port):
        page.locator(".turn[data-state=done]").wait_for()
        assert banner.is_hidden()
        assert photos_sent(person) == 3
