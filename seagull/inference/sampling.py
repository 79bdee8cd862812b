"""Chooses tokens one by one and reports how likely they were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

UNFINISHED = "\N{REPLACEMENT CHARACTER}"
"""What a decoder shows for a character whose last bytes are still to come."""
_COLDEST = 1e-6
"""Lowest temperature that is not 0 in float32; the best token is certain long before."""


@dataclass(frozen=True)
class Sampling:
    """How an answer is made.

    Args:
        max_new_tokens: most tokens to generate.
        temperature: 0 takes the best token each time; above, tokens are drawn.
        top_p: drawn are only the likeliest tokens that together have this probability.
        stop: the answer ends before the first of these strings.
        alternatives: how many likeliest tokens are reported beside each generated token; None
            reports no probabilities.

    Raises:
        ValueError: if a number is out of its range.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    alternatives: int | None = None

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            raise ValueError(f"the temperature must be 0 or more, got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is a probability above 0, got {self.top_p}")


@dataclass(frozen=True)
class TokenLog:
    """A token with the logarithm of its probability, whatever the temperature.

    ``alternatives`` are the likeliest tokens in its place, the likeliest first.
    """

    text: str
    logprob: float
    alternatives: tuple[TokenLog, ...] = ()


@dataclass(frozen=True)
class Piece:
    """What one step adds to an answer.

    Attributes:
        text: that can be shown; often none, while a character or a stop string may be coming.
        tokens: generated in this step, if their probabilities are reported.
        finish: on the last piece ``stop`` (the answer has ended) or ``length`` (it was cut off).
        prompt_tokens: that the model has seen before the answer, image tokens included.
        answer_tokens: generated so far.
        reused_tokens: of ``prompt_tokens``, those that earlier turns had computed.
    """

    text: str
    tokens: tuple[TokenLog, ...] = ()
    finish: str | None = None
    prompt_tokens: int = 0
    answer_tokens: int = 0
    reused_tokens: int = 0


def choose(logits: Float[Tensor, " V"], sampling: Sampling, generator: torch.Generator) -> int:
    """The next token."""
    if sampling.temperature == 0:
        return int(logits.argmax())
    # Less than the best: a tiny temperature would make infinity of it, and of two of them NaN.
    logs = logits.float() - logits.max()
    chances = (logs / max(sampling.temperature, _COLDEST)).softmax(dim=0)
    if sampling.top_p < 1:
        ranked, order = chances.sort(descending=True)
        # A token stays while those before it have not yet reached top_p; so the first always does.
        ranked[ranked.cumsum(dim=0) - ranked >= sampling.top_p] = 0
        return int(order[torch.multinomial(ranked, 1, generator=generator)])
    return int(torch.multinomial(chances, 1, generator=generator))


def token_log(
    logits: Float[Tensor, " V"], token: int, alternatives: int, decode: Callable[[int], str]
) -> TokenLog:
    """The log-probability of a generated token and of its likeliest alternatives."""
    logs = logits.float().log_softmax(dim=0)
    best = logs.topk(min(alternatives, len(logs)))
    likeliest = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    token_alternatives = tuple(TokenLog(decode(candidate), value) for candidate, value in likeliest)
    return TokenLog(decode(token), float(logs[token]), token_alternatives)


def cut(text: str, stop: Sequence[str]) -> tuple[str, bool]:
    """The text before the first stop string, and whether there is one."""
    places = [place for end in stop if (place := text.find(end)) >= 0]
    return (text[: min(places)], True) if places else (text, False)


def settled(text: str, stop: Sequence[str]) -> int:
    """How much of the text can no longer become part of a stop string or another character."""
    settled_length = len(text.rstrip(UNFINISHED))
    for end in stop:
        for length in range(1, len(end)):
            if text.endswith(end[:length]):
                settled_length = min(settled_length, len(text) - length)
    return settled_length
