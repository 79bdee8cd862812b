"""Logs of a run: a line of JSON per log entry, TensorBoard, and one line per step."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from seagull.files.config import ConfigError


class RunLog(TrainerCallback):
    """Writes ``log.jsonl`` (and TensorBoard events) in the run's folder, from one process.

    Args:
        folder: of the run.
        start: step that the run starts from; later lines of an interrupted run are dropped.
        tensorboard: also write ``tensorboard/``.

    Raises:
        ConfigError: if TensorBoard is wanted and missing.
    """

    def __init__(self, folder: Path, start: int, *, tensorboard: bool) -> None:
        self.file = folder / "log.jsonl"
        keep_until(self.file, start)
        self.writer = _writer(folder / "tensorboard", start) if tensorboard else None
        self.last = (time.monotonic(), start)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Appends a line."""
        if not state.is_world_process_zero or not logs:
            return
        entry = {"step": state.global_step, **logs}
        if "loss" in logs:
            now, steps = time.monotonic(), max(1, state.global_step - self.last[1])
            entry["step_s"] = round((now - self.last[0]) / steps, 4)
            entry["tokens_per_s"] = round(entry.pop("tokens", 0.0) / (now - self.last[0]), 1)
            self.last = (now, state.global_step)
        with self.file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(entry) + "\n")
        if self.writer is not None:
            for name, value in entry.items():
                if isinstance(value, int | float) and name != "step":
                    self.writer.add_scalar(name, value, state.global_step)
            self.writer.flush()

    def on_train_end(self, *args: Any, **kwargs: Any) -> None:
        """Closes the TensorBoard file."""
        if self.writer is not None:
            self.writer.close()


def keep_until(file: Path, step: int) -> None:
    """Drops the lines of steps after ``step``, which will be trained again."""
    if not file.is_file():
        return
    lines = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= step:
                lines.append(line + "\n")
        except (json.JSONDecodeError, KeyError, TypeError):
            continue  # the last line of a killed run may be cut off
    file.write_text("".join(lines), encoding="utf-8")


def _writer(folder: Path, start: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ConfigError(
            'tensorboard is missing: pip install "seagull-iqa[train]", or tensorboard=false'
        ) from error
    return SummaryWriter(str(folder), purge_step=start + 1)
