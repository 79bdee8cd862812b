"""Estimates a run without running it: parameters, memory, steps and supervised tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch import nn

from seagull.devices import choose_device
from seagull.language.tokens import IGNORE_INDEX
from seagull.model.checkpoint import check_folder, load_processor
from seagull.model.fresh import build_model
from seagull.model.lora import group_of
from seagull.preprocessing.inputs import Tokens
from seagull.preprocessing.processor import SeagullProcessor
from seagull.training.config import TrainConfig
from seagull.training.data.build import TrainingData
from seagull.training.setup import in_bfloat16, open_data, wanted_trainable
from seagull.training.trainable import make_trainable

BITS = {None: None, "8bit": 8.0, "4bit": 4.5}
"""Bits of a quantised weight, the shares of its scales included."""
OPTIMIZER_BYTES = {"adamw_bnb_8bit": 2, "paged_adamw_8bit": 2, "adafactor": 0.1, "sgd": 0}
"""Bytes of state per trained parameter; 8 for those not named (two 32-bit moments)."""
KEPT_PER_LAYER = 17
"""Tensors of the width of the model that a transformer block keeps for its backward pass."""


@dataclass(frozen=True)
class Estimate:
    """Sizes of a run.

    Attributes:
        parameters: by module group.
        trained: by module group.
        steps: of the run.
        records: that there are.
        tokens: of a typical conversation.
        weights, optimizer, activations: gigabytes on each device.
    """

    parameters: dict[str, int]
    trained: dict[str, int]
    steps: int
    records: int
    tokens: int
    weights: float
    optimizer: float
    activations: float

    @property
    def memory(self) -> float:
        """Gigabytes on each device in all; an estimate, to be taken with a fifth to spare."""
        return self.weights + self.optimizer + self.activations


def dry_run(
    config: TrainConfig, folder: Path, world: int, examples: int = 2
) -> tuple[Estimate, list[list[tuple[str, bool]]]]:
    """The sizes of a run, and conversations as pieces of text with whether each is supervised.

    No weight is loaded.

    Raises:
        ConfigError, ValueError: as the run itself would, for settings and records.
    """
    processor = load_processor(folder)
    data = open_data(config, folder, processor)
    chosen = data.first[data.plan.epoch(0)[0][:examples]]
    conversations = [processor.tokens(data.index.read(int(number)).messages) for number in chosen]
    estimate = _estimate(config, folder, world, data, processor)
    return estimate, [list(pieces(tokens, processor)) for tokens in conversations]


def pieces(tokens: Tokens, processor: SeagullProcessor) -> Iterator[tuple[str, bool]]:
    """The text of a conversation, cut where supervision begins and ends; image tokens once."""
    ids, labels = tokens.input_ids.tolist(), tokens.labels.tolist()
    repeated = [i > 0 and ids[i] == processor.image_id == ids[i - 1] for i in range(len(ids))]
    start = 0
    for end in range(1, len(ids) + 1):
        supervised = labels[start] != IGNORE_INDEX
        if end == len(ids) or (labels[end] != IGNORE_INDEX) != supervised:
            piece_ids = [ids[i] for i in range(start, end) if not repeated[i]]
            yield processor.tokenizer.decode(piece_ids), supervised
            start = end


def _estimate(
    config: TrainConfig,
    folder: Path,
    world: int,
    data: TrainingData,
    processor: SeagullProcessor,
) -> Estimate:
    index, steps = data.index, data.plan.steps(config.epochs, config.max_steps)
    model = build_model(check_folder(folder), device="meta")
    # What an adapter brings along changes no size.
    head = make_trainable(model, replace(wanted_trainable(config), adapter=None))
    heads = () if head is None else head.named_parameters(prefix="head")
    parameters, trained = _sizes(chain(model.named_parameters(), heads))
    median = int(np.argsort(index.length)[len(index) // 2])
    tokens = len(processor.tokens(index.read(median).messages).input_ids)
    text = model.config.text
    activations = _activations(
        config, tokens, text.hidden_size, text.num_hidden_layers, text.vocab_size
    )
    weights, optimizer = _weights_and_state(config, parameters, trained, world)
    return Estimate(parameters, trained, steps, len(index), tokens, weights, optimizer, activations)


def _sizes(named: Iterable[tuple[str, nn.Parameter]]) -> tuple[dict[str, int], dict[str, int]]:
    """Numbers of parameters by module group: all, and those that are trained."""
    total, trained = dict[str, int](), dict[str, int]()
    for name, parameter in named:
        group, count = group_of(name), parameter.numel()
        total[group] = total.get(group, 0) + count
        if parameter.requires_grad:
            trained[group] = trained.get(group, 0) + count
    return total, trained


def _weights_and_state(
    config: TrainConfig, parameters: dict[str, int], trained: dict[str, int], world: int
) -> tuple[float, float]:
    """Gigabytes of weights, and of gradients, 32-bit copies and optimiser state."""
    base = 2.0 if in_bfloat16(config.precision, choose_device(config.device)) else 4.0
    bits = BITS[config.quantization]
    stage = config.deepspeed or ""
    weights = 0.0
    for group, count in parameters.items():
        each = bits / 8 if bits and group == "language_model" else base
        # Without DeepSpeed what is trained is held in 32 bits.
        full = 0 if stage else trained.get(group, 0)
        weights += full * 4.0 + (count - full) * each
    trained_count = sum(trained.values())
    state = trained_count * (4.0 + OPTIMIZER_BYTES.get(config.optimizer, 8))
    state += trained_count * 4.0 if stage and base == 2.0 else 0.0
    if "zero3" in stage:
        weights = 0.0 if "offload" in stage else weights / world
    if "offload" in stage:
        state = 0.0
    elif "zero" in stage:
        state /= world
    return weights / 1e9, state / 1e9


def _activations(config: TrainConfig, tokens: int, width: int, layers: int, words: int) -> float:
    """Gigabytes kept for the backward pass of a micro-batch, the answers' logits included."""
    each = 2 if in_bfloat16(config.precision, choose_device(config.device)) else 4
    rows = config.micro_batch * tokens
    stored_per_layer = 1 if config.checkpointing else KEPT_PER_LAYER
    blocks = rows * width * layers * stored_per_layer * each
    blocks += rows * width * KEPT_PER_LAYER * each if config.checkpointing else 0
    logits = config.micro_batch * min(tokens, 64) * words * (each + 8)
    return (blocks + logits) / 1e9


def device_memory() -> float | None:
    """Gigabytes of the first GPU, None without one."""
    if not torch.cuda.is_available():
        return None
    return torch.cuda.get_device_properties(0).total_memory / 1e9
