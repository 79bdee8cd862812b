"""Takes the pictures of the page that are in ``docs/images``, from a server that runs.

    seagull serve & python -m scripts.page_pictures http://127.0.0.1:8000 docs/images

Needs chromium and the extra ``dev``. The regions are the two distorted ones of the example photo,
and the cup; the numbers in the pictures are the model's.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import FilePayload, Page, sync_playwright
from skimage import data

from scripts.demo_photo import REGIONS

EXAMPLE = (600, 400)
MARGIN = 16
QUALITY = 82


def main(url: str, out: Path) -> None:
    """Writes ``page.webp``, ``page-chat.webp``, ``page-compare.webp`` and ``page-phone.webp``."""
    path = shutil.which("chromium")
    if path is None:
        sys.exit("chromium is needed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        desk = browser.new_page(viewport={"width": 1360, "height": 820})
        _open(desk, url)
        _draw_regions(desk)
        desk.click("tr[data-name='blurred'] button.name")
        desk.check("tr[data-name='untouched'] input")
        desk.click("[data-layer=outlines]")
        _take(desk, out / "page.webp")
        _talk(desk)
        desk.click("[data-layer=heatmap]")
        _take(desk, out / "page-chat.webp")
        _compare(desk)
        _take(desk, out / "page-compare.webp")
        phone = browser.new_page(
            viewport={"width": 360, "height": 760}, device_scale_factor=2, color_scheme="dark"
        )
        _open(phone, url)
        _draw_regions(phone)
        phone.click("tr[data-name='blurred'] button.name")
        phone.evaluate("scrollTo(0, 0)")
        _take(phone, out / "page-phone.webp")
        browser.close()


def _open(page: Page, url: str) -> None:
    page.goto(url)
    page.click("[data-example='coffee.jpg']")
    page.locator("#take-all").wait_for()
    _rest(page)


def _rest(page: Page) -> None:
    page.locator("#work-state:empty").wait_for(state="attached", timeout=120_000)
    page.wait_for_timeout(300)


def _draw_regions(page: Page) -> None:
    page.click("[data-tool=box]")
    for name, (box, _) in REGIONS.items():
        page.evaluate("scrollTo(0, 0)")
        page.mouse.move(*_place(page, *box[:2]))
        page.mouse.down()
        page.mouse.move(*_place(page, *box[2:]), steps=4)
        page.mouse.up()
        page.dblclick("tr[data-name='1'] button.name")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
    page.click("[data-tool=take]")
    _rest(page)


def _place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the example is in the window."""
    frame: Any = page.locator("#stage").bounding_box()
    scale = min(
        (frame["width"] - 2 * MARGIN) / EXAMPLE[0], (frame["height"] - 2 * MARGIN) / EXAMPLE[1]
    )
    left = frame["x"] + (frame["width"] - EXAMPLE[0] * scale) / 2
    top = frame["y"] + (frame["height"] - EXAMPLE[1] * scale) / 2
    return left + x * scale, top + y * scale


def _talk(page: Page) -> None:
    page.click("#tab-chat")
    questions = ("@blurred How is the quality?", "@blurred Which distortions does it have?")
    for count, question in enumerate((*questions, "@blurred @untouched Which one is the best?")):
        page.fill("#question", question)
        page.press("#question", "Enter")
        page.locator(f".turn[data-state=done] >> nth={count}").wait_for(timeout=120_000)


def _compare(page: Page) -> None:
    """Compares the example with the photo that it was made from, without its distortions."""
    file = io.BytesIO()
    Image.fromarray(data.coffee()).save(file, "PNG")  # type: ignore[no-untyped-call]
    page.click("#tab-versus")
    after: FilePayload = {
        "name": "coffee-repaired.png",
        "mimeType": "image/png",
        "buffer": file.getvalue(),
    }
    page.set_input_files("#versus-file", after)
    page.locator("#versus-result").wait_for(timeout=120_000)
    page.locator("#versus-state:empty").wait_for(state="attached")
    page.locator("#split").fill("60")


def _take(page: Page, path: Path) -> None:
    page.mouse.move(5, 5)
    page.locator("#said:empty").wait_for(state="attached")
    page.wait_for_timeout(300)
    Image.open(io.BytesIO(page.screenshot())).save(path, quality=QUALITY, method=6)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
