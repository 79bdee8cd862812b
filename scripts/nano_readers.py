"""The head's readers of side towers learn what the networks read that these towers come from.

    python scripts/nano_readers.py configs/nano/24-readers.yaml

The settings are those of a training run. The towers stay as they are, so each photo is looked at
once. On photos of sources with teachers of their own, each reader learns what its own network reads
(the teachers that the run itself does not have, in their order). The gate learns to be one half
there, so that the head counts as much as they together, and nothing on photos of other sources. A
tenth of what was seen is left out to say how well that is learned.
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
from seagull.inference.load import find_model
from seagull.memory import keep_freed_memory
from seagull.model.adapter import ADAPTER_FILE, read_adapter, write_adapter
from seagull.model.checkpoint import load_processor
from seagull.model.head import GROUP, RegionHead
from seagull.training.config import TrainConfig
from seagull.training.ensemble import Ensemble
from seagull.training.finished import CONFIG_FILE, adapter_file
from seagull.training.network import TrainingNetwork
from seagull.training.plan import ProcessBatches
from seagull.training.samples import Batch
from seagull.training.setup import batch_of, build_network, build_plan, build_samples

EVERY = 8
"""One of so many micro-batches is also seen by the towers of the tokens, for the gate."""
LEFT_OUT = 10
"""One of so many regions is not learned from."""
LARGEST = 0.5
"""What the gate is to be on photos that the networks judge: the head counts as much as they do."""
READER_STEPS, GATE_STEPS, AT_ONCE = 3000, 1000, 256
RATE, DECAY = 1e-3, 0.05


@dataclass
class Seen:
    """What was seen of regions, a row each."""

    shown: list[Tensor] = field(default_factory=list)
    """Statistics (towers, S) for the readers; for the gate both tokens, normalised, (2 D,)."""
    wanted: list[Tensor] = field(default_factory=list)
    """What the networks read, (towers,); for the gate its share."""

    def together(self) -> tuple[Tensor, Tensor]:
        """Each kind as one tensor."""
        return torch.cat(self.shown), torch.cat(self.wanted)


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
    for_readers, for_gate = collect(config, network.eval())
    fit_readers(network.head, *for_readers.together())
    fit_gate(network.head, *for_gate.together())
    _, tensors = read_adapter(adapter_file(config.adapter or ""))
    head = {GROUP + name: value for name, value in network.head.state_dict().items()}
    target.mkdir(parents=True)
    write_adapter(target / ADAPTER_FILE, tensors | head, info)
    shutil.copy(options.settings, target / CONFIG_FILE)


@torch.no_grad()
def collect(config: TrainConfig, network: TrainingNetwork) -> tuple[Seen, Seen]:
    """What the readers learn from, and what the gate does."""
    assert isinstance(network.teacher, Ensemble)
    networks = network.teacher.networks[len(config.teachers) :]
    for_readers, for_gate = Seen(), Seen()
    for number, (judged, batch) in enumerate(_batches(config)):
        real = batch["region_masks"].flatten(2).any(dim=2)
        if judged:
            read = [one.read(batch).numbers[..., 0] for one in networks]
            for_readers.shown.append(look(network, batch)[real])
            for_readers.wanted.append(torch.stack(read, dim=-1)[real])
        if number % EVERY == 0 or not judged:
            for_gate.shown.append(tokens_of(network, batch)[real])
            for_gate.wanted.append(torch.full((int(real.sum()),), LARGEST if judged else 0.0))
        if number % 20 == 0:
            print(f"{number} micro-batches", flush=True)
    return for_readers, for_gate


def _batches(config: TrainConfig) -> Iterator[tuple[bool, Batch]]:
    """Micro-batches, and whether they are of photos that the networks judge."""
    processor = load_processor(find_model(config.model))
    index, plan, steps = build_plan(config, processor)
    dataset, maker = build_samples(config, processor, index)
    own = torch.tensor([bool(source.teachers) for source in config.data.train])
    for items in islice(ProcessBatches(plan, steps, 0, 0, 1), steps):
        batch = batch_of(dataset, maker, items)
        judged = own[batch["photo_sources"]]
        for kind in (True, False):
            if (judged == kind).any():
                yield (
                    kind,
                    {
                        name: value[judged == kind]
                        for name, value in batch.items()
                        if name.startswith(("pixel", "region"))
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
    given = [batch[name] for name in ("region_masks", "region_crops", "region_crop_masks")]
    return head.norm(torch.cat(model.region_tokens(pyramid, context, *given), dim=-1))


def fit_readers(head: RegionHead, statistics: Tensor, wanted: Tensor) -> None:
    """Each reader learns what its network reads."""
    for number, reader in enumerate(head.readers):
        off = fit(reader, statistics[None, :, number], wanted[None, :, number], READER_STEPS)
        spread = float(wanted[:, number].std())
        print(f"reader {number + 1}: off by {off:.4f}; what it learned deviates by {spread:.4f}")


def fit_gate(head: RegionHead, tokens: Tensor, wanted: Tensor) -> None:
    """The gate learns which photos are like those that the networks judge."""
    assert head.gate is not None
    opened = nn.Sequential(head.gate, nn.Sigmoid(), nn.Flatten(1))
    off = fit(opened, tokens[None], wanted[None], GATE_STEPS)
    print(f"gate: off by {off:.4f}; what it learned deviates by {float(wanted.std()):.4f}")


def fit(module: nn.Module, shown: Tensor, wanted: Tensor, steps: int) -> float:
    """Learns by least squares from all rows but some; how far it is off there, root mean square.

    Args:
        module: from (1, n, C) to (1, n).
        shown: (1, N, C).
        wanted: (1, N).
        steps: of AdamW, with a rate that falls to nothing.
    """
    rows = torch.arange(wanted.shape[1])
    apart, learned = rows[rows % LEFT_OUT == 0], rows[rows % LEFT_OUT != 0]
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(module.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        chosen = learned[torch.randint(len(learned), (AT_ONCE,), generator=generator)]
        loss = (module(shown[:, chosen]) - wanted[:, chosen]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        return float((module(shown[:, apart]) - wanted[:, apart]).square().mean().sqrt())


if __name__ == "__main__":
    main()
