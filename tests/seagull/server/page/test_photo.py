"""How a photo comes to the page, and what is said of files that are none."""

from __future__ import annotations

import base64

import numpy as np

from seagull.photos import read_photo
from seagull.server.routes.page import page_files
from tests.seagull.server.conftest import other_photo

PHOTO = other_photo(31)
HAND_OVER = """([event, name, type, content]) => {
  const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type }));
  const named = event === "paste" ? { clipboardData: data } : { dataTransfer: data };
  const made = event === "paste" ? new ClipboardEvent(event, { ...named, bubbles: true })
    : new DragEvent(event, { ...named, bubbles: true, cancelable: true });
  document.querySelector("main").dispatchEvent(made);
}"""


def hand_over(person, event, name="mine.png", kind="image/png", content=PHOTO):
    person.page.evaluate(HAND_OVER, [event, name, kind, base64.b64encode(content).decode()])


def arrived(person, name):
    person.page.locator("#file-name", has_text=name).wait_for()
    person.page.locator("tr[data-name=photo]").wait_for()
    person.rest()
    assert "±" in person.row("photo")


def test_a_photo_is_chosen(person):
    person.page.set_input_files(
        "#file", {"name": "a.png", "mimeType": "image/png", "buffer": PHOTO}
    )
    arrived(person, "a.png")
    person.drag(40, 50, 240, 190)
    # Another one takes its place, with nothing of the first.
    person.page.locator("#another input").set_input_files(
        {"name": "b.png", "mimeType": "image/png", "buffer": other_photo(32)}
    )
    arrived(person, "b.png")
    assert person.names() == ["photo"]


def test_a_photo_is_dropped_or_pasted(person):
    for event in ("drop", "paste"):
        hand_over(person, event, f"{event}.png")
        arrived(person, f"{event}.png")


def test_what_is_no_photo_is_said_to_be_none(person):
    for name, kind, content, why in (
        ("notes.txt", "text/plain", b"hello", "notes.txt is not a photo"),
        ("broken.png", "image/png", b"\x89PNG nothing", "cannot show broken.png"),
    ):
        hand_over(person, "drop", name, kind, content)
        person.page.locator("#said", has_text=why).wait_for()
        assert person.page.locator("#start").is_visible()


def test_what_the_server_refuses_is_said_in_its_words(person):
    person.page.route(
        "**/v1/images",
        lambda route: route.fulfill(
            status=413, json={"error": {"message": "the photo has too many pixels", "code": "x"}}
        ),
    )
    hand_over(person, "drop", content=PHOTO)
    unsent = person.page.locator("#unsent")
    unsent.filter(has_text="mine.png was not sent: the photo has too many pixels").wait_for()
    assert unsent.get_by_role("button").all_inner_texts() == ["Close"]
    assert person.page.locator("#start").is_visible()
    assert person.page.locator("#work").is_hidden()


def test_a_photo_that_is_not_sent_leaves_the_one_before_and_is_sent_when_asked(at_work):
    page, unsent = at_work.page, at_work.page.locator("#unsent")
    at_work.drag(40, 50, 240, 190)
    at_work.rest()
    rows = [at_work.row(name) for name in ("1", "photo")]
    refusal = {"error": {"message": "not from here", "code": "x"}}
    page.route("**/v1/images", lambda route: route.fulfill(status=403, json=refusal), times=1)
    hand_over(at_work, "drop")
    unsent.wait_for()
    assert page.locator("#file-name").inner_text() == "coffee.jpg"
    assert [at_work.row(name) for name in ("1", "photo")] == rows
    # All goes on as before.
    at_work.click(400, 300)
    at_work.rest()
    assert at_work.names() == ["1", "2", "photo"]
    assert "±" in at_work.row("2")
    page.get_by_role("button", name="Try again").click()
    arrived(at_work, "mine.png")
    assert unsent.is_hidden()
    assert at_work.names() == ["photo"]


def test_the_examples_are_small_and_one_is_distorted():
    examples = {place: path for place, path in page_files().items() if "examples/" in place}
    assert len(examples) == 3
    assert sum(path.stat().st_size for path in examples.values()) < 400_000
    coffee = read_photo(examples["examples/coffee.jpg"]).pixels.astype(float)
    detail = np.abs(np.diff(coffee.mean(axis=2), axis=1))
    assert detail[50:180, 40:180].mean() < 0.5 * detail[280:390, 20:160].mean()
    assert (coffee[230:380, 480:580].max(axis=2) == 255).mean() > 0.4
