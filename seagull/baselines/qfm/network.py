"""QFM-IQM's network: DEIQT's encoder and attention-panel decoder (github.com/narthchin/DEIQT)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from seagull.baselines.config import BaselineConfig
from seagull.baselines.encoders import TokenEncoder
from seagull.baselines.errors import BaselineError
from seagull.baselines.network import BaselineNetwork
from seagull.baselines.views import Views

SCALE = 0.01
"""DEIQT learns raw MOS of up to 100; here labels lie in [0, 1], so what is read begins as much
smaller. Left as it is, the CLS token alone would spread first predictions by about .6."""
COVERED = 0.25
"""A token belongs to a region that covers at least this share of its cell."""


@dataclass(frozen=True, eq=False)
class RegionFeatures:
    """What the decoder sees of each region.

    Attributes:
        cls: of the region's view, (R, D).
        tokens: likewise, (R, T, D).
        keys: which tokens are the region's, (R, T), at least one of each; None: all.
    """

    cls: Float[Tensor, "R D"]
    tokens: Float[Tensor, "R T D"]
    keys: Bool[Tensor, "R T"] | None = None

    def rows(self, chosen: Tensor) -> RegionFeatures:
        """Those of some regions, by number or truth."""
        keys = None if self.keys is None else self.keys[chosen]
        return RegionFeatures(self.cls[chosen], self.tokens[chosen], keys)

    def detach(self) -> RegionFeatures:
        """The same without gradient."""
        return RegionFeatures(self.cls.detach(), self.tokens.detach(), self.keys)


class AttentionPanel(nn.Module):
    """DEIQT's decoder: a few embeddings, each asking for another opinion; their mean is the answer.

    Queries are the embeddings plus the CLS token; one pre-norm transformer decoder layer lets them
    attend to one another and to the tokens; a linear layer without bias reads each.

    Args:
        width: D, of the tokens.
        heads: of the attention; they divide the width.
        queries: how many embeddings.
        outputs: numbers that are read.
    """

    def __init__(self, width: int, heads: int, queries: int, outputs: int) -> None:
        super().__init__()
        if width % heads:
            raise BaselineError(
                f"qfm_iqm.heads: {heads} do not divide the encoder's width {width}; choose another"
            )
        self.panel = nn.Parameter(torch.empty(1, queries, width))
        nn.init.trunc_normal_(self.panel, std=0.02)
        self.layer = nn.TransformerDecoderLayer(
            width, heads, 4 * width, dropout=0.0, activation=functional.gelu,
            batch_first=True, norm_first=True,
        )  # fmt: skip
        self.read = nn.Linear(width, outputs, bias=False)
        with torch.no_grad():
            self.read.weight.mul_(SCALE)

    def forward(self, features: RegionFeatures) -> Float[Tensor, "R outputs"]:
        """The mean of what the queries read."""
        queries = self.panel + features.cls[:, None]
        others = None if features.keys is None else ~features.keys
        asked = self.layer(queries, features.tokens, memory_key_padding_mask=others)
        return self.read(asked).mean(dim=1)


class QfmNetwork(BaselineNetwork):
    """Encoder and decoder; in use there is no matching and no noise.

    In the mask protocol the cross-attention sees the region's tokens only, while the CLS token
    carries the whole photo.

    Args:
        config: of the run; its weights settings are not looked at.
    """

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__()
        settings = config.qfm_iqm
        self.encoder = TokenEncoder(settings.encoder.architecture, config.view.side)
        self.decoder = AttentionPanel(
            self.encoder.width, settings.heads, settings.queries, len(config.tasks)
        )

    def features(self, views: Views) -> RegionFeatures:
        """The features of each region; a view is encoded once for all its regions."""
        cls, tokens = self.encoder(views.pixels)
        keys = None if views.masks is None else region_keys(views.masks, self.encoder.grid)
        return RegionFeatures(cls[views.of], tokens[views.of], keys)

    def forward(self, views: Views) -> Float[Tensor, "R tasks"]:
        """Numbers of each region, about [0, 1]; nothing keeps them inside."""
        return self.decoder(self.features(views))

    def parts(self) -> Mapping[str, nn.Module]:
        """Encoder and decoder."""
        return {"encoder": self.encoder, "decoder": self.decoder}


def region_keys(masks: Float[Tensor, "R 1 s s"], grid: int) -> Bool[Tensor, "R T"]:
    """The tokens of each region: those it covers by a quarter, else the one that it covers most."""
    share = functional.adaptive_avg_pool2d(masks, grid).flatten(1)
    keys = share >= COVERED
    most = functional.one_hot(share.argmax(dim=1), share.shape[1]).bool()
    return torch.where(keys.any(dim=1, keepdim=True), keys, most)
