"""Side towers of seagull-nano for photos: a panel learns opinions, and towers learn from it.

    python scripts/nano_towers.py configs/towers/nano.yaml

Networks that were trained apart err differently, and the mean of what a panel of them reads is
better than any one. Each tower learns that mean from more views than there are labels: windows of
photos, some of them with another photo blended in. Whatever is finished is kept, so a run goes on
where it was killed. With inner=true a fifth of the photos is left out, and what is read of these is
compared with their labels. With --read RECORDS nothing is trained: what a finished run's networks
read of other photos is compared with their labels. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from multiprocessing.synchronize import Barrier
from pathlib import Path

import torch
from torch.multiprocessing import get_context
from tower_settings import PANEL, TowersConfig, members, tower_folder
from tower_views import Opinions, read_opinions
from tower_workshop import Workshop, agreement, finished, judge

from seagull.config import load_settings
from seagull.memory import keep_freed_memory
from seagull.model.adapter import ADAPTER_FILE


def read_again(config: TowersConfig, records: Path) -> dict[str, float]:
    """How what each network, and the panel together, reads agrees with labels, and prints it."""
    keep_freed_memory()
    opinions = read_opinions(records)
    found = {name: judge(network, opinions) for name, network in finished(config)}
    found["panel"] = torch.stack([found[member.name] for member in members(config)]).mean(dim=0)
    found["towers"] = torch.stack([v for k, v in found.items() if k.startswith("tower-")]).mean(
        dim=0
    )
    agreed = {name: agreement(value, opinions.quality) for name, value in found.items()}
    for name, both in agreed.items():
        print(name, *both, flush=True)
    return {name: float(srcc) for name, (srcc, _) in agreed.items()}


def work(config: TowersConfig, opinions: Opinions, part: int, panel_done: Barrier) -> None:
    """What one of the run's processes does."""
    keep_freed_memory()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.set_num_threads(max(1, torch.get_num_threads() // config.workers))
    try:
        workshop = Workshop(config, opinions)
        for member in members(config)[part :: config.workers]:
            if not member.file(workshop.output).is_file():
                workshop.train_member(member)
        panel_done.wait()
        for place in range(part, len(config.towers), config.workers):
            if not (tower_folder(workshop.output, place) / ADAPTER_FILE).is_file():
                workshop.train_tower(place)
    except BaseException:
        panel_done.abort()
        raise


def main() -> None:
    """Trains what is not there yet, and says how well it reads."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("settings", type=Path)
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    parser.add_argument("--read", type=Path, metavar="RECORDS", help="of photos to read")
    options = parser.parse_args()
    config = load_settings(TowersConfig, options.settings, options.overrides)
    if options.read:
        print(json.dumps({"data": str(options.read), "srcc": read_again(config, options.read)}))
        return
    (Path(config.output) / PANEL).mkdir(parents=True, exist_ok=True)
    opinions = read_opinions(Path(config.records))
    context = get_context("spawn")
    panel_done = context.Barrier(config.workers)
    processes = [
        context.Process(target=work, args=(config, opinions, part, panel_done))
        for part in range(config.workers)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise SystemExit("a process failed; run it again to go on")
    print(json.dumps({"output": config.output, "towers": len(config.towers)}))


if __name__ == "__main__":
    main()
