"""Level words in conversations: where they stand, and the distributions that numbers imply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy.special import ndtr
from torch import Tensor

from seagull.files.config import ConfigError
from seagull.language.prompts import ANSWER_PREFIXES, INSTRUCTIONS, LEVEL_SCALES
from seagull.preprocessing.inputs import Tokens
from seagull.preprocessing.processor import SeagullProcessor
from seagull.records import InstructionRecord, RegionLabels
from seagull.types import AssessmentTask, Message

TASKS = tuple(LEVEL_SCALES)
"""Tasks with level words, in the order of all arrays here: quality, importance."""


class LevelWord(NamedTuple):
    """A level word in an answer.

    Attributes:
        position: its token's place in the conversation.
        task: index into ``TASKS``.
        region: index of the region among the conversation's.
        number: behind the word, in [0, 1].
        std: of the raters' scores; NaN where unknown.
    """

    position: int
    task: int
    region: int
    number: float
    std: float


def level_ids(processor: SeagullProcessor) -> Int[Tensor, "tasks words"]:
    """Ids of the (first) tokens of the level words behind their answers' prefix.

    Raises:
        ConfigError: if two words of a scale begin with the same token.
    """
    rows = []
    for task, scale in LEVEL_SCALES.items():
        row = []
        for word in scale.words:
            content = f"{ANSWER_PREFIXES[task]} {word}."
            messages = [Message("user", INSTRUCTIONS[task]), Message("assistant", content)]
            tokens = processor.tokens(messages)
            text = processor.style.render(messages)
            start = text.text.index(content, text.answers[0][0]) + len(ANSWER_PREFIXES[task]) + 1
            row.append(int(tokens.input_ids[token_at(tokens, start)]))
        if len(set(row)) < len(row):
            raise ConfigError(f"the tokenizer begins two {task.value} words with the same token")
        rows.append(row)
    return torch.tensor(rows)


def token_at(tokens: Tokens, character: int) -> int:
    """Place of the token that holds a character of the rendered text."""
    return int(torch.searchsorted(tokens.starts, character, right=True)) - 1


def find_level_words(
    record: InstructionRecord, processor: SeagullProcessor, tokens: Tokens
) -> list[LevelWord]:
    """The level words of a record's answers that have a number behind them."""
    prompt = processor.style.render(record.messages)
    level_words = []
    answers = iter(prompt.answers)
    question_regions: tuple[str, ...] = ()
    for message in record.messages:
        if message.role == "user":
            question_regions = message.regions
            continue
        start, _ = next(answers)
        task = message.task
        if task is None or task not in LEVEL_SCALES:
            continue
        if len(question_regions) != 1 or question_regions[0] not in record.labels:
            continue
        labels = record.labels[question_regions[0]]
        number = _number(labels, task)
        place = _word_place(message.content, task)
        if number is None or place is None:
            continue
        position = prompt.text.index(message.content, start) + place
        std = labels.quality_std if task is AssessmentTask.QUALITY else None
        level_words.append(
            LevelWord(
                token_at(tokens, position),
                TASKS.index(task),
                tokens.regions.index(question_regions[0]),
                number,
                float("nan") if std is None else std,
            )
        )
    return level_words


def _number(labels: RegionLabels, task: AssessmentTask) -> float | None:
    return labels.quality if task is AssessmentTask.QUALITY else labels.importance


def _word_place(content: str, task: AssessmentTask) -> int | None:
    prefix = ANSWER_PREFIXES[task] + " "
    for word in LEVEL_SCALES[task].words:
        if (start := content.find(prefix + word)) >= 0:
            following = content[start + len(prefix) + len(word) :][:1]
            if not following.isalpha():
                return start + len(prefix)
    return None


def soft_levels(
    numbers: Sequence[float], stds: Sequence[float], weights: Sequence[float]
) -> Float[Tensor, "K words"]:
    """Distributions over level words whose mean is the number.

    Without a spread, the number's two neighbours share it linearly. With one, a normal
    distribution is cut into the words' bins (as DeQA-Score does) and moved until the mean of the
    words' weights is the number; a spread below a quarter of a bin counts as that. A number beyond
    the first or the last word's is that word's.

    Args:
        numbers: in [0, 1].
        stds: on the same scale; NaN for unknown.
        weights: what the words stand for, ascending, see ``SeagullConfig.level_weights``.
    """
    values = np.asarray(weights, dtype=np.float64)
    rows = [
        _linear(number, values) if np.isnan(std) else _normal(number, std, values)
        for number, std in zip(np.clip(numbers, values[0], values[-1]), stds, strict=True)
    ]
    return torch.tensor(np.array(rows, dtype=np.float32).reshape(-1, len(values)))


def _linear(number: float, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([np.interp(number, weights, unit) for unit in np.eye(len(weights))])


def _normal(number: float, std: float, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    edges = (weights[:-1] + weights[1:]) / 2
    spread = max(std, float(np.diff(weights).min()) / 4)

    def shares(mean: float) -> NDArray[np.float64]:
        return np.diff(np.concatenate([[0.0], ndtr((edges - mean) / spread), [1.0]]))

    low, high = -1.0 - 4 * spread, 2.0 + 4 * spread
    for _ in range(48):
        middle = (low + high) / 2
        low, high = (middle, high) if shares(middle) @ weights < number else (low, middle)
    return shares((low + high) / 2)
