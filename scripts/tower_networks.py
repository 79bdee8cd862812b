"""A side tower and its reader as one network: trained from labels, or from what others read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from tower_views import Opinions, Views

from seagull.model.low_rank import FIRST, SECOND, factored
from seagull.model.pooling import pool
from seagull.model.readers import TowerReader
from seagull.model.vision import VisionEncoder
from seagull.training.losses import correlation_loss, head_loss
from seagull.training.moments import input_moments

LEVELS = (1, 2, 3, 4)
STATISTICS = ("mean", "std")
WARMUP = 0.1
"""Share of the steps in which the rate rises."""
FIRST_VIEWS = 16
"""Micro-batches that the reader's scales are fitted to."""
READER_RATE = 3.0
"""Rate of the reader, in those of the tower."""
DECAY = 0.05


class TowerNetwork(nn.Module):
    """One tower of a vision encoder and what is read off it of whole photos.

    Args:
        architecture: timm name of the tower.
        scale: the share of the photos' sides that it sees.
        drop_path: stochastic depth.
    """

    def __init__(self, architecture: str, scale: float, drop_path: float = 0.0) -> None:
        super().__init__()
        self.encoder = VisionEncoder(architecture, LEVELS, drop_path, scales=[scale])
        self.reader = TowerReader(len(STATISTICS) * sum(self.encoder.channels))

    def statistics(self, pixels: Tensor) -> Tensor:
        """What all levels show of whole photos (B, 3, H, W), as (B, 1, S)."""
        return torch.cat(
            [
                pool(level.float(), level.new_ones(len(level), 1, *level.shape[2:]), STATISTICS)
                for level in self.encoder(pixels)
            ],
            dim=-1,
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """Quality of whole photos in [0, 1], (B,)."""
        seen = self.statistics(pixels)
        with torch.autocast(pixels.device.type, enabled=False):
            return self.reader(seen.float())[:, 0]


@dataclass(frozen=True)
class Course:
    """How a network learns.

    Attributes:
        passes: how often it sees as many views as it is given.
        rate: highest learning rate of the tower.
        batch: views at once.
        correlation: weight of 1 - PLCC, beside smooth L1.
        seed: of the order.
    """

    passes: float
    rate: float = 5e-4
    batch: int = 48
    correlation: float = 0.5
    seed: int = 0


def in_half(device: torch.device) -> torch.autocast:
    """Half precision where it is faster."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def learn(
    network: TowerNetwork,
    opinions: Opinions,
    course: Course,
    views: Callable[[int], Views],
    wanted: Callable[[Views, Tensor], Tensor],
) -> None:
    """Trains a network, batch normalisation by each batch, and leaves it in evaluation mode.

    Args:
        network: on the device of the photos.
        opinions: the photos.
        course: how.
        views: all views of a pass, by the number of the pass.
        wanted: quality of views, given their places within their pass as well.
    """
    device = opinions.pixels.device
    first = views(0)
    batch = min(course.batch, len(first))
    network.train()
    if not network.reader.norm.fitted:
        _fit_scales(network, opinions, first, batch)
    per_pass = len(first) // batch
    steps = round(course.passes * per_pass)
    towers = [p for p in network.encoder.parameters() if p.requires_grad]
    rates = [course.rate, course.rate * READER_RATE]
    groups = [
        {"params": towers, "lr": rates[0]},
        {"params": [p for p in network.reader.parameters() if p.requires_grad], "lr": rates[1]},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share(step, steps))
    generator = torch.Generator().manual_seed(course.seed)
    metrics = torch.zeros(batch, 1, dtype=torch.long, device=device)
    for step in range(steps):
        number, place = divmod(step, per_pass)
        if place == 0:
            own = first if number == 0 else views(number)
            order = torch.randperm(len(own), generator=generator).to(device)
        places = order[place * batch :][:batch]
        chosen = own.only(places)
        with in_half(device):
            read = network(chosen.show(opinions))
        true = wanted(chosen, places)
        loss = head_loss(read[:, None, None], true[:, None, None]) / len(read)
        both = correlation_loss(read[:, None], true[:, None], metrics) / len(read)
        optimizer.zero_grad(set_to_none=True)
        (loss + course.correlation * both).backward()
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(f"step {step} of {steps}: loss {float(loss.detach()):.4f}", flush=True)
    network.eval()


def _share(step: int, steps: int) -> float:
    """Of the highest rate: rises evenly, then falls along a cosine."""
    risen = (step + 1) / max(1, WARMUP * steps)
    return min(risen, 0.5 + 0.5 * math.cos(math.pi * step / steps))


@torch.no_grad()
def _fit_scales(network: TowerNetwork, opinions: Opinions, views: Views, batch: int) -> None:
    seen = []
    for number, some in enumerate(views.batches(batch)):
        if number == FIRST_VIEWS:
            break
        with in_half(opinions.pixels.device):
            seen.append(network.statistics(some.show(opinions))[:, 0].float())
    together = torch.cat(seen)
    network.reader.norm.fit(together.mean(dim=0), together.std(dim=0))


@torch.no_grad()
def read(network: TowerNetwork, opinions: Opinions, views: Views, batch: int = 96) -> Tensor:
    """What a finished network reads of views, (V,)."""
    with in_half(opinions.pixels.device):
        found = [network(some.show(opinions)).float() for some in views.batches(batch)]
    return torch.cat(found)


class LowRank(nn.Module):
    """A weight as that of the base and the product of two factors.

    Args:
        base: the weight.
        first: (r, in).
        second: (out, r).
    """

    def __init__(self, base: Tensor, first: Tensor, second: Tensor) -> None:
        super().__init__()
        self.register_buffer("base", base.detach().clone())
        self.first = nn.Parameter(first.to(base.device))
        self.second = nn.Parameter(second.to(base.device))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight; what is given is not looked at."""
        with torch.autocast(weight.device.type, enabled=False):
            return self.base + (self.second @ self.first).view(self.base.shape)


def to_factors(
    network: TowerNetwork,
    base: Mapping[str, Tensor],
    rank: int,
    opinions: Opinions,
    views: Sequence[Views],
) -> None:
    """Makes the change of the tower's matrices one of that rank, and factors what learns.

    Args:
        network: a finished one.
        base: the encoder's state before training.
        rank: of the factors.
        opinions: the photos.
        views: what the factors are to change least of.
    """
    encoder = network.encoder
    moments = input_moments(encoder, (some.show(opinions) for some in views))
    keyed = {f"{name}.weight": moment.cpu() for name, moment in moments.items()}
    weights = {name: p.detach().cpu() for name, p in encoder.named_parameters()}
    own = {name: base[name] for name in weights}
    stored = factored(weights, own, "", rank, keyed)
    for name, module in encoder.named_modules():
        first = stored.get(f"{name}.weight{FIRST}")
        if first is None:
            continue
        there = base[f"{name}.weight"].to(module.weight.device)
        change = LowRank(there, first, stored[f"{name}.weight{SECOND}"])
        parametrize.register_parametrization(module, "weight", change)
        module.parametrizations["weight"].original.requires_grad_(False)


def whole_weights(network: TowerNetwork) -> None:
    """Puts whole weights into the place of factors."""
    for module in network.encoder.modules():
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")
