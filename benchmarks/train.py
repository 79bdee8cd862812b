"""Step time of training against the bare language model on the same tokens.

    python benchmarks/train.py                       # nano's shapes, vision encoder trained
    python benchmarks/train.py --shape seagull-7b --rank 128 --freeze-vision   # on a GPU
    python benchmarks/train.py --shape seagull-7b --layers 4 --bf16 --batch 1 --freeze-vision

Weights are random, shapes and tokenizer real (``seagull download nano`` for the tokenizer). A step
is reading photos, preprocessing, all modules forward and backward, and the optimiser; the bare step
is the same language model's forward and backward (same trainable parameters) on embeddings of the
same shape, answers' logits included. Both are medians. The last line is JSON. With fewer layers
than the shape has, the language model is a smaller share of the work: the ratio is an upper bound.
FLOP utilisation is a step's matrix products, convolutions and attention, as executed, against what
the machine does in one large matrix product of the language model's type in the same run.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoTokenizer

from seagull.devices import choose_device
from seagull.language.prompts import INSTRUCTIONS, quality_answer
from seagull.language.tokens import IGNORE_INDEX
from seagull.levels import QUALITY
from seagull.memory import keep_freed_memory
from seagull.model.build import build_processor, preset_config
from seagull.model.fresh import build_model
from seagull.model.lora import LoraSettings, attach_lora
from seagull.model.nano import download_nano
from seagull.model.presets import preset
from seagull.records import InstructionRecord, RegionLabels, write_records
from seagull.regions.spec import RegionSpec
from seagull.training.config import LossSettings, Source
from seagull.training.data.levels import level_ids
from seagull.training.data.plan import BatchPlan, ProcessBatches
from seagull.training.data.records import build_index
from seagull.training.data.samples import Batch, BatchMaker, RecordDataset
from seagull.training.network import TrainingNetwork
from seagull.training.trainable import set_trainable
from seagull.types import AssessmentTask, Message

QUALITY_TASK = AssessmentTask.QUALITY


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--shape", default="seagull-nano", choices=["seagull-nano", "seagull-7b"])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--turns", type=int, default=4, help="questions a conversation")
    parser.add_argument("--side", type=int, default=320, help="of the photos, in pixels")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--freeze-vision", action="store_true")
    parser.add_argument("--layers", type=int, help="of the language model; all if left out")
    parser.add_argument("--bf16", action="store_true", help="also on a CPU")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(options, Path(folder))))


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The figures."""
    device = torch.device(choose_device("auto"))
    if device.type == "cpu":
        # As the command does.
        keep_freed_memory()
    network, dataset, maker = build(options, folder, device)
    count = len(dataset)
    plan = BatchPlan(
        bucket=np.zeros(count, np.int64), length=dataset.index.length,
        source=np.zeros(count, np.int64), weights=(1.0,), batch_size=options.batch,
        micro_batch=options.batch, seed=0,
    )  # fmt: skip
    batches = ProcessBatches(plan, 2 * options.steps + 4, 0, 0, 1)
    workers = options.workers
    loader = iter(DataLoader(dataset, batch_sampler=batches, collate_fn=maker, num_workers=workers))
    optimizer = torch.optim.AdamW([p for _, p in network.trained()], lr=1e-5)
    first = to_device(next(loader), device)

    def whole() -> None:
        batch = to_device(next(loader), device)
        network(**batch)["total"].backward()
        optimizer.step()
        optimizer.zero_grad()

    bare = bare_step(network, first)
    # In turns, so that other load on the machine falls on both.
    times = timed([whole, bare], options.steps, device)
    tokens = first["input_ids"].numel()
    step, alone = (statistics.median(values) for values in times)
    flops = executed_flops(whole)
    most = matmul_rate(next(network.model.language_model.parameters()).dtype, device)
    return {
        "shape": options.shape, "device": str(device), "vision_trained": not options.freeze_vision,
        "layers": network.model.config.text.num_hidden_layers,
        "batch": options.batch, "tokens_per_step": tokens, "lora_rank": options.rank,
        "step_s": round(step, 4), "bare_lm_s": round(alone, 4),
        "tokens_per_s": round(tokens / step, 1), "peak_gb": round(peak_memory(device), 2),
        "tflop_per_step": round(flops / 1e12, 4), "matmul_tflop_per_s": round(most / 1e12, 3),
        "flop_utilisation": round(flops / step / most, 3),
        "step_over_bare_lm": round(step / alone, 3),
    }  # fmt: skip


