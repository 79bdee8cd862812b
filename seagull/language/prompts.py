"""Questions, answers and conversation styles: used by inference, training and data generation.

Wording of questions and answers: SEAGULL's released inference script and templates
(arXiv 2411.10161 and its repository). Everything here is text; regions are strings of placeholders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seagull.language.tokens import IMAGE_TOKEN, REGION_MARKER
from seagull.levels import IMPORTANCE, QUALITY, LevelScale
from seagull.types import AssessmentTask, DistortionType, Message

CLEAN_ANSWER = "Without distortions."
"""Answer to the distortion question for a region where nothing is visible."""

INSTRUCTIONS: Mapping[AssessmentTask, str] = {
    AssessmentTask.QUALITY: "Analyze the quality of this region.",
    AssessmentTask.IMPORTANCE: (
        "Consider the impact of this region on the overall image quality. "
        "Analyze its importance to the overall image quality."
    ),
    AssessmentTask.DISTORTION: "Provide the distortion type of this region.",
}

LEVEL_SCALES: Mapping[AssessmentTask, LevelScale] = {
    AssessmentTask.QUALITY: QUALITY,
    AssessmentTask.IMPORTANCE: IMPORTANCE,
}

ANSWER_PREFIXES: Mapping[AssessmentTask, str] = {
    AssessmentTask.QUALITY: "The quality is",
    AssessmentTask.IMPORTANCE: "This region is",
    AssessmentTask.DISTORTION: "With",
}
"""The fixed beginning of an answer; what follows is the level word (or the severity word)."""


QUALITY_SLOT = "{quality}"
"""Stands for a word of ``QUALITY`` in answers about regions that nobody has judged yet.

