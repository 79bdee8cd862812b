"""The engine against a plain loop: one region, one question per full pass, as published code does.

    python -m benchmarks.assess PHOTO [--model nano|7b] [--regions 1 8 32 128] [--loop-passes N]

Both run in one process on the same weights, fp32 on a CPU and bf16 on a GPU. ``7b`` has the paper's
widths, vision encoder and prompt with ``--layers`` random layers. The loop's passes all cost the
same, so N of them are timed, spread over regions and tasks, and multiplied; with N at or above
regions x tasks nothing is extrapolated. The last line is one JSON object, for the largest number
of regions up to ``--report``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.measure import measured, synchronise
from benchmarks.models import nano, paper_shaped, some_regions
from seagull.devices import choose_device, choose_dtype
from seagull.inference.engine import Engine
from seagull.inference.questions import Question
from seagull.language.prompts import ANSWER_PREFIXES, INSTRUCTIONS
from seagull.photos import Photo, read_photo
from seagull.preprocessing.packing import pack, sorted_chunks
from seagull.types import AssessmentTask, Message, Region

TASKS = tuple(AssessmentTask)
NEW_TOKENS = 12


@dataclass
class Row:
    """What was measured for one number of regions."""

    regions: int
    loop_passes_timed: int
    score_loop_s: float
    score_engine_s: float
    score_speedup: float
    text_loop_s: float
    text_engine_s: float
    text_speedup: float
    max_logit_difference: float
    same_texts: bool
    tokens_loop: int
    tokens_engine: int
    peak_mib_engine: float
    peak_mib_loop: float
    stage_share: dict[str, float] = field(default_factory=dict)


class Loop:
    """One region, one question per full pass: everything is computed each time."""

    def __init__(self, engine: Engine) -> None:
        self.model = engine.model
        self.processor = engine.processor
        self.end_ids = engine.end_ids
        self.tokens = 0

    def _inputs(self, photo: Photo, region: Region, task: AssessmentTask, prefix: str) -> Any:
        asked = [Message("user", INSTRUCTIONS[task], (region.id,))]
        inputs = self.processor(photo.pixels, [region], asked, answer_prefix=prefix)
        self.tokens += inputs.input_ids.shape[1]
        return inputs.to(self.model.device, self.model.dtype)

    @torch.inference_mode()
    def logits(self, photo: Photo, region: Region, task: AssessmentTask) -> torch.Tensor:
        """Next-token logits behind the task's answer prefix."""
        inputs = self._inputs(photo, region, task, ANSWER_PREFIXES[task])
        return self.model(**inputs.to_kwargs(labels=False), logits_to_keep=1).logits[0, -1]

    @torch.inference_mode()
    def text(self, photo: Photo, region: Region, task: AssessmentTask) -> list[int]:
        """At most NEW_TOKENS greedy tokens, the end left out."""
        inputs = self._inputs(photo, region, task, "")
        # Some releases of transformers annotate the mixin's self with a protocol of its own.
        model: Any = self.model
        ids = model.generate(
            **inputs.to_kwargs(labels=False),
            max_new_tokens=NEW_TOKENS,
            do_sample=False,
            eos_token_id=sorted(self.end_ids),
            pad_token_id=0,
        )
        said = ids[0, inputs.input_ids.shape[1] :].tolist()
        self.tokens += len(said) - 1
        return [token for token in said if token not in self.end_ids]


def task_questions(engine: Engine) -> list[Question]:
    """Quality and importance by their words, distortion by the severity word it begins with."""
    severity = next(iter(engine.book.severities.values()))
    first = tuple((candidate[0],) for candidate in severity.candidates)
    return [*engine.book.levels.values(), Question(severity.items, first)]


@torch.inference_mode()
def packed_logits(
    engine: Engine, photo: Photo, regions: Sequence[Region], questions: Sequence[Question]
) -> dict[tuple[int, int], torch.Tensor]:
    """The logits that ``score`` reads its candidates from, by region and question."""
    session = engine.open(photo)
    tokens = engine.encode_regions(session, regions)
    pairs = [(r, q) for r in range(len(regions)) for q in range(len(questions))]
    paths = [questions[q].about(r) for r, q in pairs]
    read: dict[tuple[int, int], torch.Tensor] = {}
    for group in sorted_chunks(paths, engine.pack_tokens):
        tree = pack([paths[index] for index in group])
        logits = engine.decoder.run_tree(session, tokens, tree, tree.ends).full(range(len(group)))
        read |= {pairs[index]: line.clone() for index, line in zip(group, logits, strict=True)}
    return read


def spread(count: int, most: int) -> list[tuple[int, int]]:
    """At most ``most`` pairs of region and task, spread over all of them."""
    pairs = [(r, t) for r in range(count) for t in range(len(TASKS))]
    step = max(1, len(pairs) / most)
    return [pairs[int(index * step)] for index in range(min(most, len(pairs)))]


