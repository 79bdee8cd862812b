"""Puts image and region tokens at their placeholders in the text; their counts must match."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def fill(
    embeddings: Float[Tensor, "B T D"],
    input_ids: Int[Tensor, "B T"],
    placeholder: int,
    tokens: Float[Tensor, "B N D"] | None,
    markers: Int[Tensor, "B M"] | None = None,
) -> Float[Tensor, "B T D"]:
    """The embeddings with each row's n-th placeholder replaced by the token that belongs there.

    Args:
        embeddings: of the text; what stands at placeholders is ignored.
        input_ids: the placeholders' places.
        placeholder: id of the placeholder.
        tokens: what may be put there; None if the text has no such placeholder.
        markers: per placeholder, which of the row's tokens it takes; -1 where a row is padded. None
            takes all tokens in order.

    Raises:
        ValueError: if a row has another number of placeholders than of tokens to put there.
    """
    places = input_ids == placeholder
    placeholder_counts = places.sum(dim=1)
    chosen, token_counts = _chosen(tokens, markers)
    if bool((placeholder_counts != token_counts).any()):
        raise ValueError(
            f"placeholder {placeholder}: rows hold {placeholder_counts.tolist()} of them, but "
            f"{token_counts if isinstance(token_counts, int) else token_counts.tolist()} "
            "tokens were given"
        )
    if chosen is None:
        return embeddings
    return embeddings.masked_scatter(places[..., None], chosen.to(embeddings.dtype))


def _chosen(
    tokens: Float[Tensor, "B N D"] | None, markers: Int[Tensor, "B M"] | None
) -> tuple[Float[Tensor, "n D"] | None, int | Int[Tensor, " B"]]:
    """The tokens to put in, row by row, and their number a row."""
    if tokens is None:
        return None, 0
    if markers is None:
        return tokens.flatten(0, 1), tokens.shape[1]
    valid = markers >= 0
    index = markers.clamp_min(0)[..., None].expand(-1, -1, tokens.shape[2])
    return tokens.gather(1, index)[valid], valid.sum(dim=1)


def in_rows(tokens: Float[Tensor, "B N D"], rows: int) -> Float[Tensor, "rows M D"]:
    """Tokens of B photos in rows of text: a row each, or all in one packed row.

    Raises:
        ValueError: if there are neither B rows nor one.
    """
    if rows == len(tokens):
        return tokens
    if rows == 1:
        return tokens.flatten(0, 1)[None]
    raise ValueError(f"{rows} rows of text cannot hold the tokens of {len(tokens)} photos")


def text_embeddings(
    table: torch.nn.Module, input_ids: Int[Tensor, "B T"], placeholders: tuple[int, ...]
) -> Float[Tensor, "B T D"]:
    """Embeddings of the text; placeholders, which may lie outside the table, look up id 0."""
    is_placeholder = torch.isin(input_ids, torch.tensor(placeholders, device=input_ids.device))
    return table(input_ids.masked_fill(is_placeholder, 0))


def additive_mask(
    visible: Bool[Tensor, "*rows n seen"], like: Tensor
) -> Float[Tensor, "*rows n seen"]:
    """What attention adds: nothing where a position sees another, the lowest number elsewhere.

    Attention without a fused kernel adds even a boolean mask, so it is made here, in the type that
    the queries will have.

    Args:
        visible: whether a position sees another.
        like: the embeddings, of whose type queries are unless autocast changes it.
    """
    device = like.device.type
    autocast = torch.is_autocast_enabled(device)
    dtype = torch.get_autocast_dtype(device) if autocast else like.dtype
    mask = torch.zeros(visible.shape, dtype=dtype, device=like.device)
    return mask.masked_fill_(~visible.to(like.device), torch.finfo(dtype).min)
