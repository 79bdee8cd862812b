"""Finds faults in the settings of a training run, as sentences for the user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING

from seagull.model.checkpoint import QUANTIZATIONS
from seagull.model.lora import GROUPS

if TYPE_CHECKING:
    from seagull.training.config import TrainConfig

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "native", "float32", "bfloat16")
OPTIMIZERS = (
    "adamw_torch", "adamw_torch_fused", "adamw_bnb_8bit", "paged_adamw_32bit", "paged_adamw_8bit",
    "adafactor", "sgd",
)  # fmt: skip
METRICS = (
    "quality_srcc", "quality_plcc", "importance_srcc", "importance_plcc", "distortion_f1",
    "severity_f1",
)  # fmt: skip

_CHOICES: Mapping[str, tuple[str | None, ...]] = {
    "quantization": (None, *QUANTIZATIONS),
    "precision": PRECISIONS,
    "device": DEVICES,
    "optimizer": OPTIMIZERS,
    "best_by": METRICS,
    "data.pack": ("none", "photo"),
}
_RANGES: Mapping[str, tuple[float, float]] = {
    "drop_path": (0, 0.95),
    "epochs": (0, 10_000),
    "batch_size": (1, 1_000_000),
    "micro_batch": (1, 10_000),
    "weight_decay": (0, 10),
    "warmup": (0, 1e9),
    "clip": (0, 1e9),
    "save_every": (0, 1e9),
    "keep": (1, 1e6),
    "log_every": (1, 1e9),
    "validate_every": (0, 1e9),
    "loss.text": (0, 1e6),
    "loss.soft_levels": (0, 1),
    "loss.numeric_head": (0, 1e6),
    "loss.order": (0, 1e6),
    "data.workers": (0, 1024),
    "data.validation_records": (0, 1e9),
    "data.max_tokens": (16, 1e7),
    "data.conversations": (0, 1e6),
    "data.judgements": (0, 1e6),
    "data.findings": (0, 1),
}


def faults_of(config: TrainConfig) -> Iterator[str]:
    """What is wrong with the settings, a sentence each."""
    if not config.output:
        yield "output: name the run's folder, e.g. output=runs/first"
    for path, choices in _CHOICES.items():
        if (value := attrgetter(path)(config)) not in choices:
            yield f"{path}: one of {', '.join(map(str, choices))}, got {value!r}"
    for path, (low, high) in _RANGES.items():
        if not low <= (number := attrgetter(path)(config)) <= high:
            yield f"{path}: a number from {low:g} to {high:g}, got {number}"
    if config.batch_size % config.micro_batch:
        yield (
            f"batch_size: a multiple of micro_batch {config.micro_batch}, got {config.batch_size}"
        )
    if config.max_steps is not None and config.max_steps < 1:
        yield f"max_steps: at least 1, or null to go by epochs, got {config.max_steps}"
    if config.deepspeed:
        yield from _deepspeed_faults(config)
    yield from _group_faults(config)
    yield from _loss_faults(config)


def _group_faults(config: TrainConfig) -> Iterator[str]:
    if unknown := sorted(set(config.trainable or ()) - set(GROUPS)):
        yield f"trainable: unknown groups {unknown}; known are {', '.join(GROUPS)}"
    if unknown := sorted(set(config.lr) - {*GROUPS, "default"}):
        yield f"lr: unknown groups {unknown}; known are default, {', '.join(GROUPS)}"
    if negative := [group for group, rate in config.lr.items() if not 0 <= rate < 10]:
        yield f"lr: a rate from 0 to 10, got another one for {', '.join(negative)}"
    groups = config.groups
    if not groups:
        yield "trainable: nothing would be trained"
    if "lora" in groups and "language_model" in groups:
        yield "trainable: lora and language_model exclude each other"
    if config.quantization and "language_model" in groups:
        yield "quantization: a quantised language model is trained by lora, not as a whole"
    if config.batch_statistics and "vision_encoder" not in groups:
        yield "batch_statistics: needs the vision encoder among what is trained"
    if config.drop_path and "vision_encoder" not in groups:
        yield "drop_path: needs the vision encoder among what is trained"


def _deepspeed_faults(config: TrainConfig) -> Iterator[str]:
    if config.batch_statistics:
        yield "batch_statistics: cannot be learned under DeepSpeed"


_PACKED = ("conversations", "judgements", "findings", "flip")


def _loss_faults(config: TrainConfig) -> Iterator[str]:
    if config.data.pack == "none":
        yield from _unpacked_faults(config)
    if config.loss.numeric_head:
        return
    if not config.loss.text:
        yield "loss.text: 0 leaves nothing to learn without loss.numeric_head"
    if config.loss.order:
        yield "loss.order: is about what the head reads; set loss.numeric_head"
    if "head" in config.groups:
        yield "trainable: head learns by loss.numeric_head, which is 0"


def _unpacked_faults(config: TrainConfig) -> Iterator[str]:
    used = [name for name in _PACKED if getattr(config.data, name)]
    if used:
        yield f"data.{used[0]}: needs data.pack: photo"
    if any(source.crop for source in config.data.train):
        yield "crop: needs data.pack: photo"
    if any(source.together > 1 for source in config.data.train):
        yield "together: needs data.pack: photo"
    if config.loss.order:
        yield "loss.order: needs data.pack: photo"
    if not config.loss.text:
        yield "loss.text: 0 needs data.pack: photo"
