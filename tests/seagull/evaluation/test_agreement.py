"""Whether two predictors rank regions alike, worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from seagull.evaluation.agreement import agreement, agreement_line
from seagull.evaluation.predictions import Prediction, Row
from seagull.records import RegionLabels


def said(qualities: Sequence[float | None], first: int = 0) -> list[Row]:
    return [
        Row(str(number), "1", str(number), str(number), RegionLabels(), Prediction(quality=quality))
        for number, quality in enumerate(qualities, start=first)
    ]


def test_agreement_is_that_of_ranks_over_regions_that_both_read() -> None:
    rows = {
        "model": said([0.1, 0.2, 0.3, 0.4, None]),
        "alike": said([0.5, 0.6, 0.61, 0.9, 0.0]),
        "swapped": said([0.2, 0.1, 0.3, 0.4]),
        "constant": said([0.5] * 5),
        "elsewhere": said([0.1, 0.2], first=50),
    }
    found = agreement(rows)
    # 1 - 6 sum(d^2) / (n (n^2 - 1)), of one swap among four: 1 - 12 / 60
    assert found == {
        "alike": pytest.approx(1), "swapped": pytest.approx(0.8), "constant": None,
        "elsewhere": None,
    }  # fmt: skip
    assert (
        agreement_line("model", found)
        == "SRCC of quality with that of model: alike 1.000, swapped 0.800"
    )
    assert agreement_line("model", {"constant": None}) is None
