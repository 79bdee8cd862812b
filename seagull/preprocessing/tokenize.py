"""A rendered conversation becomes ids and labels, in one pass over one string."""

from __future__ import annotations

import torch
from transformers import PreTrainedTokenizerBase

from seagull.preprocessing.inputs import Tokens
from seagull.prompts import RenderedPrompt
from seagull.tokens import IGNORE_INDEX


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
    encoded = tokenizer(prompt.text, return_offsets_mapping=True, add_special_tokens=True)
    ids: list[int] = []
    labels: list[int] = []
    starts: list[int] = []
    for token, (start, end) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
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


def _is_answer(prompt: RenderedPrompt, start: int, end: int) -> bool:
    for first, last in prompt.answers:
        inside = first <= start < last
        if inside != (first < end <= last) and start != end:
            piece = prompt.text[start:end]
            raise ValueError(
                f"the token {piece!r} at characters {start}-{end} straddles the border of the "
                f"answer at {first}-{last}; give the prompt style other separators"
            )
        if inside and start != end:
            return True
    return False
