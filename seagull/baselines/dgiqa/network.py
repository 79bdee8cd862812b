"""DGIQA's network, layer by layer after its published inference code's structure (not its text).

Two backbones without shared weights see colour and depth. Four transformer-CNN bridges each bring
their stages to one size; depth asks colour by cross-attention (Depth-CAR); a dilated stack and a
linear layer read the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from seagull.baselines.config import BaselineConfig
from seagull.baselines.encoders import STAGES, StageEncoder
from seagull.baselines.errors import BaselineError
from seagull.baselines.network import BaselineNetwork
from seagull.baselines.views import Views

REDUCTION = 16
"""A bridge's gate is computed in a sixteenth of its channels."""


class Bridge(nn.Module):
    """Transformer-CNN bridge (TCB) of one stage.

    z = Conv1x1(x); z = z * sigmoid(Conv1x1(ReLU(Conv1x1(z)))), a gate for each pixel and channel
    without pooling; Dropout2d(ReLU(BN(Conv3x3(z)))).

    Args:
        inside: channels of the stage.
        outside: channels that leave.
        dropout: share of channels dropped in training.
    """

    def __init__(self, inside: int, outside: int, dropout: float) -> None:
        super().__init__()
        middle = max(1, outside // REDUCTION)
        self.enter = nn.Conv2d(inside, outside, 1)
        self.gate = nn.Sequential(
            nn.Conv2d(outside, middle, 1), nn.ReLU(), nn.Conv2d(middle, outside, 1), nn.Sigmoid()
        )
        self.leave = nn.Sequential(
            nn.Conv2d(outside, outside, 3, padding=1), nn.BatchNorm2d(outside), nn.ReLU(),
            nn.Dropout2d(dropout),
        )  # fmt: skip

    def forward(self, x: Float[Tensor, "N c h w"]) -> Float[Tensor, "N d h w"]:
        """The stage, brought over."""
        z = self.enter(x)
        return self.leave(z * self.gate(z))


class Bridges(nn.Module):
    """The bridges of one branch, and the fusion of its stages at the smallest one's size.

    Args:
        inside: channels of the stages.
        outside: channels that leave each bridge.
        kind: ``tcb``, or ``projection`` for a plain 1x1 convolution.
        dropout: of the bridges.
    """

    def __init__(
        self, inside: Sequence[int], outside: Sequence[int], kind: str, dropout: float
    ) -> None:
        super().__init__()
        pairs = zip(inside, outside, strict=True)
        self.stages = nn.ModuleList(
            Bridge(a, b, dropout) if kind == "tcb" else nn.Conv2d(a, b, 1) for a, b in pairs
        )

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """Each stage through its bridge, at its own size."""
        return [bridge(level) for bridge, level in zip(self.stages, levels, strict=True)]


def fused(levels: Sequence[Tensor]) -> Float[Tensor, "N S h w"]:
    """The levels at the last one's size (bilinear), one above the other."""
    size = levels[-1].shape[2:]
    return torch.cat(
        [
            functional.interpolate(level, size=size, mode="bilinear", align_corners=False)
            if level.shape[2:] != size
            else level
            for level in levels
        ],
        dim=1,
    )


class AttentionBlock(nn.Module):
    """A post-norm attention block whose residual stream is that of the queries.

    h = LN(Q + MHA(Q, K, V)); h = LN(h + Drop(Linear(GELU(Linear(h))))), four times as wide inside.

    Args:
        width: of the tokens.
        heads: they divide the width.
        dropout: of the attention's weights and of both branches.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.drop = nn.Dropout(dropout)

    def forward(
        self, queries: Float[Tensor, "N T S"], keys: Float[Tensor, "N T S"]
    ) -> Float[Tensor, "N T S"]:
        """What the queries are after they have asked the keys."""
        said, _ = self.attention(queries, keys, keys, need_weights=False)
        h = self.first(queries + self.drop(said))
        return self.second(h + self.drop(self.mlp(h)))


class DepthCar(nn.Module):
    """Depth-guided cross attention and refinement, without positional encoding.

    Cross attention: queries are depth, keys and values colour, and depth is the residual stream.
    Refinement: the same kind of block asks itself.

    Args:
        width: of the tokens.
        heads: of both blocks.
        dropout: of both.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.cross = AttentionBlock(width, heads, dropout)
        self.refine = AttentionBlock(width, heads, dropout)

    def forward(
        self, depth: Float[Tensor, "N S h w"], colour: Float[Tensor, "N S h w"]
    ) -> Float[Tensor, "N S h w"]:
        """The map that depth makes of colour."""
        size = depth.shape[2:]
        d, c = (one.flatten(2).transpose(1, 2) for one in (depth, colour))
        h = self.cross(d, c)
        return self.refine(h, h).transpose(1, 2).unflatten(2, size)


def dilated_stack(inside: int, outside: int) -> nn.Sequential:
    """Two 3x3 convolutions of dilation 2 and 4, each with batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, padding=2, dilation=2), nn.BatchNorm2d(outside), nn.ReLU(),
        nn.Conv2d(outside, outside, 3, padding=4, dilation=4), nn.BatchNorm2d(outside), nn.ReLU(),
    )  # fmt: skip


class DgiqaNetwork(BaselineNetwork):
    """The whole network.

    Crop protocol: global average pooling and one linear layer, as published. Mask protocol (ours):
    the linear layer reads the last map under the mask, the last map as a whole, and every bridge's
    colour map under the mask at its own size, so that small regions do not vanish at the last
    map's 7 x 7 cells.

    Args:
        config: of the run; its weights settings are not looked at.
    """

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__()
        settings, side = config.dgiqa, config.view.side
        architecture = settings.encoder.architecture
        self.encoder = StageEncoder(architecture, side)
        inside, width = self.encoder.channels, sum(settings.channels)
        if len(inside) != STAGES:
            raise BaselineError(f"dgiqa.encoder: {architecture} has {len(inside)} stages, not 4")
        self.guided = settings.guide == "depth"
        more = (settings.channels, settings.bridge, settings.dropout)
        self.bridges = Bridges(inside, *more)
        if self.guided:
            self.encoder_depth = StageEncoder(architecture, side)
            self.bridges_depth = Bridges(inside, *more)
        self.attention = DepthCar(width, settings.heads, settings.dropout)
        self.dilated = dilated_stack(width, settings.dilated)
        self.masked = config.protocol == "mask"
        read = 2 * settings.dilated + width if self.masked else settings.dilated
        self.head = nn.Linear(read, len(config.tasks))

    def forward(self, views: Views) -> Float[Tensor, "R tasks"]:
        """Numbers of each region in (0, 1)."""
        levels = self.bridges(self.encoder(views.pixels))
        colour = fused(levels)
        guide = colour
        if self.guided:
            assert views.depth is not None
            guide = fused(self.bridges_depth(self.encoder_depth(views.depth)))
        last = self.dilated(self.attention(guide, colour))
        seen = last.mean(dim=(2, 3))[views.of]
        if self.masked:
            assert views.masks is not None
            under = [masked_mean(level, views.masks, views.of) for level in (last, *levels)]
            seen = torch.cat([under[0], seen, *under[1:]], dim=1)
        return torch.sigmoid(self.head(seen))

    def parts(self) -> Mapping[str, nn.Module]:
        """The parts, of both branches where there are two."""
        names = ("encoder", "bridges", "attention", "dilated", "head")
        parts = {name: getattr(self, name) for name in names}
        if self.guided:
            parts |= {n: getattr(self, n) for n in ("encoder_depth", "bridges_depth")}
        return parts


def masked_mean(
    level: Float[Tensor, "N C h w"], masks: Float[Tensor, "R 1 s s"], of: Tensor
) -> Float[Tensor, "R C"]:
    """Mean of a map under each region's mask, cells counted by their covered share."""
    share = functional.adaptive_avg_pool2d(masks, (level.shape[2], level.shape[3])).flatten(1)
    share = share / share.sum(dim=1, keepdim=True).clamp_min(1e-8)
    # One product a region, not a copy of the whole map.
    return torch.stack([level[v].flatten(1) @ s for v, s in zip(of.tolist(), share, strict=True)])
