"""What the head of a finished run reads, compared with labels: no language model is asked.

    python scripts/nano_head.py outputs/nano/3-regions outputs/nano/opinions/held_out.jsonl

The run's own settings count, parts that it left out included; which photos are drawn does not
depend on them. Of several runs (before the data, one after the other) the mean of their readings is
compared. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch

from seagull.cli.head_validation import make_head_validator
from seagull.inference.load import find_model
from seagull.memory import keep_freed_memory
from seagull.model.checkpoint import load_processor
from seagull.training.config import Source, TrainConfig
from seagull.training.ensemble import Ensemble
from seagull.training.finished import settings_of
from seagull.training.setup import build_network, device_of, in_bfloat16


def main() -> None:
    """Prints the metrics."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs with a trained head")
    parser.add_argument("data", help="records with labels, of photos never trained on")
    parser.add_argument("--limit", type=int, default=0, help="so many photos, drawn at random")
    options = parser.parse_args()
    keep_freed_memory()
    configs = [_config(run, options.data, options.limit) for run in options.runs]
    processor = load_processor(find_model(configs[0].model))
    networks = [build_network(config, find_model(config.model), processor)[0] for config in configs]
    validate = make_head_validator(configs[0], processor)
    assert validate is not None
    with torch.autocast(device_of(configs[0]), torch.bfloat16, enabled=in_bfloat16(configs[0])):
        metrics = validate(Ensemble(networks))
    for name, value in metrics.items():
        print(f"{name:20} {value:.4f}")
    print(json.dumps({"runs": [*map(str, options.runs)], "data": options.data, **metrics}))


def _config(run: Path, data: str, limit: int) -> TrainConfig:
    """The settings of a run, to read what it has become with."""
    settings = settings_of(str(run))
    records = replace(settings.data, validation=(Source(data),), validation_records=limit)
    return replace(settings, data=records, seed=0)


if __name__ == "__main__":
    main()
