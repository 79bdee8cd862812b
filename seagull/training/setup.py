"""Builds the trainer of a run: the one place that hands every part its settings."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import TrainingArguments
from transformers.trainer_callback import PrinterCallback

from seagull.devices import choose_device, cpu_has_bfloat16
from seagull.files.config import ConfigError, to_plain
from seagull.model.adapter import AdapterInfo
from seagull.model.checkpoint import check_folder, load_model, load_processor
from seagull.model.lora import GROUPS, lora_layers
from seagull.preprocessing.processor import SeagullProcessor
from seagull.training.batch_statistics import learning_norms
from seagull.training.config import TrainConfig
from seagull.training.data.build import TrainingData, build_data
from seagull.training.data.levels import level_ids
from seagull.training.data.plan import ProcessBatches, accumulation
from seagull.training.data.records import fingerprint
from seagull.training.data.samples import Batch
from seagull.training.data.shared_photos import warn_of_shared_photos
from seagull.training.finished import adapter_file
from seagull.training.loop.launch import prepare_deepspeed
from seagull.training.loop.logs import RunLog
from seagull.training.loop.parts import LoopSettings, RunParts, Validator
from seagull.training.loop.run_folder import describe_run, step_of
from seagull.training.loop.trainer import SeagullTrainer
from seagull.training.network import TrainingNetwork
from seagull.training.standardise import BATCHES, fit_statistics
from seagull.training.trainable import Trainable, adapter_groups, make_trainable
from seagull.version import __version__


class BuiltNetwork(NamedTuple):
    """A network, the header of its adapters, and the module groups that they hold."""

    network: TrainingNetwork
    info: AdapterInfo
    keep_groups: frozenset[str]


def build_trainer(
    config: TrainConfig,
    folder: Path,
    checkpoint: Path | None,
    validator: Validator | None,
    *,
    bars: bool,
) -> SeagullTrainer:
    """The trainer of a run, ready for its first or next step; describes the run in its folder.

    Args:
        config: of the run.
        folder: of the model to start from.
        checkpoint: that is gone on from, or None.
        validator: assesses validation photos.
        bars: show a progress bar.

    Raises:
        ConfigError: if the settings cannot be used.
        ValueError: if model, records or photos are at fault.
    """
    world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    accumulation(config.batch_size // config.micro_batch, world)
    if config.batch_statistics and world > 1:
        raise ConfigError("batch_statistics: are learned by one process, start one")
    device, run = choose_device(config.device), Path(config.output)
    deepspeed = prepare_deepspeed(config.deepspeed, device) if config.deepspeed else None
    processor = load_processor(folder)
    data = open_data(config, folder, processor)
    if rank == 0:
        describe_run(
            run, to_plain(config), fingerprint(config.data.train), len(data.index),
            resumed=checkpoint is not None,
        )  # fmt: skip
        if validator is not None:
            sources, checked = config.data.validation, config.data.check_photos
            warn_of_shared_photos(data.index, sources, checked=checked)
    built = build_network(config, folder, processor)
    steps, start = data.plan.steps(config.epochs, config.max_steps), step_of(checkpoint)
    if checkpoint is None:
        _fit(config, built.network, data, steps)
    parts = RunParts(
        _loop_settings(config), data, start, steps, built.info, built.keep_groups, validator
    )
    arguments = build_arguments(config, world, deepspeed, steps, bars=bars and rank == 0)
    trainer = SeagullTrainer(built.network, arguments, parts)
    trainer.remove_callback(PrinterCallback)
    if rank == 0:
        trainer.add_callback(RunLog(run, start, tensorboard=config.tensorboard))
    return trainer


def open_data(config: TrainConfig, folder: Path, processor: SeagullProcessor) -> TrainingData:
    """The data of a run.

    Raises:
        ConfigError, ValueError: as ``build_data``.
    """
    return build_data(
        config.data,
        processor,
        check_folder(folder).level_weights,
        text=config.loss.text > 0,
        batch_size=config.batch_size,
        micro_batch=config.micro_batch,
        seed=config.seed,
    )


def in_bfloat16(precision: str, device: str) -> bool:
    """Whether the arithmetic is in bfloat16, for a precision of ``TrainConfig``."""
    if precision not in ("auto", "native"):
        return precision == "bfloat16"
    return device == "cuda" or (precision == "native" and cpu_has_bfloat16())


def build_network(config: TrainConfig, folder: Path, processor: SeagullProcessor) -> BuiltNetwork:
    """The network with exactly what is trained requiring gradients.

    Raises:
        ModelError: if model, adapter or LoRA targets do not fit.
        ConfigError: if the adapter's LoRA is not the one of the settings.
    """
    device = choose_device(config.device)
    bf16 = in_bfloat16(config.precision, device)
    model = load_model(
        folder,
        dtype=torch.bfloat16 if bf16 else torch.float32,
        device=_load_device(config.quantization, device),
        quantization=config.quantization,
        drop_path=config.drop_path,
    )
    head = make_trainable(model, wanted_trainable(config))
    if device == "cpu" and not config.deepspeed:
        # Convolutions on a CPU are about twice as fast with the channels last; DeepSpeed broadcasts
        # contiguous weights only.
        torch.nn.Module.to(model.vision_encoder, memory_format=torch.channels_last)
    if config.checkpointing:
        model.language_model.gradient_checkpointing_enable({"use_reentrant": False})
    statistics = config.batch_statistics
    ids = level_ids(processor)
    network = TrainingNetwork(model, head, config.loss, ids, batch_statistics=statistics)
    if not config.deepspeed:
        _keep_in_32_bits(network, bf16=bf16)
    about = {"config": to_plain(config), "version": __version__}
    info = AdapterInfo(config.model, about=about)
    if lora_layers(model):
        info = replace(info, rank=config.lora.rank, alpha=config.lora.alpha)
    return BuiltNetwork(network, info, adapter_groups(wanted_trainable(config)))


def _load_device(quantization: str | None, device: str) -> str | dict[str, Any]:
    """Where the model is loaded to: quantised weights are made on their GPU, others moved later."""
    if quantization and device == "cuda":
        return {"": int(os.environ.get("LOCAL_RANK", "0"))}
    return "cpu"


def _keep_in_32_bits(network: TrainingNetwork, *, bf16: bool) -> None:
    """The optimiser works on 32-bit weights; DeepSpeed keeps such copies itself."""
    for _, parameter in network.trained():
        parameter.data = parameter.data.float()
    # A batch normalisation takes its statistics in the type of its weights only.
    for norm in learning_norms(network.model.vision_encoder).values():
        norm.float()
    for layer in lora_layers(network.model).values():
        # Autocast chooses the arithmetic's type; peft would turn every activation to that of the
        # factors first.
        layer.cast_input_dtype_enabled = not bf16


def _fit(config: TrainConfig, network: TrainingNetwork, data: TrainingData, steps: int) -> None:
    """Fits what goes by statistics to the first photos; all processes look at the same ones."""
    first_batches = list(islice(ProcessBatches(data.plan, steps, 0, 0, 1), BATCHES))

    def batches() -> Iterable[Batch]:
        return map(data.batch, first_batches)

    kind = network.model.device.type  # A GPU gets the model from the trainer, later.
    bf16 = in_bfloat16(config.precision, choose_device(config.device))
    with torch.autocast(kind, torch.bfloat16, enabled=bf16):
        fit_statistics(network, batches, again=config.adapter is not None)


def _loop_settings(config: TrainConfig) -> LoopSettings:
    return LoopSettings(
        folder=Path(config.output),
        workers=config.data.workers,
        rates={group: config.rate(group) for group in GROUPS},
        weight_decay=config.weight_decay,
        keep=config.keep,
        best_by=config.best_by,
    )


def build_arguments(
    config: TrainConfig, world: int, deepspeed: dict[str, Any] | None, steps: int, *, bars: bool
) -> TrainingArguments:
    """transformers' arguments.

    With ZeRO-3 they come after the model: once they exist, transformers would load it in shares
    that LoRA and adapters cannot be put into.

    Raises:
        ConfigError: if a step cannot be shared by the processes.
    """
    device = choose_device(config.device)
    return TrainingArguments(
        output_dir=config.output,
        per_device_train_batch_size=config.micro_batch,
        gradient_accumulation_steps=accumulation(config.batch_size // config.micro_batch, world),
        num_train_epochs=1,
        max_steps=steps,
        optim=config.optimizer,
        learning_rate=config.rate("default"),
        lr_scheduler_type="cosine",
        warmup_steps=config.warmup,
        max_grad_norm=config.clip,
        bf16=in_bfloat16(config.precision, device),
        use_cpu=device == "cpu",
        seed=config.seed,
        deepspeed=deepspeed,
        ddp_backend="gloo" if device == "cpu" and world > 1 else None,
        ddp_find_unused_parameters=False,
        ddp_broadcast_buffers=False,
        logging_steps=config.log_every,
        logging_nan_inf_filter=False,
        eval_strategy="steps" if config.validate_every and config.data.validation else "no",
        eval_steps=config.validate_every or None,
        save_strategy="steps" if config.save_every else "no",
        save_steps=config.save_every or 500,
        ignore_data_skip=True,
        remove_unused_columns=False,
        dataloader_pin_memory=device == "cuda",
        report_to=[],
        disable_tqdm=not bars,
        ddp_timeout=1800,
    )


def wanted_trainable(config: TrainConfig) -> Trainable:
    """What the settings say of what is trained."""
    return Trainable(
        groups=config.groups,
        frozen=config.frozen,
        text=config.loss.text > 0,
        lora=config.lora,
        adapter=adapter_file(config.adapter) if config.adapter else None,
        seed=config.seed,
    )
