"""Assembly: image and region tokens are put at their placeholders; counts must match."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def fill(
    embeddings: Float[Tensor, "B T D"],
    input_ids: Int[Tensor, "B T"],
    placeholder: int,
    tokens: Float[Tensor, "B N D"],
    valid: Bool[Tensor, "B N"] | None = None,
) -> Float[Tensor, "B T D"]:
    """The embeddings with the n-th placeholder of each row replaced by the row's n-th valid token.

    Args:
        embeddings: of the text; what stands at placeholders is ignored.
        input_ids: the placeholders' places.
        placeholder: id of the placeholder.
        tokens: what to put there, in order.
        valid: which tokens count (rows are padded); all of them if None.

    Raises:
        ValueError: if a row has another number of placeholders than of valid tokens.
    """
    places = input_ids == placeholder
    given = tokens.shape[1] if valid is None else valid.sum(dim=1)
    wanted = places.sum(dim=1)
    if bool((wanted != given).any()):
        raise ValueError(
            f"placeholder {placeholder}: rows hold {wanted.tolist()} of them, but "
            f"{given if isinstance(given, int) else given.tolist()} tokens were given"
        )
    chosen = tokens.flatten(0, 1) if valid is None else tokens[valid]
    return embeddings.masked_scatter(places[..., None], chosen.to(embeddings.dtype))


def at_markers(
    tokens: Float[Tensor, "B R D"], markers: Int[Tensor, "B M"]
) -> tuple[Float[Tensor, "B M D"], Bool[Tensor, "B M"]]:
    """The regions' tokens in the order of the markers, and which markers count (-1 does not)."""
    index = markers.clamp_min(0)[..., None].expand(-1, -1, tokens.shape[2])
    return tokens.gather(1, index), markers >= 0


def text_embeddings(
    table: torch.nn.Module, input_ids: Int[Tensor, "B T"], placeholders: tuple[int, ...]
) -> Float[Tensor, "B T D"]:
    """Embeddings of the text; placeholders, which may lie outside the table, look up id 0."""
    is_placeholder = torch.isin(input_ids, torch.tensor(placeholders, device=input_ids.device))
    return table(input_ids.masked_fill(is_placeholder, 0))
