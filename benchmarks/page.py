"""How soon the page is painted and answers a pointer, and what it weighs, in chromium.

    python -m benchmarks.page [--model nano] [--times 5]

Starts a server. First paint: first contentful paint in a browser that keeps nothing from before.
Weight: bodies of all answers before a photo is chosen, without the example photos. Hover: from a
move of the pointer over an assessed photo until the page has drawn the region there, which is one
frame if it takes less than 16.7 ms. The last line is one JSON object with medians, and ``others``,
the hosts besides the server that were asked for anything.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Response, sync_playwright

from benchmarks.serve import running

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WINDOW: Any = {"width": 1280, "height": 800}
WAIT_MS = 300_000
FIRST_PAINT = """() => new Promise((done) => new PerformanceObserver((list) => {
  const first = list.getEntriesByName("first-contentful-paint")[0];
  if (first) done(first.startTime);
}).observe({ type: "paint", buffered: true }))"""
# What a move costs: finding the region, and drawing it at the next frame, which is asked for here
# after the page has asked for it.
HOVER = """async ({ x, y, width, height }) => {
  const stage = document.querySelector("#stage");
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const times = [];
  let changes = 0;
  for (let i = 0; i < 40; i++) {
    await frame();
    const before = stage.dataset.hovered;
    const place = { clientX: x + width * (0.2 + 0.015 * i), clientY: y + height * 0.5 };
    const begin = performance.now();
    const move = { ...place, pointerId: 1, bubbles: true };
    stage.dispatchEvent(new PointerEvent("pointermove", move));
    let spent = performance.now() - begin;
    const start = await frame();
    spent += performance.now() - start;
    changes += stage.dataset.hovered !== before;
    times.push(spent);
  }
  return { times: times.sort((a, b) => a - b), changes };
}"""


def first_paint(page: Page) -> float:
    """Milliseconds from the request for the page that is shown to its first contentful paint."""
    return float(page.evaluate(FIRST_PAINT))


def hover_times(page: Page) -> tuple[list[float], int]:
    """Milliseconds of forty moves over the photo, sorted, and how many met another region."""
    found = page.evaluate(HOVER, page.locator("#stage").bounding_box())
    return found["times"], found["changes"]


def visit(browser: Browser, url: str) -> tuple[float, int, set[str]]:
    """First paint in ms, bytes without photos, and hosts asked, of somebody who comes anew."""
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    answers: list[Response] = []
    # A lambda, since playwright sets an attribute on what it is given.
    page.on("response", lambda given: answers.append(given))  # noqa: PLW0108
    page.goto(url, wait_until="networkidle")
    paint = first_paint(page)
    photos = [one for one in answers if one.url.endswith(".jpg")]
    weight = sum(len(one.body()) for one in answers if one not in photos)
    hosts = {urlsplit(one.url).netloc for one in answers}
    context.close()
    return paint, weight, hosts


def hovering(browser: Browser, url: str) -> list[float]:
    """Sorted milliseconds of moves over the first example, all of whose regions are assessed."""
    page = browser.new_page(viewport=WINDOW)
    page.set_default_timeout(WAIT_MS)
    page.goto(url)
    page.click("[data-example='coffee.jpg']")
    page.locator("#take-all").wait_for()
    page.locator("#work-state:empty").wait_for(state="attached")
    page.click("[data-layer=outlines]")
    times, changes = hover_times(page)
    if not changes:
        raise RuntimeError("no move met another region: nothing was measured")
    return times


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="nano")
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    path = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if path is None:
        sys.exit("chromium is needed: apt-get install chromium")
    with running(options.model, 32) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        visits = [visit(browser, url) for _ in range(options.times)]
        moves = [ms for _ in range(options.times) for ms in hovering(browser, url)]
        browser.close()
    paints = [paint for paint, _, _ in visits]
    others = set().union(*(hosts for _, _, hosts in visits)) - {urlsplit(url).netloc}
    found = {
        "first_paint_ms": round(statistics.median(paints)),
        "first_paint_range_ms": [round(min(paints)), round(max(paints))],
        "weight_kb": round(visits[0][1] / 1000),
        "hover_ms": round(statistics.median(moves), 2),
        "hover_p95_ms": round(statistics.quantiles(moves, n=20)[-1], 2),
        "others": sorted(others),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
