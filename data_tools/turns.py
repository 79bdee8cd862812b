"""One question about one region and its answer, in all the paper's forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from seagull.language import prompts
from seagull.levels import IMPORTANCE, QUALITY
from seagull.types import AssessmentTask, DistortionType

QUALITY_TASK, IMPORTANCE_TASK = AssessmentTask.QUALITY, AssessmentTask.IMPORTANCE
DISTORTION_TASK = AssessmentTask.DISTORTION

Hash = Callable[..., int]
"""An integer that follows from its text arguments and the question's place."""


@dataclass(frozen=True)
class RegionFacts:
    """What is true of a region in one image; ``importance`` is None where it is not known.

    Numbers lie in [0, 1] on the scale of the level words; ``distortions`` is empty where nothing
    shows.
    """

    quality: float
    quality_word: str
    importance: float | None
    importance_word: str | None
    distortions: tuple[tuple[DistortionType, str], ...]
    metric: str

    @classmethod
    def clean(cls, like: Mapping[str, RegionFacts]) -> dict[str, RegionFacts]:
        """The facts of the same regions in the undistorted reference."""
        best = QUALITY.words[-1]
        return {
            roi: replace(
                facts,
                quality=1.0,
                quality_word=best,
                importance=None,
                importance_word=None,
                distortions=(),
            )
            for roi, facts in like.items()
        }


@dataclass(frozen=True)
class Turn:
    """A question, its answer, which task it trains, its form, and the level words in the answer."""

    question: str
    answer: str
    task: AssessmentTask | None
    form: str
    words: tuple[str, ...] = ()


def forms_for(facts: RegionFacts) -> tuple[str, ...]:
    """The forms of question that make sense; those about importance need a distortion."""
    forms = ["quality", "distortion", "joint", "judge-quality", "judge-type"]
    if facts.importance_word is not None:
        forms += ["importance", "judge-importance"]
    return tuple(forms)


def ask(
    facts: RegionFacts,
    category: str | None,
    asked: set[tuple[str, str]],
    roi: str,
    pick: Hash,
) -> Turn:
    """The next turn about a region; a form already used for it comes again only when all are.

    Args:
        facts: of the region.
        category: what it shows, if known.
        asked: (region, form) pairs so far; added to.
        roi: the region's id.
        pick: the hash that decides.
    """
    forms = list(forms_for(facts))
    if category is not None and facts.importance_word is not None:
        forms.append("joint-importance")
    fresh = [form for form in forms if (roi, form) not in asked] or forms
    form = fresh[pick("form") % len(fresh)]
    asked.add((roi, form))
    return make_turn(form, facts, category, pick)


def make_turn(form: str, facts: RegionFacts, category: str | None, pick: Hash) -> Turn:
    """The turn of one form about a region.

    Args:
        form: ``quality``, ``importance``, ``distortion``, ``joint``, ``joint-importance``,
            ``judge-quality``, ``judge-importance`` or ``judge-type``.
        facts: of the region. ``category``: what it shows, if known.
        pick: the hash that decides what a judgement question suggests.
    """
    return _MAKERS[form](facts, category, pick)


def _quality(facts: RegionFacts, category: str | None, pick: Hash) -> Turn:
    answer = prompts.quality_answer(facts.quality_word)
    question = prompts.INSTRUCTIONS[QUALITY_TASK]
    return Turn(question, answer, QUALITY_TASK, "quality", (f"quality:{facts.quality_word}",))


def _importance(facts: RegionFacts, category: str | None, pick: Hash) -> Turn:
    word = facts.importance_word or ""
    answer = prompts.importance_answer(word)
    question = prompts.INSTRUCTIONS[IMPORTANCE_TASK]
    return Turn(question, answer, IMPORTANCE_TASK, "importance", (f"importance:{word}",))


def _distortion(facts: RegionFacts, category: str | None, pick: Hash) -> Turn:
    question = prompts.INSTRUCTIONS[DISTORTION_TASK]
    answer = prompts.distortion_answer(facts.distortions)
    return Turn(question, answer, DISTORTION_TASK, "distortion", _distortion_words(facts))


def _distortion_words(facts: RegionFacts) -> tuple[str, ...]:
    if not facts.distortions:
        return ("type:clean",)
    return tuple(
        name
        for kind, word in facts.distortions
        for name in (f"type:{kind.value}", f"severity:{word}")
    )


def _joint(facts: RegionFacts, category: str | None, pick: Hash) -> Turn:
    parts = [
        prompts.distortion_answer(facts.distortions),
        prompts.quality_answer(facts.quality_word),
    ]
    question = prompts.joint_question(QUALITY_TASK, semantic=category is not None)
    words = (*_distortion_words(facts), f"quality:{facts.quality_word}")
    return Turn(question, prompts.joint_answer(parts, category), None, "joint", words)


def _joint_importance(facts: RegionFacts, category: str | None, pick: Hash) -> Turn:
    word = facts.importance_word or ""
    question = prompts.joint_question(IMPORTANCE_TASK, semantic=True)
    answer = prompts.joint_answer([prompts.importance_answer(word)], category)
    return Turn(question, answer, None, "joint-importance", (f"importance:{word}",))


def _judge_quality(facts: RegionFacts, category: str | None, pick: Hash) -> Turn:
    right, word = _suggestion(facts.quality_word, QUALITY.words, pick)
    answer = prompts.judgement_answer(right, prompts.quality_answer(facts.quality_word))
    return _judged(prompts.quality_judgement(word), answer, "judge-quality", right)


def _judge_importance(facts: RegionFacts, category: str | None, pick: Hash) -> Turn:
    true_word = facts.importance_word or ""
    right, word = _suggestion(true_word, IMPORTANCE.words, pick)
    answer = prompts.judgement_answer(right, prompts.importance_answer(true_word))
    return _judged(prompts.importance_judgement(word), answer, "judge-importance", right)


def _judge_type(facts: RegionFacts, category: str | None, pick: Hash) -> Turn:
    kinds = [kind.value for kind in DistortionType]
    correction = prompts.distortion_answer(facts.distortions)
    if facts.distortions:
        present = [kind.value for kind, _ in facts.distortions]
        true_kind = present[pick("which") % len(present)]
        others = [kind for kind in kinds if kind not in present]
        right, name = _suggestion(true_kind, [true_kind, *others], pick)
    else:
        right, name = False, kinds[pick("type") % len(kinds)]
    question = prompts.type_judgement(DistortionType(name))
    answer = prompts.judgement_answer(right, correction)
    return _judged(question, answer, "judge-type", right)


def _judged(question: str, answer: str, form: str, right: bool) -> Turn:
    return Turn(question, answer, None, form, (f"{form}:{'yes' if right else 'no'}",))


def _suggestion(true_word: str, words: Sequence[str], pick: Hash) -> tuple[bool, str]:
    """Whether the question suggests what is the case (half the time), and the suggested word."""
    if pick("right") % 2:
        return True, true_word
    wrong = [word for word in words if word != true_word]
    return False, wrong[pick("wrong") % len(wrong)]


_MAKERS: Mapping[str, Callable[[RegionFacts, str | None, Hash], Turn]] = {
    "quality": _quality,
    "importance": _importance,
    "distortion": _distortion,
    "joint": _joint,
    "joint-importance": _joint_importance,
    "judge-quality": _judge_quality,
    "judge-type": _judge_type,
    "judge-importance": _judge_importance,
}
