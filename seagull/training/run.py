"""Runs a training from settings to adapter."""

from __future__ import annotations

from pathlib import Path

import torch

from seagull.files.config import ConfigError
from seagull.model.adapter import read_info
from seagull.model.folders import ADAPTER_FILE
from seagull.training.card import write_card
from seagull.training.config import TrainConfig
from seagull.training.finished import ADAPTER_FOLDER, CONFIG_FILE, RUN_FILE
from seagull.training.loop.checkpoints import BEST_FOLDER, prune, resume_from, whole_folder
from seagull.training.loop.launch import leave_processes
from seagull.training.loop.parts import TrainingStoppedError, Validator
from seagull.training.loop.run_folder import finished_step, go_back, kept_alone, note_finished
from seagull.training.loop.trainer import SeagullTrainer
from seagull.training.setup import build_trainer


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
        ValueError: if model, records or photos are at fault, or training cannot continue.
    """
    run = Path(config.output)
    try:
        with kept_alone(run):
            checkpoint = resume_from(run, config.resume)
            trainer = build_trainer(config, folder, checkpoint, validator, bars=bars)
            if checkpoint is not None and config.resume != "auto":
                go_back(run, checkpoint, _best_step(run))
            return _run(trainer, checkpoint)
    finally:
        leave_processes()


def _best_step(run: Path) -> int | None:
    file = run / BEST_FOLDER / ADAPTER_FILE
    return int(read_info(file).about["step"]) if file.is_file() else None


def _run(trainer: SeagullTrainer, checkpoint: Path | None) -> Path:
    """Makes the steps that are left and returns the folder of the adapter."""
    # The trainer would make one more step in a run that is at its end.
    if checkpoint is not None and trainer.parts.start >= trainer.parts.steps:
        return _end(trainer, checkpoint)
    try:
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    except torch.OutOfMemoryError as error:
        raise TrainingStoppedError(
            f"step {trainer.state.global_step + 1}: out of memory ({str(error)[:120]}). Lower "
            "micro_batch, set checkpointing=true, or use deepspeed=zero3; the last checkpoint stays"
        ) from error
    trainer.save_last_checkpoint()
    return _finish(trainer)


def _end(trainer: SeagullTrainer, checkpoint: Path) -> Path:
    """The folder of the adapter where no step is left; it is written if the run was killed before.

    Raises:
        ConfigError: if the checkpoint is of a step after the last one.
    """
    parts, run = trainer.parts, trainer.parts.settings.folder
    if (run / ADAPTER_FOLDER).is_dir() and finished_step(run) in (None, parts.start):
        return run / ADAPTER_FOLDER
    if parts.start > parts.steps:
        raise ConfigError(
            f"{checkpoint}: it was made after {parts.start} steps, the settings end the run after "
            f"{parts.steps}; raise epochs or max_steps, or resume from an earlier checkpoint"
        )
    trainer.take_up(checkpoint)
    return _finish(trainer)


def _finish(trainer: SeagullTrainer) -> Path:
    """Writes the adapter's folder: the best one where there was validation, else the last."""
    run = trainer.parts.settings.folder
    target, best = run / ADAPTER_FOLDER, run / BEST_FOLDER
    validates = trainer.parts.validator is not None
    metrics = trainer.evaluate() if validates else {}
    is_first = trainer.args.process_index == 0
    if is_first:
        prune(run, trainer.parts.settings.keep)
    # A `best/` that is there without validation is of an earlier run to fewer steps.
    if not (validates and trainer.state.best_metric is not None and best.is_dir()):
        trainer.write_adapter_folder(target, metrics)
    elif is_first:
        with whole_folder(target) as scratch:
            for file in best.iterdir():
                (scratch / file.name).write_bytes(file.read_bytes())
    if is_first:
        for name in (CONFIG_FILE, RUN_FILE):
            (target / name).write_bytes((run / name).read_bytes())
        write_card(target)
        note_finished(run, trainer.state.global_step)
    return target
