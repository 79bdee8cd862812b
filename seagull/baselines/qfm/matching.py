"""Semantic noise matching: for a region, others of similar quality that show something else.

The idea is QFM-IQM's (arXiv 2312.06158, section 3.5): what is of the same quality and shows
something else differs in what has nothing to do with quality. Equations and thresholds are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from seagull.baselines.config import MatchSettings

TINY = 1e-6


@dataclass(frozen=True, eq=False)
class Described:
    """Regions as matching sees them.

    Attributes:
        semantics: what they show, (N, D); compared by cosine.
        quality: labels in [0, 1], NaN where unknown, (N,).
        photo: number of the photo they are of, the same for all versions of one, (N,).
    """

    semantics: Float[Tensor, "N D"]
    quality: Float[Tensor, " N"]
    photo: Int[Tensor, " N"]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Entries that may be noise for each sample.

    Attributes:
        entry: their numbers, least similar first, (B, k).
        valid: whether there is such an entry, (B, k).
        cosine: of the semantics, (B, k).
    """

    entry: Int[Tensor, "B k"]
    valid: Bool[Tensor, "B k"]
    cosine: Float[Tensor, "B k"]

    @property
    def matched(self) -> Bool[Tensor, " B"]:
        """Which samples have a partner."""
        return self.valid.any(dim=1)


def match(own: Described, others: Described, rule: MatchSettings) -> Candidates:
    """Candidates C_i = {j: another photo, |y_i - y_j| <= dq}, of them those least similar to i.

    Similar enough to be left out is what has a cosine above ``similarity``; where that leaves
    nothing, what is above the ``quantile`` of the cosines in C_i. ``random`` takes as many entries
    of other photos, whatever their quality and semantics, so that of both the hardest is used.

    Args:
        own: of the samples; without a quality there is no partner.
        others: where partners come from, with quality.
        rule: thresholds.
    """
    cosine = (
        functional.normalize(own.semantics.float(), dim=1)
        @ functional.normalize(others.semantics.float(), dim=1).mT
    )  # (B, M)
    known = ~own.quality.isnan()[:, None] & ~others.quality.isnan()[None]
    allowed = (own.photo[:, None] != others.photo[None]) & known
    if rule.kind == "random":
        return _first(torch.rand_like(cosine), allowed, cosine, rule.candidates)
    allowed &= (own.quality[:, None] - others.quality[None]).abs() <= rule.quality
    eligible = allowed & (cosine <= rule.similarity)
    if rule.quantile:
        within = cosine.masked_fill(~allowed, float("nan"))
        edge = torch.nanquantile(within, rule.quantile, dim=1, keepdim=True)
        few = ~eligible.any(dim=1, keepdim=True)
        # A comparison with NaN, the quantile of nothing, is false.
        eligible |= few & allowed & (cosine <= edge)
    return _first(cosine, eligible, cosine, rule.candidates)


def _first(key: Tensor, eligible: Tensor, cosine: Tensor, count: int) -> Candidates:
    """The eligible entries of smallest key."""
    count = min(count, key.shape[1])
    order = key.masked_fill(~eligible, float("inf")).topk(count, dim=1, largest=False).indices
    return Candidates(order, eligible.gather(1, order), cosine.gather(1, order))


def at_scale(noise: Float[Tensor, "N D"], own: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
    """r n with r = rms(own) / rms(n) of each row; no gradient flows into either."""
    n, size = noise.detach().to(own.dtype), own.detach().square().mean(dim=1).sqrt()
    return (size / (n.square().mean(dim=1).sqrt() + TINY))[:, None] * n
