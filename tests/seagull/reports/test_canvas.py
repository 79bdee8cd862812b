"""Text that is drawn in pictures."""

from itertools import pairwise

import pytest

from seagull.reports.canvas import load_font, wrapped


@pytest.mark.parametrize("width", [120, 400, 578])
def test_a_caption_is_wrapped_between_words_where_it_is_wider_than_its_picture(width):
    font = load_font(15)
    text = "much worse -0.34 ±0.09; noise gone, now serious blur, now trivial contrast, " * 2
    text = text.strip()
    lines = wrapped(text, font, width)
    assert " ".join(lines) == text
    assert max(font.getlength(line) for line in lines) <= width
    longer = [f"{first} {then.split()[0]}" for first, then in pairwise(lines)]
    assert all(font.getlength(line) > width for line in longer)  # no line ends too early
