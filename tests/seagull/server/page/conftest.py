"""A real browser on the page of a server with the tiny model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.seagull.server.conftest import Running

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="the page is tested with playwright: pip install playwright"
)

EXAMPLE = (600, 400)
"""Width and height of the example ``coffee.jpg``."""
DESKTOP = {"width": 1280, "height": 800}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Person:
    """Somebody at the page, with what they do."""

    page: Any
    url: str
    requested: list[Any] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    session: Any = None

    def note(self, request: Any) -> None:
        """Remembers what the browser asked for."""
        self.requested.append(request)

    def come(self) -> None:
        """Opens the page."""
        self.page.goto(self.url)

    def open_example(self, name: str = "coffee.jpg") -> None:
        """Chooses an example and waits until all its regions are assessed."""
        self.page.click(f"[data-example='{name}']")
        self.page.locator("#take-all").wait_for()
        self.rest()

    def rest(self) -> None:
        """Waits until nothing is asked of the server."""
        self.page.locator("#progress").wait_for(state="hidden")
        self.page.locator("#work-state:empty").wait_for(state="attached")
        self.frame()

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the example is in the window, while the whole photo is shown."""
        frame = self.page.locator("#stage").bounding_box()
        margin = min(16.0, frame["width"] / 16)
        scale = min(
            (frame["width"] - 2 * margin) / EXAMPLE[0], (frame["height"] - 2 * margin) / EXAMPLE[1]
        )
        left = frame["x"] + (frame["width"] - EXAMPLE[0] * scale) / 2
        top = frame["y"] + (frame["height"] - EXAMPLE[1] * scale) / 2
        return left + x * scale, top + y * scale

    def click(self, x: float, y: float, key: str | None = None, button: str = "left") -> None:
        """Clicks a pixel of the example, with a key held down."""
        if key:
            self.page.keyboard.down(key)
        self.page.mouse.move(*self.place(x, y))
        self.page.mouse.down(button=button)
        self.page.mouse.up(button=button)
        if key:
            self.page.keyboard.up(key)

    def drag(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Drags from one pixel of the example to another."""
        self.page.mouse.move(*self.place(x1, y1))
        self.page.mouse.down()
        self.page.mouse.move(*self.place((x1 + x2) / 2, (y1 + y2) / 2))
        self.page.mouse.move(*self.place(x2, y2))
        self.page.mouse.up()

    def names(self) -> list[str]:
        """The regions in the table, from above."""
        self.frame()
        rows: list[str] = self.page.eval_on_selector_all(
            "#regions tbody tr", "rows => rows.map((row) => row.dataset.name)"
        )
        return rows

    def frame(self) -> None:
        """Waits for the next frame, at which table and card are drawn."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
        )

    def select(self, *names: str) -> None:
        """Selects these regions and no others."""
        self.page.locator(f"tr[data-name='{names[0]}'] button.name").click()
        for name in names[1:]:
            self.page.locator(f"tr[data-name='{name}'] input[type=checkbox]").check()

    def row(self, name: str) -> str:
        """What the table says of a region."""
        return str(self.page.locator(f"tr[data-name='{name}']").inner_text())

    def file(self, kind: str, folder: Path) -> Path:
        """Takes a file along."""
        self.page.click("#tab-takeaway")
        with self.page.expect_download() as download:
            self.page.click(f"[data-file={kind}]")
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        self.page.click("#tab-regions")
        return path

    def report(self, folder: Path) -> dict[str, Any]:
        """The report, by way of its file."""
        report: dict[str, Any] = json.loads(self.file("json", folder).read_text("utf-8"))
        return report

    def said(self) -> str:
        """What the page said last."""
        return str(self.page.locator("#said").inner_text())


# Not for the whole session: while playwright is there, no other test can run an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if path is None:
        pytest.skip("no browser was found (apt-get install chromium)")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def desk(browser):
    """What people at a desk share: the browser has compiled the page's scripts once."""
    return browser.new_context(viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"])


@pytest.fixture
def come_to(browser, desk):
    """Brings somebody to a server; in the end, nothing may have failed or asked other hosts."""
    people: list[Person] = []

    def come(server: Running, *, seconds: float = 20, **options: Any) -> Person:
        context = browser.new_context(**{"viewport": DESKTOP} | options) if options else desk
        context.set_default_timeout(seconds * 1000)
        person = Person(context.new_page(), server.url + "/")
        person.page.on("pageerror", lambda error: person.faults.append(str(error)))
        person.page.on("request", person.note)
        people.append(person)
        person.come()
        return person

    yield come
    for person in people:
        person.page.close()
        if person.page.context is not desk:
            person.page.context.close()
        hosts = {urlsplit(request.url).netloc for request in person.requested}
        assert hosts - {"", urlsplit(person.url).netloc} == set()
        assert person.faults == []


@pytest.fixture
def person(come_to, server: Running) -> Person:
    """Somebody at a desk, before the start page."""
    arrived: Person = come_to(server)
    return arrived


@pytest.fixture
def at_work(person: Person) -> Person:
    """Somebody whose photo is there and assessed."""
    person.open_example()
    return person
