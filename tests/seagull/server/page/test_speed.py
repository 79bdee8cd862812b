"""How quickly the page is there and answers, and what it weighs."""

from __future__ import annotations

from seagull.server.routes.page import page_files

FRAME = 1000 / 60


def test_the_page_is_light_and_all_from_one_host(person):
    person.page.wait_for_load_state("networkidle")
    paths = [request.url.removeprefix(person.url) for request in person.requested]
    files = page_files()
    weight = sum(
        files[path.removeprefix("page/") or "index.html"].stat().st_size
        for path in paths
        if not path.endswith(".jpg")
    )
    assert 0 < weight < 500_000
    # That it is one host's is checked after every test of the page.
    assert not any(path.startswith("http") for path in paths)


def test_the_first_paint_comes_within_a_second(person):
    paints = []
    for _ in range(3):
        person.page.reload()
        paints.append(
            person.page.evaluate(
                """() => new Promise((done) => new PerformanceObserver((list) => {
                  const first = list.getEntriesByName("first-contentful-paint")[0];
                  if (first) done(first.startTime);
                }).observe({ type: "paint", buffered: true }))"""
            )
        )
    # The machine of the tests does other things as well: the best one counts.
    assert min(paints) < 1000


def test_hovering_answers_within_a_frame(at_work):
    at_work.page.click("[data-layer=outlines]")
    box = at_work.page.locator("#stage").bounding_box()
    times = at_work.page.evaluate(
        """async ({ x, y, width, height }) => {
          const stage = document.querySelector("#stage");
          const frame = () => new Promise((done) => requestAnimationFrame(done));
          const times = [];
          let changes = 0;
          for (let i = 0; i < 40; i++) {
            await frame();
            const before = stage.dataset.hovered;
            const place = { clientX: x + width * (0.2 + 0.015 * i), clientY: y + height * 0.5 };
            // What a move costs: finding the region, and drawing it at the next frame, which is
            // asked for here after the page has asked for it.
            let begin = performance.now();
            const move = { ...place, pointerId: 1, bubbles: true };
            stage.dispatchEvent(new PointerEvent("pointermove", move));
            let spent = performance.now() - begin;
            const start = await frame();
            spent += performance.now() - start;
            changes += stage.dataset.hovered !== before;
            times.push(spent);
          }
          return { times: times.sort((a, b) => a - b), changes };
        }""",
        box,
    )
    assert times["changes"] >= 3
    # The machine of the tests does other things as well: the middle one counts.
    assert times["times"][20] < FRAME
