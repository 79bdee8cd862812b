"""The losses, each a sum over its items: the caller divides by the step's supervised tokens.

So a weight says how many tokens of text one item counts for, and a step's loss is the same however
its records are spread over micro-batches and processes.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from seagull.records.order import POOR_BELOW

PAIR_DEVIATION = 0.1
"""Standard deviation of the difference of two qualities, of which a pair's order is drawn."""


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
    is_known = ~numbers.isnan()
    targets = torch.where(is_known, numbers, predicted.detach())
    losses = functional.smooth_l1_loss(predicted, targets, beta=0.1, reduction="none")
    regions = is_known.any(dim=2).sum(dim=1).clamp_min(1)
    return (losses.sum(dim=(1, 2)) / regions).sum()


def gaussian_loss(
    mean: Float[Tensor, "B R"], spread: Float[Tensor, "B R"], mos: Float[Tensor, "B R"]
) -> Float[Tensor, ""]:
    """Negative log-likelihood of the known MOS, weighted by the variance, summed over photos.

    Weighted so (Seitzer et al., arXiv 2203.09168, with beta 1), the mean learns as by squared error
    and the spread as by likelihood: a spread that is small by chance does not drown all else.

    Args:
        mean: quality. ``spread``: its standard deviation, above 0.
        mos: NaN where there is none.
    """
    is_known = ~mos.isnan()
    error = torch.where(is_known, mos - mean, 0.0)
    variance = spread.square()
    likelihood = 0.5 * (variance.log() + error.square() / variance) * variance.detach()
    regions = is_known.sum(dim=1).clamp_min(1)
    return (torch.where(is_known, likelihood, 0.0).sum(dim=1) / regions).sum()


def presence_loss(
    logits: Float[Tensor, "B R types"], severities: Float[Tensor, "B R types"]
) -> Float[Tensor, ""]:
    """Cross entropy of each type's presence, summed over types and over a photo's regions' mean.

    A type is there if its severity is above 0; nothing is learned where it is not known (NaN).
    """
    is_known = ~severities.isnan()
    losses = functional.binary_cross_entropy_with_logits(
        logits, (severities > 0).to(logits.dtype), reduction="none"
    )
    regions = is_known.any(dim=2).sum(dim=1).clamp_min(1)
    return (torch.where(is_known, losses, 0.0).sum(dim=(1, 2)) / regions).sum()


def pair_loss(
    quality: Float[Tensor, " N"],
    pairs: Int[Tensor, "P 2"],
    targets: Float[Tensor, " P"],
) -> Float[Tensor, ""]:
    """Mean of 1 - fidelity of the order of pairs, by Thurstone's model; 0 without pairs.

    UNIQUE, arXiv 2005.13983, equations 3 to 5, with a fixed deviation.

    Args:
        quality: of all regions.
        pairs: places of two of them.
        targets: the chance that the first is the better one.
    """
    if not len(pairs):
        return quality.new_zeros(())
    gap = quality[pairs[:, 0]] - quality[pairs[:, 1]]
    chance = torch.special.ndtr(gap.float() / PAIR_DEVIATION)
    # Kept off 0, where a root has no slope.
    agreement, disagreement = chance * targets, (1 - chance) * (1 - targets)
    fidelity = agreement.clamp_min(1e-6).sqrt() + disagreement.clamp_min(1e-6).sqrt()
    return (1 - fidelity).mean()


def unchanged_loss(quality: Float[Tensor, " N"], pairs: Int[Tensor, "S 2"]) -> Float[Tensor, ""]:
    """Mean smooth L1 between the qualities of one untouched region in two versions of its photo."""
    if not len(pairs):
        return quality.new_zeros(())
    return functional.smooth_l1_loss(quality[pairs[:, 0]], quality[pairs[:, 1]], beta=0.02)


def poor_loss(quality: Float[Tensor, " N"], poor: Int[Tensor, " K"]) -> Float[Tensor, ""]:
    """Mean of how far regions that nobody would call fair are above ``POOR_BELOW``."""
    if not len(poor):
        return quality.new_zeros(())
    return (quality[poor] - POOR_BELOW).clamp_min(0).mean()
