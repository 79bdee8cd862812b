"""Words for people: scores and distortions as short text, and strings made safe to show."""

from __future__ import annotations

from seagull.types import LevelScore, RegionAssessment


def printable(text: str) -> str:
    """``text`` with control characters as escapes: a file name cannot drive a terminal.

    Bytes of a name that are no UTF-8 (lone surrogates) are escaped, too.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def counted(count: int, what: str) -> str:
    """``1 photo``, ``3 photos``: a count of things whose plural ends with an s."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def score_text(score: LevelScore | None, *, spread: bool = True) -> str:
    """``good 0.72 ±0.18``, or a dash if the task was not asked.

    Args:
        score: what is shown.
        spread: whether the model knows how sure it is; else ``good 0.72``.
    """
    if score is None:
        return "-"
    return f"{score.level} {score.score:.2f}" + (f" ±{score.std:.2f}" if spread else "")


def distortions_text(assessment: RegionAssessment) -> str:
    """``serious blur 91%, minor noise 55%``; ``none`` for a clean region, a dash if not asked."""
    if assessment.distortions is None:
        return "-"
    return (
        ", ".join(
            f"{item.severity} {item.type.value} {item.probability:.0%}"
            for item in assessment.distortions
        )
        or "none"
    )
