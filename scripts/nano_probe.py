"""What a vision encoder's features know of people's opinions, before any training on them.

    python scripts/nano_probe.py outputs/nano/opinions --adapter RUN

Mean and standard deviation of every feature level over the whole photo, standardised, then ridge
regression from some training photos to the held-out ones. Photos of the commonest size only.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr

from seagull.inference.load import find_model
from seagull.model.adapter import apply_adapter
from seagull.model.checkpoint import load_model, load_processor
from seagull.model.pooling import pool
from seagull.model.vision import VisionEncoder
from seagull.preprocessing.processor import SeagullProcessor
from seagull.record_photos import record_photo, record_photo_size
from seagull.records import InstructionRecord, read_records
from seagull.training.finished import adapter_file
from seagull.training.setup import cpu_has_bfloat16

PENALTIES = (100.0, 300.0, 1000.0, 3000.0)
BATCH = 8


def main() -> None:
    """Prints SRCC and PLCC for each penalty; the last line is JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("opinions", type=Path, help="folder of nano_opinions.py")
    parser.add_argument("--adapter", help="run whose vision encoder is looked at")
    parser.add_argument("--train", type=int, default=900)
    parser.add_argument("--test", type=int, default=300)
    options = parser.parse_args()
    folder = find_model("nano")
    model = load_model(folder, dtype=torch.float32, device="cpu")
    if options.adapter:
        apply_adapter(model, adapter_file(options.adapter))
    encoder, processor = model.vision_encoder.eval(), load_processor(folder)
    sets = [
        _features(encoder, processor, options.opinions, name, count)
        for name, count in (("train", options.train), ("held_out", options.test))
    ]
    (seen, scores), (unseen, wanted) = sets
    mean, deviation = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    seen, unseen = (seen - mean) / deviation, (unseen - mean) / deviation
    found = {}
    for penalty in PENALTIES:
        gram = seen.T @ seen + penalty * np.eye(seen.shape[1])
        said = unseen @ np.linalg.solve(gram, seen.T @ (scores - scores.mean()))
        srcc, plcc = spearmanr(said, wanted).statistic, pearsonr(said, wanted).statistic
        found[str(penalty)] = {"srcc": round(float(srcc), 4), "plcc": round(float(plcc), 4)}
        print(f"penalty {penalty:g}: SRCC {srcc:.4f}, PLCC {plcc:.4f}")
    print(json.dumps({"adapter": options.adapter, "n": len(wanted), "ridge": found}))


@torch.inference_mode()
def _features(
    encoder: VisionEncoder, processor: SeagullProcessor, folder: Path, name: str, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    records = _of_one_size(list(read_records(folder / f"{name}.jsonl"))[:count], folder)
    torch.nn.Module.to(encoder, memory_format=torch.channels_last)
    rows = []
    for start in range(0, len(records), BATCH):
        own = records[start : start + BATCH]
        photos = [processor.pixels(record_photo(record.image, folder).pixels) for record in own]
        with torch.autocast("cpu", torch.bfloat16, enabled=cpu_has_bfloat16()):
            pyramid = encoder(torch.stack(photos))
        every = [torch.ones(len(own), 1, *level.shape[2:]) for level in pyramid]
        pooled = [
            pool(level.float(), weights, ("mean", "std"))[:, 0]
            for level, weights in zip(pyramid, every, strict=True)
        ]
        rows.append(torch.cat(pooled, dim=1).double().numpy())
    scores = [record.labels[record.regions[0].id].quality for record in records]
    return np.concatenate(rows), np.array(scores, dtype=np.float64)


def _of_one_size(records: list[InstructionRecord], folder: Path) -> list[InstructionRecord]:
    sizes = [record_photo_size(record.image, folder) for record in records]
    common = Counter(sizes).most_common(1)[0][0]
    return [record for record, size in zip(records, sizes, strict=True) if size == common]


if __name__ == "__main__":
    main()
