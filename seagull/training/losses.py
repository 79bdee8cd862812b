"""The losses, each a sum over its items: the caller divides by the step's supervised tokens.

So a weight says how many tokens of text one item counts for, and a step's loss is the same however
its records are spread over micro-batches and processes.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional


def token_losses(logits: Float[Tensor, "E V"], targets: Int[Tensor, " E"]) -> Float[Tensor, " E"]:
    """Cross entropy of each answer's token."""
    return functional.cross_entropy(logits.float(), targets, reduction="none")


def soft_losses(
    logits: Float[Tensor, "K V"], ids: Int[Tensor, "K words"], targets: Float[Tensor, "K words"]
) -> Float[Tensor, " K"]:
    """Cross entropy over the whole vocabulary with targets shared among the level words."""
    logits = logits.float()
    words = logits.gather(1, ids)
    return logits.logsumexp(dim=1) - (targets * words).sum(dim=1)


def head_loss(
    predicted: Float[Tensor, "B R numbers"], numbers: Float[Tensor, "B R numbers"]
) -> Float[Tensor, ""]:
    """Smooth L1 of the known numbers, summed over a photo's regions' mean; 0 where none is known.

    A photo with many regions counts no more than one that is judged as a whole.
    """
    known = ~numbers.isnan()
    wanted = torch.where(known, numbers, predicted.detach())
    apart = functional.smooth_l1_loss(predicted, wanted, beta=0.1, reduction="none")
    regions = known.any(dim=2).sum(dim=1).clamp_min(1)
    return (apart.sum(dim=(1, 2)) / regions).sum()


def presence_loss(
    logits: Float[Tensor, "B R types"], severities: Float[Tensor, "B R types"]
) -> Float[Tensor, ""]:
    """Cross entropy of each type's presence, summed over a photo's regions' and types' mean.

    A type is there if its severity is above 0; nothing is learned where it is not known (NaN).
    """
    known = ~severities.isnan()
    apart = functional.binary_cross_entropy_with_logits(
        logits, (severities > 0).to(logits.dtype), reduction="none"
    )
    per_photo = torch.where(known, apart, 0.0).sum(dim=(1, 2))
    return (per_photo / known.sum(dim=(1, 2)).clamp_min(1)).sum()
