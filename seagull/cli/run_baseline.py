"""``seagull train`` for settings with a field ``system:``: the baselines QFM-IQM and DGIQA."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from seagull.cli.errors import complain
from seagull.cli.progress import LateBar
from seagull.files.config import ConfigError, load_settings, read_yaml
from seagull.memory import keep_freed_memory

if TYPE_CHECKING:
    from seagull.baselines.config import BaselineConfig


def names_system(config: Path, overrides: Sequence[str]) -> bool:
    """Whether settings are those of a baseline.

    Raises:
        ConfigError: if the file is no settings file.
    """
    return "system" in read_yaml(config) or any(one.startswith("system=") for one in overrides)


def run_baseline(
    config_file: Path, overrides: Sequence[str], *, processes: int, dry_run: bool
) -> None:
    """Trains a baseline, or shows what would be trained; prints the model's folder.

    Args:
        config_file: settings.
        overrides: ``key=value``.
        processes: that were asked for, on all machines; one trains.
        dry_run: only show.

    Raises:
        ValueError: if settings or data are at fault, or training cannot go on.
    """
    # What is imported next brings it along; it warns of an optional kernel that nothing here uses.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    from seagull.baselines.config import BaselineConfig
    from seagull.baselines.train import train_baseline
    from seagull.devices import choose_device
    from seagull.evaluation.systems import make_system_validator

    config = load_settings(BaselineConfig, config_file, overrides)
    if processes > 1:
        raise ConfigError("--nproc, --nnodes: a baseline is trained by one process")
    if dry_run:
        _show(config)
        return
    if choose_device(config.device) == "cpu":
        keep_freed_memory()
    validator = make_system_validator(config)
    with LateBar("Training", None, wanted=sys.stderr.isatty()) as bar:
        folder = train_baseline(
            config, validator, lambda what, done, total: bar.at(done, total, what)
        )
    complain(
        f"done, a reconstruction; use it: seagull assess PHOTO --model {folder}, or "
        f"seagull evaluate --baseline {config.system}:{folder}"
    )
    typer.echo(folder)


def _show(config: BaselineConfig) -> None:
    from seagull.baselines.dry_run import dry_run

    found = dry_run(config)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("Part", "Parameters", "Learning rate"):
        table.add_column(column, justify="left" if column == "Part" else "right")
    for part, count in found.parameters.items():
        rate = config.rate("encoder" if part.startswith("encoder") else "default")
        table.add_row(part, f"{count:,}", f"{rate:g}")
    table.add_row("all", f"{sum(found.parameters.values()):,}", "")
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{found.photos:,} photos, {found.steps:,} steps of {config.batch_size}")
    for line in found.lines:
        console.print(line)
