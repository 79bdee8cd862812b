"""Takes the pictures of the page in ``docs/images``: starts a server, does what people do.

    python -m scripts.page_pictures [docs/images] [--model nano]

Needs chromium and the extra ``dev``. The regions are the two distorted ones of the example photo,
and the cup; the numbers and the words in the pictures are the model's.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, sync_playwright
from skimage import data

from benchmarks.serve import running
from scripts.demo_photo import REGIONS

EXAMPLE = (600, 400)
MARGIN = 16
QUALITY = 82
WAIT_MS = 300_000
WINDOW: Any = {"width": 1360, "height": 820}
QUESTIONS = (
    "@blurred How is the quality?",
    "@blurred Which distortions does it have?",
    "@blurred @untouched Which one is the best?",
)


def main(out: Path, model: str) -> None:
    """Writes ``page.webp`` and, after what they show, ``page-NAME.webp``."""
    path = shutil.which("chromium")
    if path is None:
        sys.exit("chromium is needed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        with running(model, 32) as url:
            desk = _at_work(browser, url, viewport=WINDOW)
            desk.click("tr[data-name='blurred'] button.name")
            desk.check("tr[data-name='untouched'] input")
            desk.click("[data-layer=outlines]")
            _take(desk, out / "page.webp")
            _report(browser, desk, out / "page-report.webp")
            _compare(desk)
            _take(desk, out / "page-compare.webp")
            _talk(browser, url, out / "page-chat.webp")
            _phone(browser, url, out / "page-phone.webp")
            desk.click("#versus-close")
            desk.click("#tab-regions")
        # The server is gone now; what a person does then waits for it.
        _draw(desk, (230, 290, 330, 380))
        desk.locator("#banner", has_text="does not answer").wait_for()
        _take(desk, out / "page-error.webp")
        browser.close()


def _at_work(browser: Browser, url: str, **options: Any) -> Page:
    """The page with the example, whose regions are drawn and assessed."""
    page = browser.new_page(**options)
    page.set_default_timeout(WAIT_MS)
    page.goto(url)
    page.click("[data-example='coffee.jpg']")
    page.locator("#take-all").wait_for()
    _rest(page)
    for name, (box, _) in REGIONS.items():
        _draw(page, box)
        page.focus("tr[data-name='1'] button.name")
        page.keyboard.press("F2")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
    _rest(page)
    page.evaluate("scrollTo(0, 0)")
    return page


def _rest(page: Page) -> None:
    page.locator("#work-state:empty").wait_for(state="attached")
    page.wait_for_timeout(300)


def _draw(page: Page, box: tuple[int, int, int, int]) -> None:
    page.click("[data-tool=box]")
    page.evaluate("scrollTo(0, 0)")
    page.mouse.move(*_place(page, *box[:2]))
    page.mouse.down()
    page.mouse.move(*_place(page, *box[2:]), steps=4)
    page.mouse.up()
    page.click("[data-tool=take]")


def _place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the example is in the window."""
    frame: Any = page.locator("#stage").bounding_box()
    scale = min(
        (frame["width"] - 2 * MARGIN) / EXAMPLE[0], (frame["height"] - 2 * MARGIN) / EXAMPLE[1]
    )
    left = frame["x"] + (frame["width"] - EXAMPLE[0] * scale) / 2
    top = frame["y"] + (frame["height"] - EXAMPLE[1] * scale) / 2
    return left + x * scale, top + y * scale


def _report(browser: Browser, desk: Page, path: Path) -> None:
    """The HTML report, as somebody sees it who was sent it."""
    desk.click("#tab-takeaway")
    with desk.expect_download() as download:
        desk.click("[data-file=html]")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        download.value.save_as(file)
        page = browser.new_page(viewport={"width": 1060, "height": 820})
        page.goto(file.as_uri())
        _save(page, path)
        page.close()


def _compare(desk: Page) -> None:
    """Compares the example with the photo that it was made from, without its distortions."""
    file = io.BytesIO()
    Image.fromarray(data.coffee()).save(file, "PNG")  # type: ignore[no-untyped-call]
    desk.click("#tab-versus")
    after: FilePayload = {
        "name": "coffee-repaired.png",
        "mimeType": "image/png",
        "buffer": file.getvalue(),
    }
    desk.set_input_files("#versus-file", after)
    desk.locator("#versus-result").wait_for()
    desk.locator("#versus-state:empty").wait_for(state="attached")
    desk.locator("#split").fill("60")


def _talk(browser: Browser, url: str, path: Path) -> None:
    """A conversation beside the heat map, in the dark."""
    page = _at_work(browser, url, viewport=WINDOW, color_scheme="dark")
    page.click("#tab-chat")
    for count, question in enumerate(QUESTIONS):
        page.fill("#question", question)
        page.press("#question", "Enter")
        page.locator(f".turn[data-state=done] >> nth={count}").wait_for()
    page.click("[data-layer=heatmap]")
    _take(page, path)
    page.close()


def _phone(browser: Browser, url: str, path: Path) -> None:
    small: Any = {"width": 360, "height": 760}
    page = _at_work(browser, url, viewport=small, device_scale_factor=2, color_scheme="dark")
    page.click("tr[data-name='blurred'] button.name")
    page.evaluate("scrollTo(0, 0)")
    _take(page, path)
    page.close()


def _take(page: Page, path: Path) -> None:
    page.mouse.move(5, 5)
    page.locator("#said:empty").wait_for(state="attached")
    page.wait_for_timeout(300)
    _save(page, path)


def _save(page: Page, path: Path) -> None:
    Image.open(io.BytesIO(page.screenshot())).save(path, quality=QUALITY, method=6)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, nargs="?", default=Path("docs/images"))
    parser.add_argument("--model", default="nano")
    options = parser.parse_args()
    main(options.out, options.model)
