"""The head's gate learns which photos are like those that people judged.

    python scripts/nano_gate.py configs/nano/28-gate.yaml

The settings are those of a training run. The towers stay as they are, so each photo is looked at
once. The gate learns to be one half on photos that people judged, where the tokens then count as
much as the readers of side towers together (less beside a reader of subsets), and nothing on photos
of other sources. A tenth of the photos is left out to say how well that is learned.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn

from seagull.config import load_settings
from seagull.evaluation.tables import OPINIONS
from seagull.inference.load import find_model
from seagull.memory import keep_freed_memory
from seagull.model.adapter import ADAPTER_FILE, read_adapter, write_adapter
from seagull.model.checkpoint import load_processor
from seagull.model.head import GROUP, RegionHead
from seagull.records import RegionLabels
from seagull.training.config import TrainConfig
from seagull.training.finished import CONFIG_FILE, adapter_file
from seagull.training.network import TrainingNetwork
from seagull.training.numbers import metric_number
from seagull.training.plan import ProcessBatches
from seagull.training.samples import Batch
from seagull.training.setup import (
    batch_of,
    build_network,
    build_plan,
    build_samples,
    device_of,
    in_bfloat16,
)

LEFT_OUT = 10
"""One of so many photos is not learned from."""
WHOLE, WHOLE_COUNTS = 0.9, 4.0
"""From that share of the photo on a region of another source counts so many times for the gate: by
its tokens it is most like those that people judged, of which all are whole photos."""
OPEN_COUNTS = 0.6
"""What regions of photos that people judged count together, all others counting 1."""
LARGEST = 0.5
"""What the gate is to be on photos that people judged, see ``seagull.model.head``."""
GATE_STEPS, AT_ONCE = 1500, 256
RATE, DECAY = 1e-3, 0.05


@dataclass
class Seen:
    """What was seen of regions, a row each."""

    photos: list[Tensor] = field(default_factory=list)
    """A number for the photo of each, (n,)."""
    shares: list[Tensor] = field(default_factory=list)
    """How much of it they cover, (n,)."""

    shown: list[Tensor] = field(default_factory=list)
    """Both tokens, normalised, (n, 2 D)."""
    wanted: list[Tensor] = field(default_factory=list)
    """What the gate is to be, (n,)."""

    def add(self, masks: Tensor, shown: Tensor, wanted: Tensor) -> None:
        """Takes the regions of a batch that are real, all given as (B, R, ...)."""
        real = masks.flatten(2).any(dim=2)
        last = int(self.photos[-1].max()) if self.photos else -1
        photos = last + 1 + torch.arange(len(masks))[:, None].expand(real.shape)
        self.photos.append(photos[real])
        self.shares.append(masks.flatten(2).float().mean(dim=2)[real])
        self.shown.append(shown[real])
        self.wanted.append(wanted[real])

    def counts_for_gate(self) -> Tensor:
        """What each row counts when the gate learns, (n,)."""
        judged, shares = torch.cat(self.wanted) > 0, torch.cat(self.shares)
        counts = torch.where(shares > WHOLE, WHOLE_COUNTS, 1.0)
        counts[~judged] /= counts[~judged].sum().clamp_min(1e-6)
        counts[judged] = OPEN_COUNTS / judged.sum().clamp_min(1)
        return counts


def main() -> None:
    """Writes the adapter, unless it is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("settings", type=Path, help="settings of a training run")
    config = load_settings(TrainConfig, (options := parser.parse_args()).settings)
    target = Path(config.output) / "adapter"
    if (target / ADAPTER_FILE).is_file():
        print(f"{target / ADAPTER_FILE} is there")
        return
    keep_freed_memory()
    folder = find_model(config.model)
    network, info = build_network(config, folder, load_processor(folder))
    assert network.head is not None
    with torch.autocast(device_of(config), torch.bfloat16, enabled=in_bfloat16(config)):
        seen = collect(config, network.eval())
    fit_gate(network.head, seen)
    _, tensors = read_adapter(adapter_file(config.adapter or ""))
    head = {GROUP + name: value for name, value in network.head.state_dict().items()}
    target.mkdir(parents=True)
    write_adapter(target / ADAPTER_FILE, tensors | head, info)
    shutil.copy(options.settings, target / CONFIG_FILE)


@torch.no_grad()
def collect(config: TrainConfig, network: TrainingNetwork) -> Seen:
    """What the gate learns from.

    Args:
        config: settings of the run.
        network: looks at the photos.
    """
    seen = Seen()
    for number, (judged, batch) in enumerate(_batches(config)):
        masks = batch["region_masks"]
        wanted = torch.full(masks.shape[:2], LARGEST if judged else 0.0)
        seen.add(masks, tokens_of(network, batch).float(), wanted)
        if number % 20 == 0:
            print(f"{number} micro-batches", flush=True)
    return seen


def _batches(config: TrainConfig) -> Iterator[tuple[bool, Batch]]:
    """Micro-batches, and whether they are of photos that people judged."""
    processor = load_processor(find_model(config.model))
    index, plan, steps = build_plan(config, processor)
    dataset, maker = build_samples(config, processor, index)
    people = metric_number(RegionLabels(metric=OPINIONS))
    for items in islice(ProcessBatches(plan, steps, 0, 0, 1), steps):
        batch = batch_of(dataset, maker, items)
        judged = (batch["region_metrics"] == people).any(dim=1)
        for kind in (True, False):
            if (judged == kind).any():
                yield (
                    kind,
                    {
                        name: value[judged == kind]
                        for name, value in batch.items()
                        if name.startswith(("pixel", "region", "photo_masks"))
                    },
                )


def tokens_of(network: TrainingNetwork, batch: Batch) -> Tensor:
    """Both tokens of the regions as the gate sees them, (B, R, 2 D)."""
    model, head = network.model, network.head
    assert head is not None
    pyramid, context = model.encode_image(batch["pixel_values"])
    names = ("region_masks", "region_crops", "region_crop_masks", "photo_masks")
    given = [batch[name] for name in names]
    return head.norm(torch.cat(model.region_tokens(pyramid, context, *given), dim=-1))


def fit_gate(head: RegionHead, seen: Seen) -> None:
    """The gate learns which photos are like those that people judged."""
    assert head.gate is not None
    tokens, wanted, photos = map(torch.cat, (seen.shown, seen.wanted, seen.photos))
    counts = seen.counts_for_gate()
    off = fit(head.gate, tokens, wanted, steps=GATE_STEPS, counts=counts, photos=photos)
    print(f"gate: off by {off:.4f}; what it learned deviates by {float(wanted.std()):.4f}")


def fit(
    module: nn.Module,
    shown: Tensor,
    wanted: Tensor,
    *,
    steps: int,
    counts: Tensor,
    photos: Tensor,
) -> float:
    """Learns by least squares from all rows but some; how far it is off there, root mean square.

    Args:
        module: from (1, n, C) to (1, n).
        shown: (N, C).
        wanted: (N,).
        steps: of AdamW, with a rate that falls to nothing.
        counts: how often each row is drawn, in proportion, (N,).
        photos: which photo each row is of, (N,); the rows of some photos are left out.
    """
    apart = photos % LEFT_OUT == 0
    chances = torch.where(apart, 0.0, counts)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(module.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        chosen = torch.multinomial(chances, AT_ONCE, replacement=True, generator=generator)
        loss = (module(shown[None, chosen]) - wanted[None, chosen]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        return float((module(shown[None, apart]) - wanted[None, apart]).square().mean().sqrt())


if __name__ == "__main__":
    main()