How good a synthetically distorted region looks to people is not known before a model has learned
it; records carry this until what the model reads fills it.
"""


def quality_answer(level: str) -> str:
    """The answer to the quality question, for a word of ``QUALITY`` or ``QUALITY_SLOT``."""
    return f"The quality is {level}."


def importance_answer(level: str) -> str:
    """The answer to the importance question, for a word of ``IMPORTANCE``."""
    return f"This region is {level} to the overall quality."


def distortion_answer(found: Sequence[tuple[DistortionType, str]]) -> str:
    """The answer to the distortion question, for (type, severity word) pairs in spoken order.

    ``With minor colorfulness and trivial contrast distortions.`` as in the paper's figure 2;
    one distortion takes the singular, none gives ``CLEAN_ANSWER``.
    """
    if not found:
        return CLEAN_ANSWER
    parts = [f"{severity} {kind.value}" for kind, severity in found]
    listed = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    return f"With {listed} distortion{'s' if len(parts) > 1 else ''}."


def type_judgement(kind: DistortionType) -> str:
    """The judgement question about one distortion type; it is answered Yes or No."""
    return f"Is this region in {kind.value}?"


def quality_judgement(level: str) -> str:
    """The judgement question about one word of ``QUALITY``."""
    return f"Is the quality of this region be {level}?"  # the released template's own grammar


def importance_judgement(level: str) -> str:
    """The judgement question about one word of ``IMPORTANCE``."""
    return (
        "Consider the impact of this region on the overall image quality. "
        f"Is this region {level} to the overall image quality?"
    )


def joint_question(task: AssessmentTask, *, semantic: bool = False) -> str:
    """The question for several things at once: distortion and quality, or importance.

    With ``semantic``, also what the region shows.
    """
    if task is AssessmentTask.IMPORTANCE:
        asked = "Provide the semantic of this region and analyze its importance"
        return (
            "Consider the impact of this region on the overall image quality. "
            f"{asked} to the overall image quality."
        )
    asked = "semantic, distortion type" if semantic else "distortion type"
    return f"Provide the {asked} of this region and analyze its quality."


def joint_answer(parts: Sequence[str], semantic: str | None = None) -> str:
    """The answer to a joint question: full answers one after the other, begun by what it shows.

    ``Dog. With minor blur distortion. The quality is good.``
    """
    start = [] if semantic is None else [f"{semantic[:1].upper()}{semantic[1:]}."]
    return " ".join([*start, *parts])


def judgement_answer(right: bool, correction: str) -> str:
    """``Yes.``, or ``No.`` followed by what is the case."""
    return f"{YES}." if right else f"{NO}. {correction}"


YES = "Yes"
NO = "No"


@dataclass(frozen=True)
class RenderedPrompt:
    """A conversation as one string.

    Attributes:
        text: the whole conversation, placeholders included.
        answers: character spans (start, end) of ``text`` that the model is to say, in order; a span
            begins with the separating space and ends with the end-of-turn text.
        markers: per marker in ``text``, the id of the region it stands for.
        literal: character spans (start, end) that people wrote: what is said, and regions' ids.
            A word in them that is written like a placeholder is text.
    """

    text: str
    answers: tuple[tuple[int, int], ...]
    markers: tuple[str, ...]
    literal: tuple[tuple[int, int], ...] = ()

    @property
    def regions(self) -> tuple[str, ...]:
        """Ids of the regions spoken of, each once, in the order in which they come in."""
        return tuple(dict.fromkeys(self.markers))


@dataclass(frozen=True)
class PromptStyle:
    """How a conversation is written for one family of language models.

    Args:
        name: by which a model's configuration refers to the style.
        opening: text before the first turn.
        user_open: text before a user's content.
        user_close: text after it, up to where the answer begins.
        answer_open: text between that and the answer's first word (part of the answer's span).
        answer_close: end of an answer (part of its span).
        preamble: text at the start of the first user turn; holds the one image placeholder.
        one_region: introduction of a single region; holds ``{marker}``.
        many_regions: introduction of one of several regions; holds ``{id}`` and ``{marker}``.
        regions_last: regions are introduced right before the answer instead of before the
            question, so that all else is the same for every region of a photo and computed once.
        stop: strings at which a generated answer ends.
    """

    name: str
    opening: str
    user_open: str
    user_close: str
    answer_open: str
    answer_close: str
    preamble: str
    one_region: str
    many_regions: str
    regions_last: bool
    stop: tuple[str, ...]

    def render(
        self, messages: Sequence[Message], *, answer_prefix: str | None = None
    ) -> RenderedPrompt:
        """The conversation as text.

        Regions named in ``Message.regions`` are introduced whenever the talk turns to them, so
        that "this region" is always the one introduced last.

        Args:
            messages: turns by ``user`` and ``assistant`` in alternation, the user first.
            answer_prefix: if given, the conversation must end with a user's turn, and the text
                goes on up to this beginning of an answer (``""``: up to where an answer begins).

        Raises:
            ValueError: if roles do not alternate, or the last turn does not fit ``answer_prefix``.
        """
        _check_turns(messages, open_ended=answer_prefix is not None)
        out, answers, markers = _Text(self.opening), [], list[str]()
        last: tuple[str, ...] = ()
        for index, message in enumerate(messages):
            if message.role == "assistant":
                start = out.length
                out.add(self.answer_open).add_literal(message.content).add(self.answer_close)
                answers.append((start, out.length))
                continue
            out.add(self.user_open + (self.preamble if index == 0 else ""))
            new = message.regions if message.regions != last else ()
            last = message.regions or last
            markers += new
            if not self.regions_last:
                self._introduce(out, new)
            out.add_literal(message.content).add(self.user_close)
            if self.regions_last:
                self._introduce(out, new)
        if answer_prefix:
            out.add(self.answer_open + answer_prefix)
        return RenderedPrompt(out.text, tuple(answers), tuple(markers), tuple(out.literal))

    def _introduce(self, out: _Text, regions: Sequence[str]) -> None:
        if len(regions) == 1:
            out.add(self.one_region.format(marker=REGION_MARKER))
            return
        before, after = self.many_regions.format(id="\0", marker=REGION_MARKER).split("\0")
        for id in regions:
            out.add(before).add_literal(id).add(after)


class _Text:
    """A text in the making that remembers which parts of it people wrote."""

    def __init__(self, opening: str) -> None:
        self._parts = [opening]
        self.length = len(opening)
        self.literal: list[tuple[int, int]] = []

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def add(self, part: str) -> _Text:
        self._parts.append(part)
        self.length += len(part)
        return self

    def add_literal(self, part: str) -> _Text:
        self.literal.append((self.length, self.length + len(part)))
        return self.add(part)


def _check_turns(messages: Sequence[Message], *, open_ended: bool) -> None:
    for index, message in enumerate(messages):
        expected = "assistant" if index % 2 else "user"
        if message.role != expected:
            raise ValueError(
                f"message {index}: the role must be {expected!r}, got {message.role!r}"
            )
    last = "user" if open_ended else "assistant"
    if not messages or messages[-1].role != last:
        raise ValueError(
            f"a conversation of {len(messages)} messages must end with the {last}'s turn"
        )


VICUNA = PromptStyle(
    name="vicuna",
    opening=(
        "A chat between a curious human and an artificial intelligence assistant. The assistant "
        "gives helpful, detailed, and polite answers to the human's questions. "
    ),
    user_open="USER: ",
    user_close=" ASSISTANT:",
    answer_open=" ",
    answer_close="</s>",
    # The comma missing after "contrast" is in the released prompt, with which the weights learned.
    preamble=(
        f"{IMAGE_TOKEN}\nThis provides an overview of the image.\n"
        " Please answer the following questions about the provided region. Note: Distortions "
        "include: blur, colorfulness, compression, contrast exposure and noise.\n"
    ),
    one_region=" Here is the region {marker}. ",
    many_regions=" Here is the region {id} {marker}. ",
    regions_last=False,
    stop=("</s>",),
)
"""The released checkpoint's conversation, as its inference script writes it."""

CHATML = PromptStyle(
    name="chatml",
    opening="",
    user_open="<|im_start|>user\n",
    user_close="<|im_end|>\n<|im_start|>assistant\n",
    answer_open="",
    answer_close="<|im_end|>\n",
    preamble=f"{IMAGE_TOKEN}\n",
    one_region="{marker}",
    many_regions="Region {id}: {marker}\n",
    regions_last=True,
    stop=("<|im_end|>",),
)
"""Short prompts for models with ChatML turns (SmolLM2, Qwen)."""

STYLES: Mapping[str, PromptStyle] = {style.name: style for style in (VICUNA, CHATML)}
