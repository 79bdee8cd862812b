"""Checkpoints: whole or not there at all, in safetensors, for any number of processes.

A checkpoint folder holds ``adapter.safetensors`` (what is trained, in its own type),
``optimizer.safetensors`` (its state by the same keys, gathered from all processes),
``trainer_state.json`` and, where batch statistics are learned, ``statistics.safetensors``.
It is written under another name, flushed, and renamed.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Optimizer

from seagull.files.config import ConfigError
from seagull.model.folders import ADAPTER_FILE

STATE_FILE = "trainer_state.json"
OPTIMIZER_FILE = "optimizer.safetensors"
PREFIX = "checkpoint-"
BEST_FOLDER = "best"
"""In a run's folder: what was best in validation so far."""
_PARTIAL, _ASIDE = ".partial-", "set-aside-"

OptimizerState = dict[str, dict[str, Tensor]]
"""By parameter key: the optimiser's tensors for it by their names; ``step`` has shape ()."""


def checkpoint_name(step: int) -> str:
    """Name of the folder of a step; names sort as steps do."""
    return f"{PREFIX}{step:08d}"


def checkpoints(run: Path) -> list[Path]:
    """The whole checkpoints of a run's folder, oldest first."""
    folders = (path for path in run.glob(f"{PREFIX}*") if path.name[len(PREFIX) :].isdigit())
    return sorted(path for path in folders if (path / STATE_FILE).is_file())


def resume_from(run: Path, setting: str) -> Path | None:
    """The checkpoint to resume from.

    Args:
        run: the run's folder.
        setting: ``auto``, ``never``, or a checkpoint's folder.

    Raises:
        ConfigError: if there is nothing to resume from, or something that would be overwritten.
    """
    existing = checkpoints(run)
    if setting == "auto":
        return existing[-1] if existing else None
    if setting == "never":
        if existing:
            raise ConfigError(
                f"resume: {run} holds {existing[-1].name}; resume=auto goes on with it, another "
                "output starts anew"
            )
        return None
    folder = Path(setting)
    if not (folder / STATE_FILE).is_file() or not (folder / ADAPTER_FILE).is_file():
        raise ConfigError(f"resume: {setting} is not a checkpoint; use auto, never or a folder")
    return folder


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder to write into that becomes ``target`` only when everything in it is on disk."""
    scratch = target.with_name(f"{_PARTIAL}{target.name}-{os.getpid()}")
    scratch.mkdir(parents=True)
    try:
        yield scratch
        for file in scratch.iterdir():
            _flush(file)
        if target.exists():
            shutil.rmtree(target)
        scratch.replace(target)
        _flush(target.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_aside_later(run: Path, step: int, best_step: int | None) -> list[Path]:
    """Renames what a run's folder holds of steps after the one that it goes on from.

    ``resume=auto`` would go on from a later checkpoint, ``prune`` would keep it before new ones,
    and a later ``best/`` is of weights that the run no longer comes by.

    Args:
        run: its folder.
        step: that the run goes on from.
        best_step: that ``best/`` is of; None if there is none.

    Returns:
        The new paths.
    """
    later = [path for path in checkpoints(run) if int(path.name.removeprefix(PREFIX)) > step]
    if best_step is not None and best_step > step:
        later.append(run / BEST_FOLDER)
    return [path.replace(_free_name(path)) for path in later]


def _free_name(path: Path) -> Path:
    names = (f"{_ASIDE}{path.name}{f'-{number}' if number else ''}" for number in itertools.count())
    return next(place for name in names if not (place := path.with_name(name)).exists())


def prune(run: Path, keep: int) -> None:
    """Deletes the oldest checkpoints beyond ``keep``, and what a killed run left half-written."""
    for folder in [*checkpoints(run)[:-keep], *run.glob(f"{_PARTIAL}*")]:
        shutil.rmtree(folder, ignore_errors=True)


def write_optimizer(file: Path, state: OptimizerState) -> None:
    """Writes the state; keys and names are joined by ``::``."""
    flat = {
        f"{key}::{name}": tensor.detach().cpu().contiguous().clone()
        for key, tensors in state.items()
        for name, tensor in tensors.items()
    }
    save_file(flat, file, {"format": "seagull-optimizer-1"})


def read_optimizer(file: Path) -> OptimizerState:
    """The state that ``write_optimizer`` wrote."""
    state: OptimizerState = {}
    with safe_open(file, "pt") as opened:
        for joined in opened.keys():  # noqa: SIM118 - not a mapping
            key, name = joined.split("::")
            state.setdefault(key, {})[name] = opened.get_tensor(joined)
    return state


def plain_state(optimizer: Optimizer, parameters: Mapping[str, Tensor]) -> OptimizerState:
    """The state of an ordinary optimiser; nested tensors are named with dots."""
    return {
        key: dict(_tensors(optimizer.state[parameter]))
        for key, parameter in parameters.items()
        if parameter in optimizer.state
    }


def _tensors(state: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    for name, value in state.items():
        if isinstance(value, Tensor):
            yield prefix + name, value
        elif isinstance(value, int | float):
            yield prefix + name, torch.tensor(float(value))


def restore_plain(
    optimizer: Optimizer, parameters: Mapping[str, Tensor], state: OptimizerState
) -> None:
    """Gives an ordinary optimiser the state back, each tensor in its own type."""
    for key, tensors in state.items():
        parameter = parameters[key]
        optimizer.state[parameter] = {
            # Adam keeps its count of steps on the CPU.
            name: int(value) if _is_count(name, optimizer) else _placed(name, value, parameter)
            for name, value in tensors.items()
        }


def _placed(name: str, value: Tensor, parameter: Tensor) -> Tensor:
    return value.clone() if name == "step" else value.to(parameter.device)


def _is_count(name: str, optimizer: Optimizer) -> bool:
    """Whether the optimiser counts its steps with a plain number (bitsandbytes, Adafactor)."""
    return name == "step" and not type(optimizer).__module__.startswith("torch.")
