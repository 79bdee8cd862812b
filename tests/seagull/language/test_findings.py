"""Context turns about several regions."""

from seagull.language.findings import Findings, context_turns
from seagull.types import DistortionType


def test_of_several_regions_the_worst_and_the_best_are_told() -> None:
    clean = Findings("excellent", ())
    minor = Findings("excellent", ((DistortionType.BLUR, "minor"),))
    poor = Findings("poor", ((DistortionType.NOISE, "severe"),))

    def last(**known: Findings) -> list[str]:
        return context_turns(known)[1].content.split("\n")[len(known) :]

    assert last(a=clean, b=poor) == ["The worst is region b.", "The best is region a."]
    assert last(a=minor, b=clean) == ["The worst is region a.", "The best is region b."]
    assert last(a=clean, b=poor, c=clean) == [
        "The worst is region b.",
        "The best are regions a and c.",
    ]
    assert last(a=poor, b=poor) == ["They are alike in quality."]


def test_the_worst_of_several_regions_is_told_first() -> None:
    good, bad = Findings("good", ()), Findings("bad", ())
    asked, answer = context_turns({"a": good, "b": bad, "c": good})
    assert asked.regions == ("a", "b", "c")
    assert [line.split(":")[0] for line in answer.content.split("\n")[:3]] == [
        "Region b", "Region a", "Region c"
    ]  # fmt: skip


def test_the_most_important_one_is_told_where_importance_is_known_of_all() -> None:
    minor, essential = (Findings("good", (), word) for word in ("minor", "essential"))
    unknown = Findings("good", ())

    def last(**known: Findings) -> list[str]:
        return context_turns(known)[1].content.split("\n")[len(known) :]

    alike = "They are alike in quality."
    assert last(a=minor, b=essential) == [alike, "The most important is region b."]
    assert last(a=minor, b=minor) == [alike, "They are alike in importance."]
    assert last(a=essential, b=unknown) == [alike]
