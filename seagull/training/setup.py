"""From settings to the parts of a run: arguments, model, data."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import TrainingArguments

from seagull.files.config import ConfigError, to_plain
from seagull.model.adapter import (
    AdapterInfo,
    apply_adapter,
    keyed_parameters,
    load_tensors,
    read_adapter,
    read_info,
)
from seagull.model.checkpoint import load_model
from seagull.model.head import RegionHead
from seagull.model.lora import attach_lora, lora_layers
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.preprocessing.processor import SeagullProcessor
from seagull.training.batch_statistics import learning_norms
from seagull.training.config import TrainConfig
from seagull.training.data.levels import level_ids
from seagull.training.data.packs import PackMaker, PhotoDataset, group_by_photo
from seagull.training.data.plan import BatchPlan, Item, accumulation
from seagull.training.data.records import RecordIndex, build_index
from seagull.training.data.samples import Batch, BatchMaker, RecordDataset
from seagull.training.finished import adapter_file
from seagull.training.learning import build_head, choose_what_learns
from seagull.training.network import TrainingNetwork
from seagull.version import __version__


def device_of(config: TrainConfig) -> str:
    """``cpu`` or ``cuda``.

    Raises:
        ConfigError: if a GPU is asked for and there is none.
    """
    if config.device not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"device: auto, cpu or cuda, got {config.device!r}")
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device: cuda was asked for, but there is no GPU that torch can use")
    if config.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return config.device


def in_bfloat16(config: TrainConfig) -> bool:
    """Whether the arithmetic is in bfloat16."""
    if config.precision not in ("auto", "native"):
        return config.precision == "bfloat16"
    on_gpu = device_of(config) == "cuda"
    return on_gpu or (config.precision == "native" and cpu_has_bfloat16())


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16; False where torch cannot tell."""
    ask: Callable[[], Mapping[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)
    has = ask()
    return any(bool(has.get(name)) for name in ("avx512_bf16", "amx_bf16"))


def build_arguments(
    config: TrainConfig, world: int, deepspeed: dict[str, Any] | None, *, bars: bool
) -> TrainingArguments:
    """transformers' arguments.

    With ZeRO-3 they come after the model: once they exist, transformers would load it in shares
    that LoRA and adapters cannot be put into.

    Raises:
        ConfigError: if a step cannot be shared by the processes.
    """
    device = device_of(config)
    per_process = accumulation(config.batch_size // config.micro_batch, world)
    return TrainingArguments(
        output_dir=config.output,
        per_device_train_batch_size=config.micro_batch,
        gradient_accumulation_steps=per_process,
        num_train_epochs=1,
        optim=config.optimizer,
        adam_beta2=config.beta2,
        learning_rate=config.rate("default"),
        lr_scheduler_type=config.schedule,
        warmup_steps=config.warmup,
        max_grad_norm=config.clip,
        bf16=in_bfloat16(config),
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


def build_network(
    config: TrainConfig, folder: Path, processor: SeagullProcessor
) -> tuple[TrainingNetwork, AdapterInfo]:
    """The network with exactly what learns requiring gradients, and its adapters' header.

    Raises:
        ModelError: if model, adapter or LoRA targets do not fit.
        ConfigError: if the adapter's LoRA is not the one of the settings.
    """
    bf16 = in_bfloat16(config)
    model = load_model(
        folder,
        dtype=torch.bfloat16 if bf16 else torch.float32,
        device=_load_device(config),
        quantization=config.quantization,
        drop_path=config.drop_path,
    )
    head = build_head(config, model)
    info = _lora_and_adapter(config, model, head)
    choose_what_learns(config, model, head)
    if device_of(config) == "cpu" and not config.deepspeed:
        # Convolutions on a CPU are about twice as fast with the channels last; DeepSpeed broadcasts
        # contiguous weights only.
        torch.nn.Module.to(model.vision_encoder, memory_format=torch.channels_last)
    if config.checkpointing:
        model.language_model.gradient_checkpointing_enable({"use_reentrant": False})
    network = TrainingNetwork(
        model,
        head,
        config.loss,
        level_ids(processor),
        batch_statistics=config.batch_statistics,
    )
    if not config.deepspeed:
        # The optimiser works on 32-bit weights; DeepSpeed keeps such copies itself. A batch
        # normalisation takes its statistics in the type of its weights only.
        for _, parameter in network.trained():
            parameter.data = parameter.data.float()
        for norm in learning_norms(model.vision_encoder).values():
            norm.float()
        for layer in lora_layers(model).values():
            # Autocast chooses the arithmetic's type; peft would turn every activation to that of
            # the factors first.
            layer.cast_input_dtype_enabled = not bf16
    about = {"config": to_plain(config), "version": __version__}
    return network, replace(info, base=config.model, about=about)


def _load_device(config: TrainConfig) -> str | dict[str, Any]:
    """Where the model is loaded to: quantised weights are made on their GPU, others moved later."""
    if config.quantization and device_of(config) == "cuda":
        return {"": int(os.environ.get("LOCAL_RANK", "0"))}
    return "cpu"


def _lora_and_adapter(
    config: TrainConfig, model: SeagullForConditionalGeneration, head: RegionHead | None
) -> AdapterInfo:
    """Attaches LoRA, loads the adapter that is gone on from; the header of what is written."""
    file = adapter_file(config.adapter) if config.adapter else None
    if file is None:
        if "lora" in config.groups:
            attach_lora(model, config.lora, seed=config.seed)
    else:
        _go_on_from(config, model, head, file)
    if not lora_layers(model):
        return AdapterInfo(config.model)
    return AdapterInfo(config.model, rank=config.lora.rank, alpha=config.lora.alpha)


def _go_on_from(
    config: TrainConfig,
    model: SeagullForConditionalGeneration,
    head: RegionHead | None,
    file: Path,
) -> None:
    info = read_info(file)
    if info.rank and (info.rank, info.alpha) != (config.lora.rank, config.lora.alpha):
        raise ConfigError(
            f"lora: {file} has rank {info.rank} and alpha {info.alpha:g}; give the same, its "
            "factors are trained on"
        )
    apply_adapter(model, file, merge=False)
    if "lora" in config.groups and not lora_layers(model):
        attach_lora(model, config.lora, seed=config.seed)
    for layer in lora_layers(model).values():
        layer.lora_dropout["default"] = torch.nn.Dropout(config.lora.dropout)
    if head is not None:
        _, tensors = read_adapter(file)
        own = {k.removeprefix("head."): v for k, v in tensors.items() if k.startswith("head.")}
        load_tensors(keyed_parameters(head), own)


def build_plan(
    config: TrainConfig, processor: SeagullProcessor
) -> tuple[RecordIndex, BatchPlan, int]:
    """The records, their order, and the number of steps.

    Raises:
        ConfigError: if there is nothing to train on.
        ValueError: if a record or photo is faulty.
    """
    if not config.data.train:
        raise ConfigError("data.train: name at least one source, e.g. - path: records.jsonl")
    index = build_index(config.data.train, check_photos=config.data.check_photos)
    bucket, length, source = _buckets(config, processor, index), index.length, index.source
    scene = index.scene
    if config.data.pack == "photo":
        photos = group_by_photo(index)
        first = np.array([own[0] for own in photos])
        bucket, source, scene = bucket[first], source[first], scene[first]
        length = np.array([index.length[own].sum() for own in photos])
    plan = BatchPlan(
        bucket=bucket,
        length=length,
        source=source,
        weights=tuple(source.weight for source in config.data.train),
        batch_size=config.batch_size,
        micro_batch=config.micro_batch,
        seed=config.seed,
        group_length=config.data.group_length,
        scene=scene,
        together=tuple(source.together for source in config.data.train),
    )
    return index, plan, plan.steps(config.epochs, config.max_steps)


def _buckets(
    config: TrainConfig, processor: SeagullProcessor, index: RecordIndex
) -> NDArray[np.int64]:
    """Per record a number that those with photos of one input size share, (n,)."""
    frame = processor.image_transform.frame
    sides = np.array([source.crop or 1 << 40 for source in config.data.train])
    shown = np.minimum(index.size, sides[index.source][:, None])
    sizes, which = np.unique(shown, axis=0, return_inverse=True)
    padded = np.array([frame(int(h), int(w)).padded for h, w in sizes])
    _, bucket = np.unique(padded, axis=0, return_inverse=True)
    return bucket.ravel()[which.ravel()]


def build_samples(
    config: TrainConfig,
    processor: SeagullProcessor,
    index: RecordIndex,
    level_weights: Sequence[float],
) -> tuple[RecordDataset, BatchMaker] | tuple[PhotoDataset, PackMaker]:
    """What makes samples of records, and batches of samples.

    Args:
        config: of the run.
        processor: the model's.
        index: of the records.
        level_weights: the model's, see ``SeagullConfig``.
    """
    data = config.data
    if data.pack == "none":
        dataset = RecordDataset(index, processor, data.max_tokens)
        return dataset, BatchMaker(processor.pad_id, processor.crop_size, level_weights)
    photos, text = group_by_photo(index), config.loss.text > 0
    side = processor.crop_size if text else 0
    maker = PackMaker(side, level_weights)
    return PhotoDataset(index, photos, processor, data, text=text), maker


def batch_of(dataset: Any, maker: Any, items: Sequence[Item]) -> Batch:
    """The batch of some items, made in this process."""
    return cast(Batch, maker([dataset[item] for item in items]))
