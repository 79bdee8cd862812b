"""Chat: streams, is stopped, names regions, can be copied."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field

import pytest

from seagull.inference.chat import Chat
from seagull.inference.sampling import Piece
from tests.seagull.server.test_worker import until

QUESTION = "How is the quality?"


def ask(person, question=QUESTION):
    person.page.click("#tab-chat")
    person.page.fill("#question", question)
    person.page.press("#question", "Enter")


def sent(person):
    """The bodies of all questions that were sent."""
    return [
        json.loads(request.post_data)
        for request in person.requested
        if request.url.endswith("/v1/chat/completions")
    ]


def stream(*pieces, end="data: [DONE]\n\n"):
    """The events of an answer."""
    plain = ({"choices": [{"delta": {"content": piece}}]} for piece in pieces)
    return "".join(f"data: {json.dumps(one)}\n\n" for one in plain) + end


def answer_with(person, body):
    """Lets the next questions be answered with these events."""
    person.page.route(
        "**/v1/chat/completions",
        lambda route: route.fulfill(body=body, content_type="text/event-stream"),
    )


def test_an_answer_grows_and_is_the_server_s(at_work, server):
    page = at_work.page
    page.evaluate(
        """() => {
          window.lengths = new Set();
          new MutationObserver(() => {
            const answer = document.querySelector("#turns .answer");
            if (answer) window.lengths.add(answer.textContent.length);
          }).observe(document.querySelector("#turns"), { childList: true, subtree: true });
        }"""
    )
    ask(at_work)
    page.locator(".turn[data-state=done]").wait_for()
    assert page.evaluate("window.lengths.size") > 3
    (body,) = sent(at_work)
    again = server.ask("/v1/chat/completions", body | {"stream": False}).json
    assert page.locator(".answer").text_content() == again["choices"][0]["message"]["content"]


@dataclass
class Pace:
    """How long an answer takes for each token, and the pieces that the server has made of it."""

    seconds: float = 0.1
    pieces: list[Piece] = field(default_factory=list)


@pytest.fixture
def pace(monkeypatch):
    speak, pace = Chat.speak, Pace()

    def paced(*asked):
        for piece in speak(*asked):
            pace.pieces.append(piece)
            time.sleep(pace.seconds)
            yield piece

    monkeypatch.setattr(Chat, "speak", paced)
    return pace


def test_an_answer_can_be_stopped_and_asked_for_again(at_work, server, pace):
    page = at_work.page
    ask(at_work)
    answer = page.locator(".answer")
    answer.filter(has_text=re.compile(r"\S")).wait_for()
    page.get_by_role("button", name="Stop").click()
    page.locator(".turn[data-state=stopped]").wait_for()
    kept = answer.text_content()
    assert kept
    # The server notices that nobody listens, and makes no further token.
    until(lambda: server.service.worker.waiting == 0)
    assert pace.pieces[-1].finish is None
    assert page.get_by_role("button", name="Send").is_visible()
    assert answer.text_content() == kept
    pace.seconds, pace.pieces = 0, []
    page.get_by_role("button", name="Ask again").click()
    page.locator(".turn[data-state=done]").wait_for()
    assert pace.pieces[-1].finish in ("stop", "length")
    assert answer.text_content() == "".join(piece.text for piece in pace.pieces)
    assert answer.text_content().startswith(kept)


def test_regions_are_named_by_at_signs(at_work):
    page = at_work.page
    at_work.click(300, 200)
    at_work.drag(40, 50, 240, 190)
    at_work.rest()
    page.click("#tab-chat")
    page.locator("#question").press_sequentially("@")
    assert page.locator("#mentions li").all_inner_texts() == ["@photo", "@1", "@2"]
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    page.keyboard.type("@1 which one is better?")
    page.keyboard.press("Enter")
    page.locator(".turn[data-state=done]").wait_for()
    page.fill("#question", "and why?")
    page.press("#question", "Enter")
    page.locator(".turn[data-state=done] >> nth=1").wait_for()
    first, second = sent(at_work)
    (message,) = first["messages"]
    assert message["regions"] == ["1", "2"]
    assert message["content"][1]["text"] == "which one is better?"
    assert [region["id"] for region in first["regions"]] == ["1", "2"]
    # A question without names is about what is selected; the talk goes on.
    assert [one["role"] for one in second["messages"]] == ["user", "assistant", "user"]
    assert second["messages"][1]["content"] == page.locator(".answer").first.text_content()
    assert second["messages"][2]["regions"] == ["2"]


def test_questions_that_cannot_be_asked_stay_in_the_field(at_work):
    for question, why in (
        ("@nobody is it good?", "no region nobody"),
        ("@photo ", "Write a question"),
    ):
        ask(at_work, question)
        at_work.page.locator("#said", has_text=why).wait_for()
        assert at_work.page.input_value("#question") == question.strip()
    assert sent(at_work) == []


def test_an_answer_is_copied_as_it_was_said(at_work):
    # Markup, which the tiny model says nowhere.
    answer_with(at_work, stream("Good & <b>sharp</b>"))
    ask(at_work)
    page = at_work.page
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "Good & <b>sharp</b>"
    assert page.locator(".answer").inner_text() == "Good & <b>sharp</b>"


def test_an_answer_that_breaks_off_says_so_and_keeps_what_came(at_work):
    fault = 'data: {"error": {"message": "a fault of ours"}}\n\n'
    for count, (end, why) in enumerate(((fault, "a fault of ours"), ("", "broke off"))):
        answer_with(at_work, stream("It is", end=end))
        ask(at_work)
        failed = at_work.page.locator(".turn[data-state=failed]")
        failed.nth(count).filter(has_text=why).wait_for()
        assert failed.nth(count).locator(".answer").inner_text() == "It is"
