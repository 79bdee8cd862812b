"""What ``make compare-demo`` writes into the docs."""

from __future__ import annotations

from PIL import Image

from scripts.compare_demo import BEGIN, END, STRENGTHS, write_docs
from seagull.comparison.summary import Figure, Summary, TypeChange
from seagull.comparison.types import Verdict
from seagull.types import DistortionType


def summary(mean: float) -> Summary:
    noise = TypeChange(1.0, 0.25, Figure(-0.75, None))
    return Summary(
        10, 40, Figure(mean, (mean - 0.01, mean + 0.01)), Figure(0.1, None), Figure(0.6, None),
        dict.fromkeys(Verdict, 8), {DistortionType.NOISE: noise},
    )  # fmt: skip


def test_the_docs_get_the_pictures_and_the_table_and_keep_all_else(tmp_path):
    docs, out = tmp_path / "docs", tmp_path / "out"
    (docs / "images").mkdir(parents=True)
    out.mkdir()
    for name in ("sweep", "worst", "best"):
        Image.new("RGB", (60, 20), (200, 30, 30)).save(out / f"{name}.png")
    page = docs / "compare.md"
    page.write_text(f"# Before\n\n{BEGIN}old\n{END}\nA person agreed.\n")
    summaries = {strength: summary(strength / 100) for strength in STRENGTHS}
    for _ in range(2):
        write_docs(docs, out, summaries)
    text = page.read_text()
    assert "old" not in text
    assert text.startswith(f"# Before\n\n{BEGIN}| strength |")
    assert text.endswith(f"|\n{END}\nA person agreed.\n")
    assert "| 3 | +0.030 (+0.020 to +0.040) | 10% | 60% | 25% (100%) | 0% (0%) |" in text
    assert text.count("\n| ") == len(STRENGTHS) + 2
    assert sorted(path.name for path in (docs / "images").iterdir()) == [
        "compare-best.jpg", "compare-sweep.png", "compare-worst.jpg",
    ]  # fmt: skip
    with Image.open(docs / "images" / "compare-worst.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (60, 20))
