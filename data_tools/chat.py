"""Conversations about regions: which images, which regions, which questions, in whose words.

Questions and answers are the paper's (seagull.language.prompts): direct, joint and judgement.
Everything that looks random is a hash of what it is about and the seed.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from data_tools.calibrate import Calibration, to_level_scale
from data_tools.config import DataConfig
from data_tools.keys import Key
from data_tools.label_table import labels_path, read_labels
from data_tools.masks import Roi
from data_tools.render import cell_path
from data_tools.state import FileEntry, OutputTree, read_json
from data_tools.turns import RegionFacts, Turn, ask
from seagull.files.text import to_json
from seagull.levels import IMPORTANCE, QUALITY, SEVERITY
from seagull.records import InstructionRecord, RegionLabels
from seagull.regions.rle import encode
from seagull.regions.spec import RegionSpec
from seagull.types import DistortionType, Message


def chat_path(image_id: str) -> str:
    """Where a reference's conversations lie until they are packed."""
    return f"_work/chat/{image_id}.jsonl"


def split_of(image_id: str, seed: int, validation_share: float) -> str:
    """``validation`` or ``train``: decided by the reference, so no photo is in both."""
    mark = Key(seed, "chat", image_id, "split").unit()
    return "validation" if mark < validation_share else "train"


def read_calibration(tree: OutputTree) -> Calibration:
    """The stored calibration.

    Raises:
        ValueError: if the labels have not been calibrated.
    """
    plain = read_json(tree.state / "calibration.json")
    if plain is None:
        raise ValueError("importance is not calibrated; run `seagull-data label` to its end first")
    return Calibration.from_dict(plain)


def write_chat(
    tree: OutputTree, config: DataConfig, image_id: str, rois: Sequence[Roi]
) -> tuple[FileEntry, Counter[str]]:
    """Writes all conversations about one reference; the file and what is in it."""
    cells = _read_cells(tree, image_id, read_calibration(tree), config)
    counts: Counter[str] = Counter()
    lines = []
    for record, turns in _records(config, image_id, rois, cells):
        lines.append(to_json(record.to_dict()) + "\n")
        counts["records"] += 1
        for turn in turns:
            counts["turns"] += 1
            counts[f"form:{turn.form}"] += 1
            counts.update(f"word:{word}" for word in turn.words)
    return tree.write(chat_path(image_id), "".join(lines).encode()), counts


@dataclass(frozen=True)
class _Cell:
    """One image: its path, what was done to it, and the facts of its regions by id."""

    name: str
    path: str
    severity: str
    facts: dict[str, RegionFacts]


def _read_cells(
    tree: OutputTree, image_id: str, calibration: Calibration, config: DataConfig
) -> dict[DistortionType, list[_Cell]]:
    rows = read_labels(tree.root / labels_path(image_id))
    importance = calibration.importance(rows["importance_raw"]).tolist()
    quality_scale = QUALITY.with_thresholds(config.chat.quality_thresholds)
    cells: dict[tuple[str, int], _Cell] = {}
    for i, roi in enumerate(rows["roi"]):
        kind, k = DistortionType(rows["type"][i]), int(rows["k"][i])
        cell = cells.setdefault(
            (kind.value, k),
            _Cell(f"{kind.value}_{k}", cell_path(image_id, kind, k), rows["severity"][i], {}),
        )
        raw = min(max(float(rows["quality"][i]), 0.0), 1.0)
        shows = raw < config.label.visible
        important = float(importance[i]) if shows else 0.0
        cell.facts[roi] = RegionFacts(
            quality=to_level_scale(raw, config.chat.quality_thresholds),
            quality_word=quality_scale.word(raw) if shows else QUALITY.words[-1],
            importance=important,
            importance_word=IMPORTANCE.word(important),
            distortions=((kind, cell.severity),) if shows else (),
            metric=f"{rows['metric'][i]}+{calibration.id}",
        )
    found: dict[DistortionType, list[_Cell]] = {}
    for (name, _), cell in sorted(cells.items()):
        found.setdefault(DistortionType(name), []).append(cell)
    return found


def _records(
    config: DataConfig,
    image_id: str,
    rois: Sequence[Roi],
    cells: dict[DistortionType, list[_Cell]],
) -> Iterator[tuple[InstructionRecord, list[Turn]]]:
    key = Key(config.seed, "chat", image_id, "cells")
    chosen = [
        cell
        for kind, ladder in cells.items()
        for cell in _choose_levels(
            ladder, config.chat.images_per_type, key.with_variant(kind.value)
        )
    ]
    clean = RegionFacts.clean(next(iter(chosen)).facts) if chosen else {}
    for number in range(config.chat.clean_images):
        chosen.append(_Cell(f"clean_{number}", f"Ref.Images/{image_id}.png", "", clean))
    for cell in chosen:
        yield _record(config, image_id, rois, cell)


def _choose_levels(ladder: list[_Cell], count: int, key: Key) -> list[_Cell]:
    """Cells of one type: severity words in turn from a hashed start, the level within by hash."""
    by_word = [[c for c in ladder if c.severity == word] for word in SEVERITY.words]
    present = [cells for cells in by_word if cells]
    start, chosen = key.index(len(present)), []
    for number in range(min(count, len(ladder))):
        # 2 steps at a time: two images of a type are two words apart, five meet every word once.
        cells = present[(start + 2 * number) % len(present)]
        left = [cell for cell in cells if cell not in chosen] or [
            cell for cell in ladder if cell not in chosen
        ]
        chosen.append(left[key.with_variant(f"{key.variant}/{number}").index(len(left))])
    return chosen


def _record(
    config: DataConfig, image_id: str, rois: Sequence[Roi], cell: _Cell
) -> tuple[InstructionRecord, list[Turn]]:
    record_id = f"{image_id}.{cell.name}"
    known = [roi for roi in rois if roi.id in cell.facts]
    order = sorted(known, key=lambda roi: _hash(config.seed, record_id, "region", roi.id))
    most = min(config.chat.regions_per_image, len(order))
    count = 1 + _hash(config.seed, record_id, "regions") % most
    spoken = order[:count]
    wanted = max(count, 1 + _hash(config.seed, record_id, "turns") % config.chat.turns)
    turns, messages = [], list[Message]()
    asked: set[tuple[str, str]] = set()
    for number in range(min(wanted, config.chat.turns)):
        roi = spoken[number % count]
        turn = ask(
            cell.facts[roi.id],
            roi.category,
            asked,
            roi.id,
            partial(_hash, config.seed, record_id, str(number)),
        )
        turns.append(turn)
        messages.append(Message("user", turn.question, (roi.id,)))
        messages.append(Message("assistant", turn.answer, (), turn.task))
    record = InstructionRecord(
        id=record_id,
        image=f"../{cell.path}",
        regions=tuple(RegionSpec(id=roi.id, rle=encode(roi.mask)) for roi in spoken),
        messages=tuple(messages),
        labels={roi.id: _labels(cell.facts[roi.id]) for roi in spoken},
        reference=image_id,
    )
    return record, turns


def _labels(facts: RegionFacts) -> RegionLabels:
    return RegionLabels(
        quality=round(facts.quality, 5),
        importance=None if facts.importance is None else round(facts.importance, 5),
        distortions=facts.distortions,
        metric=facts.metric,
    )


def _hash(seed: int, *parts: str) -> int:
    text = json.dumps([seed, *parts])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
