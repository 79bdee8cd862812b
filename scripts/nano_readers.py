"""The head's readers of side towers learn what the networks read that these towers come from.

    python scripts/nano_readers.py configs/nano/24-readers.yaml
    python scripts/nano_readers.py configs/nano/28-gate.yaml --gate

The settings are those of a training run. The towers stay as they are, so each photo is looked at
once. On photos of sources with teachers of their own, each reader learns what its own network reads
(the teachers that the run itself does not have, in their order). The gate learns to be one half
there, so that the head counts as much as they together, and nothing on photos of other sources. A
tenth of the photos is left out to say how well that is learned. With --gate the readers stay as
they are and the gate alone learns anew, to be open on photos that people judged; nothing is taught.
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
from seagull.training.ensemble import Ensemble
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

EVERY = 8
"""One of so many micro-batches is also seen by the towers of the tokens, for the gate."""
LEFT_OUT = 10
"""One of so many photos is not learned from."""
WHOLE, WHOLE_COUNTS = 0.9, 4.0
"""From that share of the photo on a region of another source counts so many times for the gate: by
its tokens it is most like those that people judged, of which all are whole photos."""
OPEN_COUNTS = 0.6
"""What regions of photos that the networks judge count together, all others counting 1."""
LARGEST = 0.5
"""What the gate is to be on photos that the networks judge: the head counts as much as they do."""
READER_STEPS, GATE_STEPS, AT_ONCE = 3000, 1500, 256
RATE, DECAY = 1e-3, 0.05


@dataclass
class Seen:
    """What was seen of regions, a row each."""

    photos: list[Tensor] = field(default_factory=list)
    """A number for the photo of each, (n,)."""
    shares: list[Tensor] = field(default_factory=list)
    """How much of it they cover, (n,)."""

    shown: list[Tensor] = field(default_factory=list)
    """Statistics (towers, S) for the readers; for the gate both tokens, normalised, (2 D,)."""
    wanted: list[Tensor] = field(default_factory=list)
    """What the networks read, (towers,); for the gate its share."""

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
    parser.add_argument("--gate", action="store_true", help="the gate alone learns, of labels")
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
        for_readers, for_gate = collect(config, network.eval(), gate=options.gate)
    if not options.gate:
        fit_readers(network.head, for_readers)
    fit_gate(network.head, for_gate)
    _, tensors = read_adapter(adapter_file(config.adapter or ""))
    head = {GROUP + name: value for name, value in network.head.state_dict().items()}
    target.mkdir(parents=True)
    write_adapter(target / ADAPTER_FILE, tensors | head, info)
    shutil.copy(options.settings, target / CONFIG_FILE)


@torch.no_grad()
def collect(config: TrainConfig, network: TrainingNetwork, *, gate: bool) -> tuple[Seen, Seen]:
    """What the readers learn from, and what the gate does.

    Args:
        config: settings of the run.
        network: looks at the photos.
        gate: whether the gate alone is to learn.
    """
    networks = [] if gate else _networks(config, network)
    for_readers, for_gate = Seen(), Seen()
    for number, (judged, batch) in enumerate(_batches(config, gate=gate)):
        masks = batch["region_masks"]
        if judged and networks:
            read = [one.read(batch).numbers[..., 0] for one in networks]
            for_readers.add(masks, look(network, batch), torch.stack(read, dim=-1))
        if gate or number % EVERY == 0 or not judged:
            wanted = torch.full(masks.shape[:2], LARGEST if judged else 0.0)
            for_gate.add(masks, tokens_of(network, batch).float(), wanted)
        if number % 20 == 0:
            print(f"{number} micro-batches", flush=True)
    return for_readers, for_gate


def _networks(config: TrainConfig, network: TrainingNetwork) -> list[TrainingNetwork]:
    """The networks that the readers learn from."""
    assert isinstance(network.teacher, Ensemble)
    return network.teacher.networks[len(config.teachers) :]


def _batches(config: TrainConfig, *, gate: bool) -> Iterator[tuple[bool, Batch]]:
    """Micro-batches, and whether they are of photos that the networks, or people, judge."""
    processor = load_processor(find_model(config.model))
    index, plan, steps = build_plan(config, processor)
    dataset, maker = build_samples(config, processor, index)
    own = torch.tensor([bool(source.teachers) for source in config.data.train])
    people = metric_number(RegionLabels(metric=OPINIONS))
    for items in islice(ProcessBatches(plan, steps, 0, 0, 1), steps):
        batch = batch_of(dataset, maker, items)
        by_people = (batch["region_metrics"] == people).any(dim=1)
        judged = by_people if gate else own[batch["photo_sources"]]
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


def look(network: TrainingNetwork, batch: Batch) -> Tensor:
    """Statistics (B, R, towers, S) of the side towers; the others are not asked."""
    encoder, model = network.model.vision_encoder, network.model
    places = range(len(encoder.scales))[-model.side_towers :]
    pyramid = encoder.look(batch["pixel_values"], places)
    return model.side_view(pyramid, batch["region_masks"]).statistics


def tokens_of(network: TrainingNetwork, batch: Batch) -> Tensor:
    """Both tokens of the regions as the gate sees them, (B, R, 2 D)."""
    model, head = network.model, network.head
    assert head is not None
    pyramid, context = model.encode_image(batch["pixel_values"])
    names = ("region_masks", "region_crops", "region_crop_masks", "photo_masks")
    given = [batch[name] for name in names]
    return head.norm(torch.cat(model.region_tokens(pyramid, context, *given), dim=-1))


def fit_readers(head: RegionHead, seen: Seen) -> None:
    """Each reader learns what its network reads."""
    statistics, wanted, photos = map(torch.cat, (seen.shown, seen.wanted, seen.photos))
    even = torch.ones(len(photos))
    for number, reader in enumerate(head.readers):
        own = statistics[:, number], wanted[:, number]
        off = fit(reader, *own, steps=READER_STEPS, counts=even, photos=photos)
        spread = float(wanted[:, number].std())
        print(f"reader {number + 1}: off by {off:.4f}; what it learned deviates by {spread:.4f}")


def fit_gate(head: RegionHead, seen: Seen) -> None:
    """The gate learns which photos are like those that the networks judge."""
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
