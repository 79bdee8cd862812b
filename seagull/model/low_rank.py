"""Vision encoders in adapter files by what training changed, as two thin factors a matrix.

As in LoRA (Hu et al., 2021), ``weight = base weight + B @ A``: a tower of seagull-nano takes a
third of the space that way, and may lose nothing by it (docs/nano.md). It is done with linear
layers and pointwise convolutions. Factors stand at ``KEY.low_rank_A`` (r, in) and
``KEY.low_rank_B`` (out, r) in the place of ``KEY``. Where it is known what a layer is shown, the
factors are those that change what the layer gives least, not those nearest to the weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from seagull.model.errors import ModelError

FIRST, SECOND = ".low_rank_A", ".low_rank_B"


LEAST = 1e-3
"""Added to the second moment in each direction, as a share of the mean: no direction is free."""


def factored(
    tensors: Mapping[str, Tensor],
    base: Mapping[str, Tensor],
    prefix: str,
    rank: int,
    moments: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """The tensors, with factors for matrices where these take less space.

    Args:
        tensors: of an adapter, by their keys.
        base: the base model's, by the same keys.
        prefix: of the keys that are meant.
        rank: of the factors, which are the nearest there are.
        moments: second moments (in, in) of what layers are shown, by the same keys. Where there is
            one, nearest means by what the layer gives (root mean square), else by the weights.

    Raises:
        ModelError: if the base model has no such weight, or one of another shape.
    """
    stored = dict(tensors)
    for key, value in tensors.items():
        if not key.startswith(prefix) or not _is_matrix(value.shape):
            continue
        own = base.get(key)
        if own is None or own.shape != value.shape:
            raise ModelError(f"{key}: the base model has no such weight of {tuple(value.shape)}")
        change = (value.float() - own.float()).flatten(1)
        if rank * sum(change.shape) >= change.numel():
            continue
        stored[key + FIRST], stored[key + SECOND] = _factors(
            change, rank, None if moments is None else moments.get(key)
        )
        del stored[key]
    return stored


def _factors(
    change: Float[Tensor, "out in"], rank: int, moment: Float[Tensor, "in in"] | None
) -> tuple[Float[Tensor, "r in"], Float[Tensor, "out r"]]:
    """Factors A, B with the least ``E |change @ x - B @ A @ x|^2`` for x of that second moment."""
    if moment is None:
        moment = torch.eye(change.shape[1])
    moment = moment.double().clone()
    moment.diagonal().add_(LEAST * moment.diagonal().mean())
    spread, axes = torch.linalg.eigh(moment)
    sizes = spread.sqrt()
    left, values, right = torch.linalg.svd(change.double() @ (axes * sizes), full_matrices=False)
    # Factors of about one size lose least in half precision.
    root = values[:rank].sqrt()
    first = (root[:, None] * right[:rank] / sizes) @ axes.T
    return first.float(), (left[:, :rank] * root).float()


def factored_towers(
    tensors: Mapping[str, Tensor],
    base: Mapping[str, Tensor],
    towers: Iterable[tuple[int, int]],
    moments: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """The tensors with factors for some towers: number (the first is 1) and rank of each.

    Otherwise as ``factored``.
    """
    stored = dict(tensors)
    for tower, rank in towers:
        place = f"others.{tower - 2}" if tower > 1 else "backbone"
        stored = factored(stored, base, f"vision_encoder.{place}.", rank, moments)
    return stored


def tower_and_rank(text: str) -> tuple[int, int]:
    """From ``TOWER:RANK``.

    Raises:
        ValueError: if it is not that.
    """
    tower, rank = map(int, text.split(":"))
    if tower < 1 or rank < 1:
        raise ValueError(f"towers and ranks begin at 1, got {text}")
    return tower, rank


def restored(tensors: Mapping[str, Tensor], base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, with whole weights in the place of factors.

    Args:
        tensors: of an adapter, by their keys.
        base: the base model's as they are before the adapter is put in, by the same keys.

    Raises:
        ModelError: if a factor lacks its partner or its place, or they have shapes that do not fit.
    """
    whole = {k: value for k, value in tensors.items() if not k.endswith((FIRST, SECOND))}
    keys = {key.removesuffix(FIRST).removesuffix(SECOND) for key in tensors.keys() - whole.keys()}
    for key in sorted(keys):
        first, second = tensors.get(key + FIRST), tensors.get(key + SECOND)
        if first is None or second is None:
            raise ModelError(f"{key}: one of the two low-rank factors is missing")
        own = base.get(key)
        if own is None or not _is_matrix(own.shape) or not _fit(first, second, own.shape):
            raise ModelError(
                f"{key}: low-rank factors of shapes {tuple(first.shape)} and "
                f"{tuple(second.shape)} do not fit the model's "
                f"{'parts' if own is None else tuple(own.shape)}"
            )
        change = second.to(own.device).float() @ first.to(own.device).float()
        whole[key] = own.detach().float() + change.view(own.shape)
    return whole


def _is_matrix(shape: torch.Size) -> bool:
    """Whether it is the weight of a linear layer or of a pointwise convolution."""
    return len(shape) == 2 or (len(shape) == 4 and shape[2:] == (1, 1))


def _fit(first: Tensor, second: Tensor, shape: torch.Size) -> bool:
    if first.ndim != 2 or second.ndim != 2 or first.shape[0] != second.shape[1]:
        return False
    return (second.shape[0], first.shape[1]) == tuple(shape[:2])