def build(
    options: argparse.Namespace, folder: Path, device: torch.device
) -> tuple[TrainingNetwork, RecordDataset, BatchMaker]:
    """The network, and records with photos made up for it."""
    tokenizer = AutoTokenizer.from_pretrained(download_nano())
    processor = build_processor(options.shape, tokenizer)
    config = preset_config(options.shape)
    config.image_token_id, config.global_token_id = processor.image_id, processor.global_id
    config.local_token_id = processor.local_id
    if "nano" not in options.shape:
        config.text.vocab_size = max(config.text.vocab_size, len(tokenizer))
    config.text.num_hidden_layers = options.layers or config.text.num_hidden_layers
    half = device.type == "cuda" or options.bf16
    dtype = torch.bfloat16 if half else torch.float32
    model = build_model(config, dtype=dtype, device=device)
    attach_lora(model, LoraSettings(rank=options.rank, dropout=0.0))
    groups = {"mfe", "projector", "lora"} | (set() if options.freeze_vision else {"vision_encoder"})
    set_trainable(model, groups)
    network = TrainingNetwork(model, None, LossSettings(), level_ids(processor)).to(device).train()
    write_records(folder / "r.jsonl", list(records(options, folder)))
    index = build_index([Source(str(folder / "r.jsonl"))])
    crop = int(preset(options.shape)["processor"]["crop_size"])
    return (
        network,
        RecordDataset(index, processor, 4096),
        BatchMaker(processor.pad_id, crop, config.level_weights),
    )


def records(options: argparse.Namespace, folder: Path) -> Iterator[InstructionRecord]:
    """Conversations about two regions of random photos."""
    rng, side = np.random.default_rng(0), options.side
    for number in range(4 * options.batch):
        small = rng.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
        photo = Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC)
        photo.save(folder / f"{number}.jpg", quality=90)
        half = side // 2
        regions = (
            RegionSpec("1", box=(8, 8, half, half)),
            RegionSpec("2", box=(half, half, side - 8, side - 8)),
        )
        messages = []
        for turn in range(options.turns):
            word = QUALITY.words[(number + turn) % 5]
            messages += [
                Message("user", INSTRUCTIONS[QUALITY_TASK], (str(turn % 2 + 1),)),
                Message("assistant", quality_answer(word), (), QUALITY_TASK),
            ]
        labels = {"1": RegionLabels(quality=0.5)}
        yield InstructionRecord(str(number), f"{number}.jpg", regions, tuple(messages), labels)


def bare_step(network: TrainingNetwork, batch: Batch) -> Callable[[], None]:
    """The language model's forward and backward on embeddings of the batch's shape."""
    language_model = network.model.language_model
    shape = (*batch["input_ids"].shape, network.model.config.text.hidden_size)
    dtype = next(language_model.parameters()).dtype
    # Trained modules lie before the language model, so its backward reaches its input.
    embeddings = torch.randn(shape, device=batch["input_ids"].device, dtype=dtype) * 0.02
    embeddings.requires_grad_()
    labels = batch["labels"]
    kept = (labels[:, 1:] != IGNORE_INDEX).any(dim=0).nonzero().flatten()

    def step() -> None:
        output = language_model(
            inputs_embeds=embeddings, attention_mask=batch["attention_mask"],
            logits_to_keep=kept, use_cache=False,
        )  # fmt: skip
        logits = output.logits.flatten(0, 1).float()
        wanted = labels[:, kept + 1].flatten()
        torch.nn.functional.cross_entropy(logits, wanted, ignore_index=IGNORE_INDEX).backward()
        network.zero_grad()

    return step


def timed(steps: list[Callable[[], None]], repeats: int, device: torch.device) -> list[list[float]]:
    """Seconds of each step, taken in turns, after one of each that does not count."""
    times: list[list[float]] = [[] for _ in steps]
    for repeat in range(repeats + 1):
        for own, step in zip(times, steps, strict=True):
            start = time.perf_counter()
            step()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if repeat:
                own.append(time.perf_counter() - start)
    return times


def executed_flops(step: Callable[[], None]) -> int:
    """Floating-point operations of one step, counted while it runs."""
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


def matmul_rate(dtype: torch.dtype, device: torch.device) -> float:
    """Floating-point operations a second in a large matrix product, the best of some."""
    side = 8192 if device.type == "cuda" else 2048
    factor = torch.randn(side, side, device=device, dtype=dtype)

    def product() -> None:
        torch.mm(factor, factor)

    (times,) = timed([product], 5, device)
    return 2 * side**3 / min(times)


def to_device(batch: Batch, device: torch.device) -> Batch:
    """The batch without its seed, on the device."""
    return {name: value.to(device) for name, value in batch.items() if name != "seed"}


def peak_memory(device: torch.device) -> float:
    """Most memory in use so far, in gigabytes: of the GPU, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
