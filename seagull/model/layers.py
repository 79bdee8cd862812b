"""Attention from regions to their image, and the blocks around it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class LoneAttention(nn.Module):
    """Self-attention of a token with nothing but itself: output(value(x)).

    Over one token the softmax is 1, so queries and keys drop out. The published code attends over
    all regions of a call instead, which makes a region's answer depend on its neighbours; asked one
    region at a time, as its demo does, it computes exactly this.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def forward(self, tokens: Float[Tensor, "... E"]) -> Float[Tensor, "... E"]:
        """The attended tokens; each depends on itself alone."""
        return self.output(self.value(tokens))


class ImageAttention(nn.Module):
    """Attention from region tokens to the keys of their image, at a reduced inner width."""

    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        if inner % heads:
            raise ValueError(
                f"the attention's inner width {inner} is not a multiple of {heads} heads"
            )
        self.heads = heads
        self.query = nn.Linear(width, inner)
        self.key = nn.Linear(width, inner)
        self.value = nn.Linear(width, inner)
        self.output = nn.Linear(inner, width)

    def project(
        self, keys: Float[Tensor, "B K E"]
    ) -> tuple[Float[Tensor, "B h K d"], Float[Tensor, "B h K d"]]:
        """Keys and values of an image, computed once for all its regions."""
        return self._split(self.key(keys)), self._split(self.value(keys))

    def forward(
        self,
        queries: Float[Tensor, "B R E"],
        projected: tuple[Float[Tensor, "B h K d"], Float[Tensor, "B h K d"]],
    ) -> Float[Tensor, "B R E"]:
        """What each region finds in its image; regions do not see one another."""
        keys, values = projected
        attended = functional.scaled_dot_product_attention(
            self._split(self.query(queries)), keys, values
        )
        return self.output(attended.transpose(1, 2).flatten(2))

    def _split(self, tokens: Float[Tensor, "B T inner"]) -> Float[Tensor, "B h T d"]:
        batch, length, inner = tokens.shape
        return tokens.view(batch, length, self.heads, inner // self.heads).transpose(1, 2)


class RegionBlock(nn.Module):
    """The attention block shared by all levels (SEAGULL's MFE; post-norm as in SAM's decoder)."""

    def __init__(self, width: int, inner: int, heads: int, mlp_width: int) -> None:
        super().__init__()
        self.self_attention = LoneAttention(width)
        self.self_norm = nn.LayerNorm(width)
        self.image_attention = ImageAttention(width, inner, heads)
        self.image_norm = nn.LayerNorm(width)
        self.mlp = mlp([width, mlp_width, width])

    def forward(
        self,
        tokens: Float[Tensor, "B R E"],
        projected: tuple[Float[Tensor, "B h K d"], Float[Tensor, "B h K d"]],
    ) -> Float[Tensor, "B R E"]:
        """Region tokens that have looked at their image."""
        tokens = self.self_norm(tokens + self.self_attention(tokens))
        tokens = self.image_norm(tokens + self.image_attention(tokens, projected))
        return tokens + self.mlp(tokens)


def mlp(widths: Sequence[int], activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers of the given widths with an activation between them."""
    layers: list[nn.Module] = []
    for width_in, width_out in pairwise(widths):
        layers += [nn.Linear(width_in, width_out), activation()]
    return nn.Sequential(*layers[:-1])
