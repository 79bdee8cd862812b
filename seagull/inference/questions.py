"""Questions about a region, as token sequences with the candidate answers to be compared.

A question is tokenised once as a whole, with the same processor as in training; for each region
only the region's two items change. Answers are compared behind a fixed prefix (Q-Align's read-out).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from seagull.language.findings import Findings, context_turns
from seagull.language.prompts import (
    ANSWER_PREFIXES,
    INSTRUCTIONS,
    LEVEL_SCALES,
    NO,
    YES,
    type_judgement,
)
from seagull.levels import SEVERITY
from seagull.preprocessing.packing import Item, common_prefix, global_item, local_item
from seagull.preprocessing.processor import SeagullProcessor
from seagull.types import AssessmentTask, DistortionType, Message

ONE_REGION = "1"


@dataclass(frozen=True)
class Question:
    """One question about one region, up to where its answer is read.

    Attributes:
        items: tokens after the photo's prefix, those of its region for region 0.
        candidates: token sequences of the answers compared.
        whole: compare the whole candidates even where their first tokens differ.
    """

    items: tuple[Item, ...]
    candidates: tuple[tuple[int, ...], ...]
    whole: bool = False

    @property
    def single(self) -> bool:
        """Whether the candidates' first tokens are enough to compare them."""
        first_tokens = {candidate[0] for candidate in self.candidates}
        return not self.whole and len(first_tokens) == len(self.candidates)

    def about(self, region: int) -> tuple[Item, ...]:
        """The items for the region with this index."""
        swap = {global_item(0): global_item(region), local_item(0): local_item(region)}
        return tuple(swap.get(item, item) for item in self.items)


class QuestionBook:
    """All questions of the three tasks for one processor, and the prefix they share.

    Args:
        processor: tokenises exactly as in training.

    Raises:
        ValueError: if the tokenizer joins the answer's prefix and a candidate into one token.
    """

    def __init__(self, processor: SeagullProcessor) -> None:
        self.processor = processor
        # Beginnings as different as they come, so that only what is fixed remains.
        beginnings = [
            self._items([Message("user", text, regions)], "")
            for text in ("?", "Why", "1")
            for regions in ((), (ONE_REGION,), (ONE_REGION, "2"))
        ]
        self.prefix: tuple[int, ...] = beginnings[0][: common_prefix(beginnings)]
        """Ids that every conversation about a photo begins with, image placeholders included."""

    def conversation(self, messages: Sequence[Message]) -> tuple[tuple[Item, ...], tuple[str, ...]]:
        """Items of a conversation that waits for an answer, after the prefix, and its markers.

        Regions are numbered marker by marker; the region of each is returned by its id.
        """
        prompt = self.processor.style.render(messages, answer_prefix="")
        return self._items(messages, "")[len(self.prefix) :], prompt.markers

    def free(self, text: str, known: Findings | None = None) -> Question:
        """A question in the user's own words about one region; its answer is generated.

        Args:
            text: the question.
            known: of the region, in context turns before the question.
        """
        context = () if known is None else context_turns({ONE_REGION: known})
        return Question(self.conversation([*context, Message("user", text, (ONE_REGION,))])[0], ())

    @cached_property
    def levels(self) -> dict[AssessmentTask, Question]:
        """Quality and importance: one candidate per level word, ascending."""
        return {
            task: self._compared(INSTRUCTIONS[task], ANSWER_PREFIXES[task], scale.words)
            for task, scale in LEVEL_SCALES.items()
        }

    @cached_property
    def judgements(self) -> dict[DistortionType, Question]:
        """Per distortion type: candidates Yes and No."""
        return {
            kind: self._compared(type_judgement(kind), "", (YES, NO)) for kind in DistortionType
        }

    @cached_property
    def severities(self) -> dict[DistortionType, Question]:
        """Per distortion type: the distortion task's answer with each severity word, ascending.

        Whole phrases ("minor blur") are compared, so that the severity is the one of this type.
        """
        task = AssessmentTask.DISTORTION
        return {
            kind: self._compared(
                INSTRUCTIONS[task],
                ANSWER_PREFIXES[task],
                tuple(f"{word} {kind.value}" for word in SEVERITY.words),
                whole=True,
            )
            for kind in DistortionType
        }

    @cached_property
    def digest(self) -> str:
        """Twelve hex digits that change with the wording or tokens of any question."""
        questions = [*self.levels.values(), *self.judgements.values(), *self.severities.values()]
        content = repr(
            (self.prefix, [(question.items, question.candidates) for question in questions])
        )
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @cached_property
    def answers(self) -> dict[AssessmentTask, Question]:
        """The three tasks, to be answered in words."""
        return {task: self.free(text) for task, text in INSTRUCTIONS.items()}

    def _compared(
        self, text: str, prefix: str, words: Sequence[str], *, whole: bool = False
    ) -> Question:
        messages = [Message("user", text, (ONE_REGION,))]
        # A space at the end would be a token of its own, so words are tokenised behind the prefix.
        base = self._items(messages, prefix)
        candidates = []
        for word in words:
            answer = self._items(messages, f"{prefix} {word}" if prefix else word)
            if answer[: len(base)] != base or len(answer) == len(base):
                raise ValueError(f"the tokenizer joins {prefix!r} and {word!r} into one token")
            candidates.append(answer[len(base) :])
        return Question(base[len(self.prefix) :], tuple(candidates), whole)

    def _items(self, messages: Sequence[Message], answer_prefix: str) -> tuple[Item, ...]:
        ids = self.processor.tokens(messages, answer_prefix=answer_prefix).input_ids.tolist()
        counts = {self.processor.global_id: 0, self.processor.local_id: 0}
        items = []
        for token in ids:
            if token in counts:
                item = global_item if token == self.processor.global_id else local_item
                items.append(item(counts[token]))
                counts[token] += 1
            else:
                items.append(token)
        return tuple(items)
