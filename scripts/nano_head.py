"""What the head of a finished run reads, compared with labels: no language model is asked.

    python scripts/nano_head.py outputs/nano/3-regions outputs/nano/opinions/held_out.jsonl

The run's own settings count, parts that it left out included. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch

from seagull.cli.head_validation import make_head_validator
from seagull.config import load_settings
from seagull.inference.load import find_model
from seagull.model.checkpoint import load_processor
from seagull.training.config import Source, TrainConfig
from seagull.training.run import CONFIG_FILE
from seagull.training.setup import adapter_file, build_network, device_of, in_bfloat16


def main() -> None:
    """Prints the metrics."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("run", type=Path, help="folder of a run whose head was trained")
    parser.add_argument("data", help="records with labels, of photos never trained on")
    parser.add_argument("--limit", type=int, default=0, help="so many photos, drawn at random")
    options = parser.parse_args()
    adapter = adapter_file(str(options.run))
    settings = load_settings(TrainConfig, adapter.with_name(CONFIG_FILE))
    data = replace(
        settings.data, validation=(Source(options.data),), validation_records=options.limit
    )
    config = replace(settings, adapter=str(adapter), data=data)
    folder = find_model(config.model)
    processor = load_processor(folder)
    network, _ = build_network(config, folder, processor)
    validate = make_head_validator(config, processor)
    assert validate is not None
    network.eval()
    with torch.autocast(device_of(config), torch.bfloat16, enabled=in_bfloat16(config)):
        metrics = validate(network)
    for name, value in metrics.items():
        print(f"{name:20} {value:.4f}")
    print(json.dumps({"run": str(options.run), "data": options.data, **metrics}))


if __name__ == "__main__":
    main()
