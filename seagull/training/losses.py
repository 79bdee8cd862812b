"""The losses, each a sum over its items: the caller divides by the step's supervised tokens.

So a weight says how many tokens of text one item counts for, and a step's loss is the same however
its records are spread over micro-batches and processes.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from seagull.model.head import HeadReading

RANK_TEMPERATURE = 0.1
"""Difference of two scores at which their order counts as fairly sure."""
PAIR_DEVIATION = 0.1
"""Standard deviation of the difference of two opinions, of which a pair's order is drawn."""
RANK_DEVIATION = 0.05
"""Standard deviation that scores are thought to have when their ranks are expected ones."""
MIN_CORRELATED = 3
"""Fewest regions of one metric whose correlation is a loss."""
MIN_PAIRED = 2
"""Fewest regions of one metric whose order is a loss."""


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


def level_scores(logits: Float[Tensor, "K V"], ids: Int[Tensor, "K words"]) -> Float[Tensor, " K"]:
    """The number read off the level words: the mean of their weights (Q-Align's read-out)."""
    shares = logits.float().gather(1, ids).softmax(dim=1)
    return shares @ torch.linspace(0, 1, ids.shape[1], device=shares.device)


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


def teaching_loss(
    mine: HeadReading, taught: HeadReading, there: Bool[Tensor, "B R"]
) -> Float[Tensor, ""]:
    """How far one reading is from another, summed over a photo's regions' mean.

    Smooth L1 of the numbers and cross entropy of each type's presence, as in ``head_loss`` and
    ``presence_loss``.

    Args:
        mine: the reading that learns.
        taught: the reading that it is to become.
        there: which regions are real; the others only fill up the batch.
    """
    apart = functional.smooth_l1_loss(mine.numbers, taught.numbers, beta=0.1, reduction="none")
    odds = functional.binary_cross_entropy_with_logits(
        mine.presence, taught.presence.sigmoid(), reduction="none"
    )
    per_region = torch.where(there, apart.sum(dim=2) + odds.mean(dim=2), 0.0)
    return (per_region.sum(dim=1) / there.sum(dim=1).clamp_min(1)).sum()


def correlation_loss(
    predicted: Float[Tensor, "B R"], numbers: Float[Tensor, "B R"], metrics: Int[Tensor, "B R"]
) -> Float[Tensor, ""]:
    """1 - PLCC within the known numbers of each metric, times the photos that have any.

    Three regions are needed to say anything; fewer count for nothing.
    """
    total = 0.0 * predicted.sum()
    known = ~numbers.isnan()
    for metric in metrics[known].unique():
        chosen = known & (metrics == metric)
        if int(chosen.sum()) >= MIN_CORRELATED:
            both = _correlation(predicted[chosen], numbers[chosen])
            total = total + chosen.any(dim=1).sum() * (1 - both)
    return total


def rank_correlation_loss(
    predicted: Float[Tensor, "B R"], numbers: Float[Tensor, "B R"], metrics: Int[Tensor, "B R"]
) -> Float[Tensor, ""]:
    """1 - SRCC within the known numbers of each metric, times the photos that have any.

    Of what is predicted the ranks are those expected of scores with a normal error (SoftRank,
    Taylor et al., 2008), which have a slope; equal known numbers share the mean of their ranks.
    It heeds the order among many regions of nearly one number, which makes hardly any of a PLCC.
    Three regions are needed to say anything; fewer count for nothing.
    """
    total = 0.0 * predicted.sum()
    known = ~numbers.isnan()
    for metric in metrics[known].unique():
        chosen = known & (metrics == metric)
        if int(chosen.sum()) < MIN_CORRELATED:
            continue
        mine, true = predicted[chosen].float(), numbers[chosen].float()
        expected = torch.special.ndtr((mine[:, None] - mine[None, :]) / RANK_DEVIATION)
        order = (true[:, None] - true[None, :]).sign()
        both = _correlation(expected.mean(dim=1), order.mean(dim=1))
        total = total + chosen.any(dim=1).sum() * (1 - both)
    return total


def _correlation(one: Float[Tensor, " N"], other: Float[Tensor, " N"]) -> Float[Tensor, ""]:
    """PLCC, in [-1, 1]; 0 where either is the same throughout."""
    one, other = one - one.mean(), other - other.mean()
    return (one * other).sum() / (one.norm() * other.norm()).clamp_min(1e-6)


def fidelity_loss(
    predicted: Float[Tensor, "B R"], numbers: Float[Tensor, "B R"], metrics: Int[Tensor, "B R"]
) -> Float[Tensor, ""]:
    """1 - fidelity of the order of all pairs within each metric, times the photos that have any.

    The chance that one region is the better of two is that of a normal distribution about the
    difference of their numbers; fidelity (as in UNIQUE, arXiv 2005.13983) compares the
    chance that is predicted with the one that is known. It heeds small differences where most
    photos lie, which a correlation hardly does, and gives up pairs that are hopelessly wrong.
    """
    total = 0.0 * predicted.sum()
    known = ~numbers.isnan()
    for metric in metrics[known].unique():
        chosen = known & (metrics == metric)
        count = int(chosen.sum())
        if count < MIN_PAIRED:
            continue
        one, other = torch.triu_indices(count, count, 1, device=predicted.device)
        mine, true = (
            _chance_of_first(values[chosen][one] - values[chosen][other])
            for values in (predicted.float(), numbers.float())
        )
        alike = (mine * true).sqrt() + ((1 - mine) * (1 - true)).sqrt()
        total = total + chosen.any(dim=1).sum() * (1 - alike).mean()
    return total


def _chance_of_first(differences: Float[Tensor, " P"]) -> Float[Tensor, " P"]:
    """That the first of a pair is the better one; kept off 0 and 1, where roots have no slope."""
    return torch.special.ndtr(differences / PAIR_DEVIATION).clamp(1e-4, 1 - 1e-4)


def ranking_loss(
    scores: Float[Tensor, " K"],
    numbers: Float[Tensor, " K"],
    comparable: Bool[Tensor, "K K"],
    margin: float,
) -> Float[Tensor, ""]:
    """How far pairs are from being in the order of their numbers; each item counts once at most.

    Args:
        scores: predicted.
        numbers: known, NaN for none.
        comparable: which pairs may be compared.
        margin: pairs whose numbers differ by no more are left out.
    """
    gap = numbers[:, None] - numbers[None, :]
    pairs = comparable & (gap > margin)
    wrong = functional.softplus(-(scores[:, None] - scores[None, :]) / RANK_TEMPERATURE)
    per_item = torch.where(pairs, wrong, 0.0).sum(dim=1) / pairs.sum(dim=1).clamp_min(1)
    return per_item.sum()


def photo_ranking_loss(
    predicted: Float[Tensor, "B R"],
    numbers: Float[Tensor, "B R"],
    metrics: Int[Tensor, "B R"],
    margin: float,
) -> Float[Tensor, ""]:
    """How far pairs of regions of one photo are from their order, summed over the photos' means.

    Args:
        predicted: what is read.
        numbers: known, NaN for none.
        metrics: only regions of the same one are compared.
        margin: pairs whose numbers differ by no more are left out.
    """
    gap, apart = (values[:, :, None] - values[:, None, :] for values in (numbers, predicted))
    pairs = (gap > margin) & (metrics[:, :, None] == metrics[:, None, :])
    wrong = torch.where(pairs, functional.softplus(-apart / RANK_TEMPERATURE), 0.0)
    return (wrong.sum(dim=(1, 2)) / pairs.sum(dim=(1, 2)).clamp_min(1)).sum()
