"""The data card: what a data set holds and how it was made, with totals from the records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_tools.commits import totals, versions
from data_tools.config import DataConfig
from data_tools.state import STAGES, OutputTree, read_json

CARD = "README.md"
"""Where the data card lies."""
_TEXT = """---
tags: [image-quality-assessment, region-level, synthetic-distortions]
---
# {name}: regions, distortions, labels and conversations

Made by `seagull-data` from {references} pristine photos: {images} distorted images
({types} x {levels} levels), {regions} regions (masks belong to the reference), {rows} label rows,
{records} conversations.

## Files

| path | what |
| --- | --- |
| `Ref.Images/<id>.png` | references, long side at most {long_side} px |
| `Dist.Images/<Type>/<Type>_<k>/<id>.png` | distorted images, k = 1 (least) to 20 |
| `labels/*.parquet` | a row per region and distorted image (see below) |
| `masks/*.parquet` | a row per region: run lengths (COCO string), box, level, provenance |
| `images/*` | the same images in shards of {shard_size} references ({image_format}) |
| `conversations/{{train,validation}}.jsonl` | one InstructionRecord a line, split by reference |
| `distortions.json` | every cell's kind, direction, parameter, unit, severity |
| `Labels/*.json` | the same labels under SEAGULL-100w's file names, with fast-view samples |

## Labels

- `quality`: {metric} of the distorted region's box against the reference's, in [0, 1], higher is
  better; at {visible} or above nothing is visible and no conversation calls the region distorted.
- `importance_raw`: {metric} of the reference with only this region distorted, against the
  reference. `importance`: the share of all visible regions whose distortion harms the photo less,
  in [0, 1], higher is more important (calibration `{calibration}`).
- `severity`: the word of the level, five words of four levels each.
- Labels come from a metric, not from people. Numbers of another metric must not be mixed in.

## How it was made

Seed {seed}; metric version {metric_version}; {versions}.
{failed} references failed and are left out; {rejected} photos were rejected when planned.
The photos' own licences apply to every image made from them.
"""


def stage_totals(tree: OutputTree, shards: int) -> dict[str, dict[str, Any]]:
    """Sums over a stage's commit records, by stage; never from a live process."""
    found = {}
    for stage in STAGES:
        records = [read_json(tree.commit(stage, shard)) for shard in range(shards)]
        there = [record for record in records if record is not None]
        found[stage] = {
            "shards": len(there),
            **totals(
                {key: record[key] for key in ("done", "failed", "held", "bytes", "files")}
                for record in there
            ),
            "counts": totals(record["counts"] for record in there),
            "seconds": totals(record["seconds"] for record in there),
        }
    return found


def write_card(
    tree: OutputTree,
    config: DataConfig,
    shards: int,
    counts: Mapping[str, int],
    files: list[Any],
) -> None:
    """Writes ``CARD``."""
    sums = stage_totals(tree, shards)
    plan = read_json(tree.plan()) or {}
    calibration = read_json(tree.state / "calibration.json") or {}
    settings = read_json(tree.settings()) or {}
    text = _TEXT.format(
        name=config.pack.name,
        references=int(sums["distort"].get("done", 0)),
        images=int(sums["distort"]["counts"].get("images", 0)),
        types=", ".join(config.distort.types),
        levels=len(config.distort.levels),
        regions=int(sums["masks"]["counts"].get("regions", 0)),
        rows=int(sums["label"]["counts"].get("rows", 0)),
        records=sum(value for key, value in counts.items() if key.endswith("records")),
        long_side=config.reference.long_side,
        shard_size=config.plan.shard_size,
        image_format=config.pack.images,
        metric=config.label.metric,
        metric_version=settings["label"]["version"],
        visible=config.label.visible,
        calibration=calibration.get("id", "none"),
        seed=config.seed,
        versions=", ".join(f"{name} {value}" for name, value in versions().items()),
        failed=int(sum(stage.get("failed", 0) for stage in sums.values())),
        rejected=len(plan.get("rejected", [])),
    )
    files.append(tree.write(CARD, text.encode("utf-8", "backslashreplace")))
