"""What the model is told of several regions."""

from seagull.prompts import Findings, told
from seagull.types import DistortionType


def test_of_several_regions_the_worst_and_the_best_are_told() -> None:
    clean = Findings("excellent", ())
    minor = Findings("excellent", ((DistortionType.BLUR, "minor"),))
    poor = Findings("poor", ((DistortionType.NOISE, "severe"),))

    def last(**known: Findings) -> list[str]:
        return told(known)[1].content.split("\n")[len(known) :]

    assert last(a=clean, b=poor) == ["So region b is the worst.", "So region a is the best."]
    assert last(a=minor, b=clean) == ["So region a is the worst.", "So region b is the best."]
    assert last(a=clean, b=poor, c=clean) == [
        "So region b is the worst.",
        "So regions a and c are the best.",
    ]
    assert last(a=poor, b=poor) == ["So they are alike."]
