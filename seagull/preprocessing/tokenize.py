"""Turns a rendered conversation into token ids and labels, in one pass over one string."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from transformers import PreTrainedTokenizerBase

from seagull.language.prompts import RenderedPrompt
from seagull.language.tokens import IGNORE_INDEX
from seagull.preprocessing.inputs import Tokens

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def encode(
    tokenizer: PreTrainedTokenizerBase, prompt: RenderedPrompt, image_id: int, image_tokens: int
) -> Tokens:
    """Ids of the whole text, the image placeholder repeated once per image token.

    A token is supervised if its first character lies in an answer. Because ids and offsets come
    from the same pass, labels cannot drift from the text.

    Args:
        tokenizer: a fast one, which reports the characters of each token.
        prompt: the conversation; its placeholders are tokens of the tokenizer.
        image_id: id of the image placeholder.
        image_tokens: number N of image tokens.

    Raises:
        ValueError: if a token straddles the border of an answer.
    """
    ids: list[int] = []
    labels: list[int] = []
    starts: list[int] = []
    for token, start, end in _tokens(tokenizer, prompt):
        if token == image_id:
            ids += [token] * image_tokens
            labels += [IGNORE_INDEX] * image_tokens
            starts += [start] * image_tokens
            continue
        ids.append(token)
        labels.append(token if _is_answer(prompt, start, end) else IGNORE_INDEX)
        starts.append(start)
    place = {region: index for index, region in enumerate(prompt.regions)}
    return Tokens(
        torch.tensor(ids),
        torch.tensor(labels),
        prompt.regions,
        torch.tensor([place[region] for region in prompt.markers], dtype=torch.long),
        torch.tensor(starts),
    )


def literal_words(
    tokenizer: PreTrainedTokenizerBase, prompt: RenderedPrompt
) -> list[tuple[int, int]]:
    """Where people wrote words that the tokenizer would take for special tokens.

    A question about ``<image>`` is about a word: a second photo placeholder must not come of it,
    nor the end of a turn of ``<|im_end|>``.

    Returns:
        Character spans (start, end) in ``prompt.text``, ascending, without overlap.
    """
    added = tokenizer.added_tokens_decoder.values()
    words = {str(token.content) for token in added if token.special}
    longest_first = sorted(words - {""}, key=len, reverse=True)
    special = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
    return [
        match.span() for span in prompt.literal for match in special.finditer(prompt.text, *span)
    ]


def _tokens(
    tokenizer: PreTrainedTokenizerBase, prompt: RenderedPrompt
) -> Iterator[tuple[int, int, int]]:
    """Each token with its characters (start, end); special words in literal text are plain text.

    The tokenizer itself cuts the text at special words, so cutting there changes no other token.
    """
    # A lone surrogate stands for a byte that was no UTF-8; no tokenizer takes it.
    text = _LONE_SURROGATE.sub(_REPLACEMENT, prompt.text)
    position = 0
    for start, end in literal_words(tokenizer, prompt):
        yield from _piece(tokenizer, text, position, start, literal=False)
        yield from _piece(tokenizer, text, start, end, literal=True)
        position = end
    yield from _piece(tokenizer, text, position, len(text), literal=False)


def _piece(
    tokenizer: PreTrainedTokenizerBase, text: str, start: int, end: int, *, literal: bool
) -> Iterator[tuple[int, int, int]]:
    if start == end:
        return
    encoded = tokenizer(
        text[start:end],
        return_offsets_mapping=True,
        # What a tokenizer puts in front of a text belongs in front of the first piece alone.
        add_special_tokens=start == 0,
        split_special_tokens=literal,
    )
    for token, (token_start, token_end) in zip(
        encoded["input_ids"], encoded["offset_mapping"], strict=True
    ):
        yield token, start + token_start, start + token_end


def _is_answer(prompt: RenderedPrompt, start: int, end: int) -> bool:
    for answer_start, answer_end in prompt.answers:
        inside = answer_start <= start < answer_end
        if inside != (answer_start < end <= answer_end) and start != end:
            piece = prompt.text[start:end]
            raise ValueError(
                f"the token {piece!r} at characters {start}-{end} straddles the border of the "
                f"answer at {answer_start}-{answer_end}; give the prompt style other separators"
            )
        if inside and start != end:
            return True
    return False
