"""Models with randomly initialised weights: all of them, or the region parts alone, by a seed."""

from __future__ import annotations

import torch
from torch import nn

from seagull.model.config import SeagullConfig
from seagull.model.seagull import SeagullForConditionalGeneration


def build_model(
    config: SeagullConfig,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> SeagullForConditionalGeneration:
    """A model with fresh weights, in eval mode; on ``meta`` it has shapes only."""
    with torch.device(device):
        model = SeagullForConditionalGeneration(config)
    torch.nn.Module.to(model, dtype)
    return model.train(False)


@torch.no_grad()
def initialise_region_parts(model: SeagullForConditionalGeneration, seed: int) -> None:
    """Fills projector and MFE with seeded numbers, for a model that is still to be trained."""
    generator = torch.Generator().manual_seed(seed)
    for part in (model.projector, model.mfe):
        for module in part.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                fan_in = module.weight[0].numel()
                noise = torch.randn(module.weight.shape, generator=generator)
                module.weight.copy_(noise / fan_in**0.5)
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, nn.LayerNorm):
                module.reset_parameters()
