"""Batch normalisation folded into the convolutions before it: a finished encoder, faster."""

from __future__ import annotations

from copy import deepcopy
from itertools import chain, pairwise

import torch
from timm.layers.norm_act import BatchNormAct2d
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from seagull.model.vision import VisionEncoder

CLOSE = 1e-3
"""Levels may differ by this share of their largest number: what rounding makes of them."""


def fold_norms(encoder: VisionEncoder) -> None:
    """Gives a vision encoder that is not trained a backbone without batch normalisation.

    It stays as it is where it has none, or where it would no longer compute the same.
    """
    encoder.backbone = folded(encoder.backbone, encoder.strides[-1])


@torch.no_grad()
def folded(backbone: nn.Module, stride: int) -> nn.Module:
    """A backbone with batch normalisation folded into its convolutions, or that backbone itself.

    Args:
        backbone: in eval mode; it stays as it is.
        stride: of its coarsest level.
    """
    tensors = [*chain(backbone.parameters(), backbone.buffers())]
    if any(tensor.is_meta for tensor in tensors):
        return backbone  # its weights are not in memory
    # Compared in full precision, which other devices may not convolve in; rounded once, at the end.
    exact = deepcopy(backbone).to("cpu", torch.float32)
    folded_copy = deepcopy(exact)
    if not _fold(folded_copy):
        return backbone
    pixels = torch.randn(1, 3, 2 * stride, 2 * stride, generator=torch.Generator().manual_seed(0))
    levels = zip(exact(pixels), folded_copy(pixels), strict=True)
    if not all(
        (exact_level - folded_level).abs().max() <= CLOSE * exact_level.abs().max()
        for exact_level, folded_level in levels
    ):
        return backbone  # it computes in another order, or uses other weights than it holds
    return folded_copy.to(tensors[0])


def _fold(module: nn.Module) -> int:
    """Folds where a batch normalisation stands behind a convolution; how many there were."""
    count = 0
    for (conv_name, conv), (norm_name, norm) in pairwise([*module.named_children()]):
        if not isinstance(conv, nn.Conv2d) or not isinstance(norm, nn.BatchNorm2d):
            continue
        if norm.track_running_stats:
            setattr(module, conv_name, fuse_conv_bn_eval(conv, norm))
            setattr(module, norm_name, _rest(norm))
            count += 1
    return count + sum(_fold(child) for child in module.children())


def _rest(norm: nn.BatchNorm2d) -> nn.Module:
    """What a layer does beside normalising."""
    if isinstance(norm, BatchNormAct2d):
        return nn.Sequential(norm.drop, norm.act)
    return nn.Identity()
