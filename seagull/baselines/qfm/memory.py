"""The temporary memory, and semantic noise matching in it (QFM-IQM, sections 3.4 and 3.5).

Published is the idea: features are kept in pairs with their quality, and noise for a sample is an
entry of similar quality and different semantics. Equations, sizes and thresholds are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from seagull.baselines.config import MatchSettings


@dataclass(frozen=True, eq=False)
class Entries:
    """Regions as the memory keeps them, none with a gradient.

    Attributes:
        semantics: what they show, (M, D); compared by cosine.
        cls: the student's CLS tokens, (M, D), half precision.
        tokens: its tokens, (M, T, D), half precision; see ``filled``.
        quality: labels in [0, 1], a person's or a teacher's, (M,).
        photo: number of the photo they are of, the same for all versions of one, (M,).
    """

    semantics: Float[Tensor, "M D"]
    cls: Float[Tensor, "M D"]
    tokens: Float[Tensor, "M T D"]
    quality: Float[Tensor, " M"]
    photo: Int[Tensor, " M"]

    def __len__(self) -> int:
        return len(self.quality)

    def rows(self, chosen: Tensor | slice) -> Entries:
        """Some of them, by number, truth or slice."""
        return Entries(**{one.name: getattr(self, one.name)[chosen] for one in fields(self)})


class TemporaryMemory:
    """The last entries, first in, first out.

    Args:
        size: most entries.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.entries: Entries | None = None

    def __len__(self) -> int:
        return 0 if self.entries is None else len(self.entries)

    def push(self, new: Entries) -> None:
        """Adds entries; the oldest leave."""
        if self.entries is not None:
            old = self.entries
            pairs = {f.name: (getattr(old, f.name), getattr(new, f.name)) for f in fields(Entries)}
            new = Entries(**{name: torch.cat(pair) for name, pair in pairs.items()})
        self.entries = new.rows(slice(-self.size, None))

    def clear(self) -> None:
        """Forgets all: features of an earlier epoch are stale."""
        self.entries = None

    def state(self) -> dict[str, Tensor]:
        """Its entries as tensors."""
        if self.entries is None:
            return {}
        return {one.name: getattr(self.entries, one.name) for one in fields(Entries)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Takes up what ``state`` gave."""
        self.entries = Entries(**state) if state else None


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


def match(
    semantics: Float[Tensor, "B D"],
    quality: Float[Tensor, " B"],
    photo: Int[Tensor, " B"],
    memory: Entries,
    settings: MatchSettings,
) -> Candidates:
    """Candidates C_i = {j: another photo, |y_i - y_j| <= dq}, of them those least similar to i.

    Similar enough to be left out is what has a cosine above ``similarity``; where that leaves
    nothing, what is above the ``quantile`` of the cosines in C_i. ``random`` takes as many entries
    of other photos, whatever their quality and semantics, so that of both the hardest is used.

    Args:
        semantics, quality, photo: of the samples; quality NaN has no partner.
        memory: where partners come from.
        settings: thresholds.
    """
    cosine = (
        functional.normalize(semantics.float(), dim=1)
        @ functional.normalize(memory.semantics.float(), dim=1).mT
    )  # (B, M)
    allowed = (photo[:, None] != memory.photo[None]) & ~quality.isnan()[:, None]
    if settings.kind == "random":
        return _first(torch.rand_like(cosine), allowed, cosine, settings.candidates)
    allowed &= (quality[:, None] - memory.quality[None]).abs() <= settings.quality
    eligible = allowed & (cosine <= settings.similarity)
    if settings.quantile:
        within = cosine.masked_fill(~allowed, float("nan"))
        edge = torch.nanquantile(within, settings.quantile, dim=1, keepdim=True)
        few = ~eligible.any(dim=1, keepdim=True)
        # A comparison with NaN, the quantile of nothing, is false.
        eligible |= few & allowed & (cosine <= edge)
    return _first(cosine, eligible, cosine, settings.candidates)


def _first(key: Tensor, eligible: Tensor, cosine: Tensor, count: int) -> Candidates:
    """The eligible entries of smallest key."""
    count = min(count, key.shape[1])
    order = key.masked_fill(~eligible, float("inf")).topk(count, dim=1, largest=False).indices
    return Candidates(order, eligible.gather(1, order), cosine.gather(1, order))


def filled(
    tokens: Float[Tensor, "R T D"], keys: Bool[Tensor, "R T"] | None
) -> Float[Tensor, "R T D"]:
    """The tokens, those of other regions replaced by the region's own in turn.

    An entry's quality is that of its region, so nothing else of the photo may serve as noise.
    """
    if keys is None:
        return tokens
    places = torch.arange(keys.shape[1], device=keys.device)
    # The region's own places come first, in order.
    own = torch.argsort((~keys).int(), dim=1, stable=True)
    count = keys.sum(dim=1, keepdim=True)
    source = torch.where(keys, places, own.gather(1, places[None] % count))
    return tokens.gather(1, source[..., None].expand_as(tokens))
