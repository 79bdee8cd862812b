"""The temporary memory of QFM-IQM (section 3.4), in which ``matching`` looks for partners.

Published is the idea: features are kept in pairs with their quality, and noise for a sample is an
entry of similar quality and different semantics. Sizes are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seagull.baselines.qfm.matching import Described


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

    @property
    def described(self) -> Described:
        """As matching sees them."""
        return Described(self.semantics, self.quality, self.photo)

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