def compare(make: Callable[[], Engine], photo: Photo, count: int, passes: int) -> Row:
    """Runs engine and loop on the same regions."""
    regions = some_regions(photo, count)
    engine = make()
    questions = task_questions(engine)
    seconds: dict[str, float] = {}
    with measured(seconds, "engine"):
        stages = run_stages(engine, photo, regions, questions)
    engine_tokens = engine.counters.prefix_tokens + engine.counters.suffix_tokens
    texts_engine = make()
    answers = [texts_engine.book.answers[task] for task in TASKS]
    with measured(seconds, "text_engine"):
        session = texts_engine.open(photo)
        said = texts_engine.generate_tokens(
            session, regions, [answers] * count, NEW_TOKENS, end_ids=engine.end_ids
        )
    loop = Loop(engine)
    chosen = spread(count, passes)
    alone, spoken = {}, {}
    with measured(seconds, "loop"):
        for r, t in chosen:
            alone[r, t] = loop.logits(photo, regions[r], TASKS[t])
    tokens = loop.tokens
    with measured(seconds, "text_loop"):
        for r, t in chosen:
            spoken[r, t] = loop.text(photo, regions[r], TASKS[t])
    packed = packed_logits(make(), photo, regions, questions)
    differences = [
        float((alone[r, t][list(ids)] - packed[r, t][list(ids)]).abs().max())
        for r, t in chosen
        for ids in [[candidate[0] for candidate in questions[t].candidates]]
    ]
    factor = count * len(TASKS) / len(chosen)
    return Row(
        regions=count,
        loop_passes_timed=len(chosen),
        score_loop_s=seconds["loop"] * factor,
        score_engine_s=seconds["engine"],
        score_speedup=seconds["loop"] * factor / seconds["engine"],
        text_loop_s=seconds["text_loop"] * factor,
        text_engine_s=seconds["text_engine"],
        text_speedup=seconds["text_loop"] * factor / seconds["text_engine"],
        max_logit_difference=max(differences),
        same_texts=all(spoken[r, t] == said[r][t] for r, t in chosen),
        tokens_loop=round(tokens * factor),
        tokens_engine=engine_tokens,
        peak_mib_engine=seconds["engine.mib"],
        peak_mib_loop=seconds["loop.mib"],
        stage_share=stages,
    )


def run_stages(
    engine: Engine, photo: Photo, regions: Sequence[Region], questions: Sequence[Question]
) -> dict[str, float]:
    """One assessment, and the share of its time that each stage took."""
    marks = [time.perf_counter()]
    session = engine.open(photo)
    synchronise()
    marks.append(time.perf_counter())
    engine.encode_regions(session, regions)
    synchronise()
    marks.append(time.perf_counter())
    engine.score(session, regions, questions)
    synchronise()
    marks.append(time.perf_counter())
    spent = np.diff(marks)
    names = ("photo", "region tokens", "prefix and questions")
    return {name: float(part / spent.sum()) for name, part in zip(names, spent, strict=True)}


def show(row: Row) -> None:
    """Prints one row of the table."""
    stages = ", ".join(f"{name} {share:.0%}" for name, share in row.stage_share.items())
    print(
        f"{row.regions:4d} regions x {len(TASKS)} tasks | scores: loop {row.score_loop_s:8.2f} s, "
        f"engine {row.score_engine_s:7.2f} s, {row.score_speedup:5.1f}x | texts: loop "
        f"{row.text_loop_s:8.2f} s, engine {row.text_engine_s:7.2f} s, {row.text_speedup:5.1f}x | "
        f"tokens {row.tokens_loop} -> {row.tokens_engine} | peak +{row.peak_mib_loop:.0f} -> "
        f"+{row.peak_mib_engine:.0f} MiB | max logit difference {row.max_logit_difference:.1e}, "
        f"texts {'equal' if row.same_texts else 'DIFFER'} | {stages} | "
        f"loop from {row.loop_passes_timed} passes",
        flush=True,
    )


def main() -> None:
    """Prints a row per number of regions, then the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--model", choices=("nano", "7b"), default="7b")
    parser.add_argument("--layers", type=int, default=2, help="of the 7b shapes' language model")
    parser.add_argument("--regions", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--loop-passes", type=int, default=6)
    parser.add_argument("--report", type=int, default=32, help="regions of the JSON line")
    parser.add_argument("--pack-tokens", type=int, default=512)
    arguments = parser.parse_args()
    device = choose_device("auto")
    dtype = choose_dtype("auto", device)
    model, processor = (
        nano(dtype, device)
        if arguments.model == "nano"
        else paper_shaped(arguments.layers, dtype, device)
    )

    # As ``load`` places it; the loop runs on the same weights.
    model.vision_encoder.to(memory_format=torch.channels_last)

    def make() -> Engine:
        return Engine(model, processor, pack_tokens=arguments.pack_tokens)

    photo = read_photo(arguments.photo)
    make().open(photo)  # warms up
    rows = []
    for count in arguments.regions:
        rows.append(compare(make, photo, count, arguments.loop_passes))
        show(rows[-1])
    reported = max(
        (row for row in rows if row.regions <= arguments.report),
        key=lambda row: row.regions,
        default=rows[0],
    )
    about = {"model": arguments.model, "device": device, "dtype": str(dtype).split(".")[-1]}
    print(json.dumps(about | asdict(reported)))


if __name__ == "__main__":
    main()
