"""The head's reader of cells learns the quality of regions from labels; nothing else changes.

    python scripts/nano_cells.py configs/nano/27-cells.yaml

The settings are those of a training run. The towers stay as they are, so each photo is looked at
once and kept as its cells. Photos of one part of the last batches are left out to say how well
what is read agrees with the labels.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from seagull.config import load_settings
from seagull.inference.load import find_model
from seagull.memory import keep_freed_memory
from seagull.model.adapter import ADAPTER_FILE, read_adapter, write_adapter
from seagull.model.checkpoint import load_processor
from seagull.model.head import GROUP, HEAD_NUMBERS
from seagull.model.pooling import level_weights
from seagull.model.readers import CellReader
from seagull.training.config import TrainConfig
from seagull.training.finished import CONFIG_FILE, adapter_file
from seagull.training.network import TrainingNetwork
from seagull.training.plan import ProcessBatches
from seagull.training.samples import Batch
from seagull.training.setup import batch_of, build_network, build_plan, build_samples

STEPS, AT_ONCE, RATE, DECAY = 3000, 16, 2e-3, 0.05
LEFT_OUT = 20
"""One of so many photos is not learned from."""
CORRELATION, BETA = 0.1, 0.1
"""Weight of 1 - PLCC within a step, and where the smooth L1 loss becomes linear."""


class SeenPhoto(NamedTuple):
    """What is kept of a photo with R regions."""

    cells: Tensor
    """(K, F), in half precision."""
    covered: Tensor
    """How much of each cell a region covers, (R, K), in half precision."""
    quality: Tensor
    """Labels (R,), nan where there is none."""


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
    assert network.head.cells is not None
    photos = collect(config, network.eval())
    fit(network.head.cells, photos, seed=config.seed)
    _, tensors = read_adapter(adapter_file(config.adapter or ""))
    head = {GROUP + name: value for name, value in network.head.state_dict().items()}
    target.mkdir(parents=True)
    write_adapter(target / ADAPTER_FILE, tensors | head, info)
    shutil.copy(options.settings, target / CONFIG_FILE)


@torch.no_grad()
def collect(config: TrainConfig, network: TrainingNetwork) -> list[SeenPhoto]:
    """The photos of the run's batches."""
    processor = load_processor(find_model(config.model))
    index, plan, steps = build_plan(config, processor)
    dataset, maker = build_samples(config, processor, index)
    photos: list[SeenPhoto] = []
    for number, items in enumerate(islice(ProcessBatches(plan, steps, 0, 0, 1), steps)):
        photos += look(network, batch_of(dataset, maker, items))
        if number % 20 == 0:
            print(f"{number} of {steps} batches", flush=True)
    return photos


def look(network: TrainingNetwork, batch: Batch) -> list[SeenPhoto]:
    """What is kept of the photos of a batch; towers that are not read are not asked."""
    reader, model = network.head and network.head.cells, network.model
    assert reader is not None
    levels = model.vision_encoder.look(batch["pixel_values"], model.config.mfe.cell_towers)
    cells = reader.cells(levels)
    grid = (cells.shape[1], cells.shape[2])
    covered = level_weights(batch["region_masks"], grid, "area").flatten(2)
    labels = batch["region_numbers"][..., HEAD_NUMBERS.index("quality")]
    real = batch["region_masks"].flatten(2).any(dim=2)
    largest = torch.finfo(torch.float16).max
    halved = cells.flatten(1, 2).clamp(-largest, largest).half()
    return [
        SeenPhoto(own.clone(), covered[photo][real[photo]].half(), labels[photo][real[photo]])
        for photo, own in enumerate(halved)
    ]


def fit(reader: CellReader, photos: Sequence[SeenPhoto], *, seed: int, steps: int = STEPS) -> None:
    """Learns the labels, after its scales were taken from the photos.

    Args:
        reader: learns.
        photos: all with as many cells.
        seed: of which photos make a step, and of dropout.
        steps: of AdamW, with a rate that rises for a tenth of them and falls to nothing.
    """
    apart, learned = photos[::LEFT_OUT], [p for n, p in enumerate(photos) if n % LEFT_OUT]
    some = torch.cat([photo.cells[::16].float() for photo in learned[:1000]])
    reader.norm.fit(some.mean(dim=0), some.std(dim=0))
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW(reader.train().parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.1)
    for step in range(steps):
        chosen = torch.randint(len(learned), (AT_ONCE,))
        read, labels = together(reader, [learned[number] for number in chosen.tolist()])
        agreement = torch.corrcoef(torch.stack([read, labels]))[0, 1]
        loss = nn.functional.smooth_l1_loss(read, labels, beta=BETA)
        optimizer.zero_grad()
        (loss + CORRELATION * (1 - agreement)).backward()
        optimizer.step()
        schedule.step()
        if step % 250 == 0:
            print(f"step {step}: {float(loss.detach()):.4f}", flush=True)
    reader.eval()
    with torch.no_grad():
        pairs = [together(reader, [photo]) for photo in apart]
    read, labels = (torch.cat(kind) for kind in zip(*pairs, strict=True))
    agreement = spearmanr(read, labels).statistic
    print(f"quality of {len(read)} regions of photos not learned from: SRCC {agreement:.3f}")


def together(reader: CellReader, photos: Sequence[SeenPhoto]) -> tuple[Tensor, Tensor]:
    """What is read of all labelled regions of some photos, and their labels, (n,) each."""
    most = max(len(photo.covered) for photo in photos)
    covered = torch.zeros(len(photos), most, len(photos[0].cells))
    labels = torch.full((len(photos), most), torch.nan)
    for number, photo in enumerate(photos):
        covered[number, : len(photo.covered)] = photo.covered
        labels[number, : len(photo.quality)] = photo.quality
    read = reader.read(torch.stack([photo.cells for photo in photos]).float(), covered)
    known = ~labels.isnan()
    return read[known], labels[known]


if __name__ == "__main__":
    main()
