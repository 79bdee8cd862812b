"""The ``train`` and ``export`` commands."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seagull.cli.errors import complain
from seagull.devices import DTYPES, choose_device, choose_dtype, dtype_name
from seagull.memory import keep_freed_memory

if TYPE_CHECKING:
    from seagull.training.config import TrainConfig
    from seagull.training.estimate import Estimate
    from seagull.training.loop.launch import Launch


@dataclass(frozen=True)
class TrainRequest:
    """The options of ``train``."""

    config: Path
    overrides: tuple[str, ...]
    dry_run: bool
    launch: Launch
    debug: bool = False


def run_train(request: TrainRequest) -> None:
    """Trains, or shows what would be trained; prints the adapter's folder.

    Raises:
        ValueError: if settings, data or model are at fault, or training cannot go on.
    """
    from seagull.cli.run_baseline import names_system, run_baseline
    from seagull.files.config import load_settings
    from seagull.training.config import TrainConfig

    if names_system(request.config, request.overrides):
        processes = (request.launch.processes or 1) * request.launch.nodes
        run_baseline(
            request.config, request.overrides, processes=processes, dry_run=request.dry_run
        )
        return
    # It warns of an optional package that changes nothing here.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    config = load_settings(TrainConfig, request.config, request.overrides)
    if not request.dry_run:
        from seagull.training.loop.launch import relaunch, worker_arguments

        words = worker_arguments(request.config, request.overrides, debug=request.debug)
        relaunch(request.launch, words, config.device, complain)
    from seagull.inference.load import find_model

    folder = find_model(config.model)
    if request.dry_run:
        _show(config, folder, _processes(request.launch))
        return
    from transformers.utils import logging as hub_logging

    from seagull.evaluation.validation import make_validator
    from seagull.model.checkpoint import load_processor
    from seagull.training.loop.launch import end_process
    from seagull.training.run import train

    hub_logging.set_verbosity_error()
    if not sys.stderr.isatty():
        hub_logging.disable_progress_bar()
    processor = load_processor(folder)
    if choose_device(config.device) == "cpu":
        # With a GPU, what loading a large model frees had better be given back.
        keep_freed_memory()
    validator = make_validator(config, processor)
    adapter = train(config, folder, validator, bars=sys.stderr.isatty())
    if os.environ.get("RANK", "0") == "0":
        complain(f"done; use it: seagull export {adapter} MODEL_FOLDER")
        typer.echo(adapter)
    end_process()


def run_export(adapter: str, out: Path, base: str | None, dtype: str) -> None:
    """Writes a model folder from an adapter and prints it.

    Raises:
        ValueError: if the adapter, its base or the folder cannot be used.
    """
    from seagull.cli.names import unknown_name
    from seagull.inference.load import find_model
    from seagull.model.adapter import read_info
    from seagull.training.export import export
    from seagull.training.finished import adapter_file

    if dtype_name(dtype) is None:
        raise unknown_name("dtype", dtype, list(DTYPES))
    folder = find_model(base or read_info(adapter_file(adapter)).base)
    typer.echo(export(adapter, folder, out, dtype=choose_dtype(dtype, "cpu")))


def _processes(launch: Launch) -> int:
    import torch

    return (launch.processes or max(1, torch.cuda.device_count())) * launch.nodes


def _show(config: TrainConfig, folder: Path, world: int) -> None:
    from seagull.training.estimate import device_memory, dry_run

    estimate, conversations = dry_run(config, folder, world)
    console = Console(highlight=False)
    console.print(_size_table(config, estimate))
    console.print(
        f"{estimate.records:,} records, {estimate.steps:,} steps of {config.batch_size}; "
        f"about {estimate.tokens} tokens a conversation; {world} process(es)"
    )
    there = device_memory()
    console.print(
        f"memory per device, estimated: {estimate.memory:.2f} GB (weights "
        f"{estimate.weights:.2f}, gradients and optimiser {estimate.optimizer:.2f}, activations "
        f"{estimate.activations:.2f})" + (f" of {there:.0f} GB" if there else "")
    )
    for number, conversation in enumerate(conversations, start=1):
        text = Text(f"\nsample {number} (supervised: bold, in brackets)\n", style="dim")
        for piece, supervised in conversation:
            text.append(f"[{piece}]" if supervised else piece, "bold" if supervised else "default")
        console.print(text)


def _size_table(config: TrainConfig, estimate: Estimate) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("Group", "Parameters", "Trained", "Learning rate"):
        table.add_column(column, justify="left" if column == "Group" else "right")
    for group, count in estimate.parameters.items():
        trained = estimate.trained.get(group, 0)
        rate = f"{config.rate(group):g}" if trained else "-"
        table.add_row(group, f"{count:,}", f"{trained:,}", rate)
    total = sum(estimate.trained.values())
    table.add_row("all", f"{sum(estimate.parameters.values()):,}", f"{total:,}", "")
    return table
