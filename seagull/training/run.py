"""A training run from settings to adapter."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import yaml
from transformers.trainer_callback import PrinterCallback

from seagull.files.appending import only_writer
from seagull.files.config import ConfigError, to_plain
from seagull.model.checkpoint import check_folder, load_processor
from seagull.training.batch_statistics import measure
from seagull.training.card import write_card
from seagull.training.config import TrainConfig
from seagull.training.data.plan import ProcessBatches, accumulation
from seagull.training.data.records import changed_file, fingerprint
from seagull.training.data.samples import Batch
from seagull.training.finished import CONFIG_FILE, adapter_groups
from seagull.training.loop.checkpoints import STATE_FILE, prune, resume_from, whole_folder
from seagull.training.loop.launch import leave_processes, prepare_deepspeed
from seagull.training.loop.logs import RunLog
from seagull.training.loop.trainer import (
    RunParts,
    SeagullTrainer,
    TrainingStoppedError,
    Validator,
)
from seagull.training.network import TrainingNetwork
from seagull.training.setup import (
    batch_of,
    build_arguments,
    build_network,
    build_plan,
    build_samples,
    device_of,
    in_bfloat16,
)
from seagull.training.standardise import BATCHES, fit_scales, see_photos
from seagull.version import __version__

logger = logging.getLogger(__name__)

RUN_FILE = "run.json"
LOCK_FILE = ".lock"
ADAPTER_FOLDER = "adapter"


def train(
    config: TrainConfig,
    folder: Path,
    validator: Validator | None = None,
    *,
    bars: bool = False,
) -> Path:
    """Trains and returns the folder of the adapter; every process of a run calls it.

    Args:
        config: of the run.
        folder: of the model to start from.
        validator: assesses validation photos.
        bars: show a progress bar.

    Raises:
        ConfigError: if the settings cannot be used.
        ValueError: if model, records or photos are at fault, or training cannot go on.
    """
    try:
        with _alone(Path(config.output)):
            return _trained(config, folder, validator, bars=bars)
    finally:
        leave_processes()


@contextmanager
def _alone(run: Path) -> Iterator[None]:
    """Keeps the run's folder for this run; its other processes hold it together with the first.

    Raises:
        ConfigError: if another run is at work there.
    """
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    run.mkdir(parents=True, exist_ok=True)
    with only_writer(run / LOCK_FILE) as alone:
        if not alone:
            raise ConfigError(f"output: another run is at work in {run}; give another folder")
        yield


def _trained(config: TrainConfig, folder: Path, validator: Validator | None, *, bars: bool) -> Path:
    world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    run = Path(config.output)
    checkpoint = resume_from(run, config.resume)
    accumulation(config.batch_size // config.micro_batch, world)
    deepspeed = prepare_deepspeed(config.deepspeed, device_of(config)) if config.deepspeed else None
    processor = load_processor(folder)
    index, plan, steps = build_plan(config, processor)
    weights = check_folder(folder).level_weights
    dataset, maker = build_samples(config, processor, index, weights)
    if rank == 0:
        _describe(run, config, len(index), resumed=checkpoint is not None)
    start = _step_of(checkpoint)
    network, info = build_network(config, folder, processor)
    if config.batch_statistics and world > 1:
        raise ConfigError("batch_statistics: are learned by one process, start one")
    if checkpoint is None:
        # All processes look at the same photos.
        first = list(islice(ProcessBatches(plan, steps, 0, 0, 1), BATCHES))

        def looked_at() -> Iterator[Batch]:
            return (batch_of(dataset, maker, own) for own in first)

        _fit_statistics(network, config, looked_at)
    arguments = build_arguments(config, world, deepspeed, bars=bars and rank == 0)
    parts = RunParts(
        config=config,
        plan=plan,
        steps=steps,
        dataset=dataset,
        maker=maker,
        info=info,
        keep_groups=adapter_groups(config),
        validator=validator,
    )
    arguments.max_steps = steps
    trainer = SeagullTrainer(network, arguments, parts)
    trainer.remove_callback(PrinterCallback)
    if rank == 0:
        trainer.add_callback(RunLog(run, start, tensorboard=config.tensorboard))
    trainer.start = start
    return _run(trainer, checkpoint, steps)


def _fit_statistics(
    network: TrainingNetwork, config: TrainConfig, batches: Callable[[], Iterable[Batch]]
) -> None:
    """Takes over the statistics of the first photos, before anything learns."""
    at = network.model.device.type  # A GPU gets the model from the trainer, later.
    with torch.autocast(at, torch.bfloat16, enabled=in_bfloat16(config)):
        if config.adapter and network.normed:
            network.eval()
            measure(network.normed, lambda: see_photos(network.model, batches()))
        fit_scales(network.model, batches())


def _run(trainer: SeagullTrainer, checkpoint: Path | None, steps: int) -> Path:
    run = trainer.run_folder
    try:
        # A run that is at its end would make one more step.
        if trainer.start < steps:
            trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
        elif (adapter := run / ADAPTER_FOLDER).is_dir():
            return adapter
        else:
            raise ConfigError(f"{checkpoint}: its run is at its end; raise epochs or max_steps")
    except torch.OutOfMemoryError as error:
        raise TrainingStoppedError(
            f"step {trainer.state.global_step + 1}: out of memory ({str(error)[:120]}). Lower "
            "micro_batch, set checkpointing=true, or use deepspeed=zero3; the last checkpoint stays"
        ) from error
    if trainer.state.global_step % max(1, trainer.parts.config.save_every or 1 << 60):
        trainer.save_checkpoint()
    return _finish(trainer)


def _finish(trainer: SeagullTrainer) -> Path:
    """Writes the adapter's folder: the best one where there was validation, else the last."""
    run, target = trainer.run_folder, trainer.run_folder / ADAPTER_FOLDER
    metrics = trainer.evaluate() if trainer.parts.validator else {}
    best = run / "best"
    if trainer.args.process_index == 0:
        prune(run, trainer.parts.config.keep)
    if best.is_dir():
        if trainer.args.process_index == 0:
            with whole_folder(target) as scratch:
                for file in best.iterdir():
                    (scratch / file.name).write_bytes(file.read_bytes())
    else:
        trainer.write_adapter_folder(target, metrics)
    if trainer.args.process_index == 0:
        for name in (CONFIG_FILE, RUN_FILE):
            (target / name).write_bytes((run / name).read_bytes())
        write_card(target)
    return target


def _step_of(checkpoint: Path | None) -> int:
    if checkpoint is None:
        return 0
    return int(json.loads((checkpoint / STATE_FILE).read_text(encoding="utf-8"))["global_step"])


def _describe(run: Path, config: TrainConfig, records: int, *, resumed: bool) -> None:
    """Writes what the run is made from; a resumed run has to be made from the same bytes.

    Raises:
        ConfigError: if the data has changed.
    """
    run.mkdir(parents=True, exist_ok=True)
    data = fingerprint(config.data.train)
    facts: dict[str, Any] = {"version": __version__, "data": data, "records": records}
    file = run / RUN_FILE
    if resumed and file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        if (changed := changed_file(before["data"], data)) is not None:
            raise ConfigError(
                f"resume: the training data has changed since ({changed}); start in a new output"
            )
        if before.get("records", records) != records:
            raise ConfigError(
                f"resume: {records} records can be used, before it were {before['records']}: "
                "photos have changed; restore them, or start in a new output"
            )
    file.write_text(json.dumps(facts, indent=2), encoding="utf-8")
    text = yaml.safe_dump(to_plain(config), sort_keys=False, allow_unicode=True)
    (run / CONFIG_FILE).write_text(text, encoding="utf-8")
