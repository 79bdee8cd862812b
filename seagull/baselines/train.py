"""A baseline's training run, from settings to model folder; once killed, it resumes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from seagull.baselines.assessor import BaselineAssessor
from seagull.baselines.checkpoints import restore_checkpoint, save_checkpoint
from seagull.baselines.config import BaselineConfig
from seagull.baselines.depth.sources import DepthSource
from seagull.baselines.errors import BaselineError
from seagull.baselines.folder import About, load_network, read_about, teacher_folder, write_folder
from seagull.baselines.learners import build_learner, starting_network
from seagull.baselines.network import BaselineNetwork, Learner
from seagull.baselines.place import MODEL_FOLDER
from seagull.baselines.run_data import RunData, open_data, prepare_depth, run_depth
from seagull.baselines.samples import Batch, Progress, collate
from seagull.baselines.schedule import make_optimizer, set_rates, share
from seagull.devices import choose_device
from seagull.files.config import to_plain
from seagull.training.data.plan import ProcessBatches
from seagull.training.data.records import fingerprint
from seagull.training.data.shared_photos import warn_of_shared_photos
from seagull.training.finished import RUN_FILE
from seagull.training.loop.checkpoints import BEST_FOLDER, prune, resume_from, whole_folder
from seagull.training.loop.logs import keep_until
from seagull.training.loop.run_folder import (
    describe_run,
    finished_step,
    kept_alone,
    note_finished,
)
from seagull.types import ModelInfo

LOG_FILE = "log.jsonl"
BEST_BY = "quality_srcc"

Validator = Callable[[BaselineAssessor], dict[str, float]]
"""Assesses validation photos with the network as it is; names and values of metrics."""


def train_baseline(
    config: BaselineConfig,
    validator: Validator | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Path:
    """Trains and returns the model folder, ``OUTPUT/model``.

    Args:
        config: of the run.
        validator: assesses validation photos.
        progress: told how far it is.

    Raises:
        ConfigError: if the settings cannot be used.
        ValueError: if records, photos or weights are at fault, or training cannot go on.
    """
    run = Path(config.output)
    with kept_alone(run):
        checkpoint = resume_from(run, config.resume)
        device = choose_device(config.device)
        depth = run_depth(config, device)
        data = open_data(config, depth, progress)
        if validator is not None:
            warn_of_shared_photos(data.dataset.index, config.data.validation)
        digests = fingerprint(config.data.train)
        resumed = checkpoint is not None
        describe_run(run, to_plain(config), digests, len(data.dataset), resumed=resumed)
        prepare_depth(config, data.dataset, progress)
        # Convolutions on a CPU are about twice as fast with the channels last.
        network = starting_network(config).to(device).to(memory_format=torch.channels_last)
        learner = build_learner(config, network, _teacher(config, device))
        training = _Training(config, data, network, learner, validator, depth)
        return training.run(run, checkpoint, progress)


class _Training:
    """The loop.

    Args:
        config: of the run.
        data: that it learns from.
        network, learner: on their device.
        validator: assesses validation photos, if there are any.
        depth: for validation.
    """

    def __init__(
        self,
        config: BaselineConfig,
        data: RunData,
        network: BaselineNetwork,
        learner: Learner,
        validator: Validator | None,
        depth: DepthSource | None,
    ) -> None:
        self.config, self.data, self.network, self.learner = config, data, network, learner
        self.validator, self.depth = validator, depth
        self.optimizer = make_optimizer(config, network)
        self.device = next(network.parameters()).device
        self.best: float | None = None
        self.terms: dict[str, list[float]] = {}

    def run(self, run: Path, checkpoint: Path | None, progress: Progress) -> Path:
        """All steps that are left, then the model folder."""
        steps, start = self.data.steps, 0
        if checkpoint is not None:
            known = (self.network, self.learner, self.optimizer)
            state = restore_checkpoint(checkpoint, *known)
            start, self.best = int(state["step"]), state["best"]
        if start >= steps:
            if (run / MODEL_FOLDER).is_dir() and finished_step(run) in (None, start):
                return run / MODEL_FOLDER
            return self._finish(run, start)
        keep_until(run / LOG_FILE, start)
        last = (time.monotonic(), start)
        for step, batch in enumerate(self._batches(start), start=start):
            self._step(step, batch)
            done = step + 1
            progress("Training", done, steps)
            if done % self.config.log_every == 0 or done == steps:
                now = time.monotonic()
                self._log(run, done, {"step_s": round((now - last[0]) / (done - last[1]), 4)})
                last = (now, done)
            if self.config.validate_every and done % self.config.validate_every == 0:
                self._validate(run, done)
            if (self.config.save_every and done % self.config.save_every == 0) or done == steps:
                state = {"step": done, "best": self.best}
                args = (self.network, self.learner, self.optimizer, state, self.config.keep)
                save_checkpoint(run, *args)
        return self._finish(run, steps)

    def _batches(self, start: int) -> Iterator[Batch]:
        workers = self.config.data.workers
        return iter(
            DataLoader(
                self.data.dataset,
                batch_sampler=ProcessBatches(self.data.plan, self.data.steps, start, 0, 1),
                collate_fn=collate,
                num_workers=workers,
                prefetch_factor=4 if workers else None,
            )
        )

    def _step(self, step: int, batch: Batch) -> None:
        """One step of the optimiser; all that is random follows from the batch's seed."""
        self.network.train()
        set_rates(self.optimizer, share(self.config, step, self.data.steps))
        devices = [self.device.index or 0] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(batch.seed)
            epoch = self.data.plan.epochs_after(step)
            loss, terms = self.learner.loss(batch.to(self.device), epoch)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
        clip = self.config.clip or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), clip)
        if not bool(torch.isfinite(loss)) or not bool(torch.isfinite(norm)):
            raise BaselineError(
                f"step {step + 1}: the loss or its gradient is not a number; lower the learning "
                "rate. The last checkpoint stays"
            )
        self.optimizer.step()
        for name, value in {"loss": float(loss.detach()), **terms}.items():
            self.terms.setdefault(name, []).append(value)

    def _log(self, run: Path, step: int, more: dict[str, float]) -> None:
        """A line with the means since the last one."""
        means = {name: round(float(np.mean(own)), 6) for name, own in self.terms.items()}
        self.terms = {}
        entry = {"step": step, "epoch": round(self.data.plan.epochs_after(step), 4), **means}
        with (run / LOG_FILE).open("a", encoding="utf-8") as out:
            out.write(json.dumps(entry | more) + "\n")

    def _validate(self, run: Path, step: int) -> dict[str, float]:
        """Metrics of the validation photos; the model is kept if it is the best so far."""
        if self.validator is None:
            return {}
        self.network.eval()
        info = ModelInfo(self.config.system, "training", True)
        assessor = BaselineAssessor(self.network, self.config, self.depth, info)
        metrics = self.validator(assessor)
        self._log(run, step, {f"eval_{name}": value for name, value in metrics.items()})
        value = metrics.get(BEST_BY)
        if value is not None and (self.best is None or value > self.best):
            self.best = value
            self._write(run / BEST_FOLDER, step, metrics)
        return metrics

    def _write(self, folder: Path, step: int, metrics: dict[str, float]) -> None:
        plain = json.loads((folder.parent / RUN_FILE).read_text(encoding="utf-8"))
        history: dict[str, Any] = {**plain, "step": step, "metrics": metrics}
        with whole_folder(folder) as scratch:
            write_folder(scratch, self.network, About(self.config, history))

    def _finish(self, run: Path, step: int) -> Path:
        """The model folder: the best one where there was validation, else the last."""
        metrics = self._validate(run, step)
        target, best = run / MODEL_FOLDER, run / BEST_FOLDER
        # A `best/` that is there without validation is of an earlier run to fewer steps.
        if self.validator is not None and self.best is not None and best.is_dir():
            with whole_folder(target) as scratch:
                for file in best.iterdir():
                    (scratch / file.name).write_bytes(file.read_bytes())
        else:
            self._write(target, step, metrics)
        prune(run, self.config.keep)
        note_finished(run, step)
        return target


def _teacher(config: BaselineConfig, device: str) -> BaselineNetwork | None:
    """The network that labels crops, if there is to be one.

    Raises:
        BaselineError: if it cannot be loaded, or sees something else than the student.
    """
    folder = teacher_folder(config)
    return None if folder is None else load_network(folder, read_about(folder).config).to(device)
