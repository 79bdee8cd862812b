"""Colours of the page: those of the command line, and the heat map."""

from __future__ import annotations

import numpy as np

from seagull.reports.palette import colour, ink, ramp


def test_colours_are_those_of_the_command_line(person):
    drawn = person.page.evaluate(
        """async () => {
          const palette = await import("./page/scripts/palette.js");
          const scores = Array.from({ length: 101 }, (_, i) => i / 100);
          return scores.map((score) => [palette.colour(score), palette.ink(palette.colour(score))]);
        }"""
    )
    scores = np.arange(101) / 100
    assert np.abs(np.array([one[0] for one in drawn]) - ramp(scores).astype(int)).max() <= 1
    assert [tuple(one[1]) for one in drawn] == [ink(colour(score)) for score in scores]


def test_the_heat_map_lies_over_a_grey_photo(at_work):
    page = at_work.page

    def pixel():
        # In the middle of the over-exposed part, which is orange.
        return page.evaluate(
            """([x, y]) => new Promise((done) => requestAnimationFrame(() => {
              const canvas = document.querySelector("#stage canvas");
              const { left, top } = canvas.getBoundingClientRect();
              const read = canvas.getContext("2d").getImageData(x - left, y - top, 1, 1).data;
              done([...read.slice(0, 3)]);
            }))""",
            list(at_work.place(500, 300)),
        )

    photo = pixel()
    page.get_by_role("radio", name="Heat map").click()
    heat = pixel()
    page.fill("#heat", "0")
    grey = pixel()
    assert max(photo) - min(photo) > 60
    assert max(grey) - min(grey) <= 8
    assert heat not in (photo, grey)
    page.get_by_role("radio", name="Photo", exact=True).click()
    assert pixel() == photo


def test_at_each_pixel_the_heat_map_shows_the_region_painted_last(person):
    drawn = person.page.evaluate(
        """async () => {
          const { heatmap, largestFirst } = await import("./page/scripts/heatmap.js");
          const { colour } = await import("./page/scripts/palette.js");
          const size = { width: 4, height: 1 };
          const part = (right, score) => ({
            score, mask: { size, area: right, bits: [0, 1, 2].map((x) => Number(x < right)),
              box: { left: 0, top: 0, right, bottom: 1 } },
          });
          const regions = largestFirst([part(1, 0), part(3, 1), part(2, 0.25)]);
          const pixels = heatmap(size, regions).getContext("2d").getImageData(0, 0, 4, 1).data;
          return { pixels: [...pixels], colours: [0, 0.25, 1].map(colour) };
        }"""
    )
    pixels = np.array(drawn["pixels"]).reshape(4, 4)
    # Canvases keep colours multiplied by their opacity.
    assert np.abs(pixels[:3, :3] - np.array(drawn["colours"])).max() <= 3
    assert (np.diff(pixels[:3, 3]) < 0).all()
    assert pixels[3, :3].tolist() == [0, 0, 0]
