"""What is written once all shards are packed: conversations, compatibility labels, the card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from data_tools import compat
from data_tools.card import write_card
from data_tools.chat import chat_path, split_of
from data_tools.config import DataConfig
from data_tools.pack import finished_ids, packed_path
from data_tools.render import settings_of, type_folder
from data_tools.state import OutputTree, digest_of, read_json
from seagull.types import DistortionType

SPLITS = ("train", "validation")


def assemble(tree: OutputTree, config: DataConfig, shards: int, fingerprint: str) -> bool:
    """Writes the files about the whole set; false if they are there already.

    Raises:
        OSError: if the disk refuses.
    """
    records = [read_json(tree.commit("pack", shard)) for shard in range(shards)]
    mark = digest_of([fingerprint, [record["output"] if record else None for record in records]])
    stored = read_json(tree.state / "assembled.json")
    if stored is not None and stored["mark"] == mark:
        return False
    files: list[Any] = []
    counts = _write_conversations(tree, config, shards, files)
    _write_distortions(tree, config, shards, files)
    if config.pack.compatibility:
        _write_compatibility(tree, config, shards, files)
    write_card(tree, config, shards, counts, files)
    listed = [[file.path, file.size, file.digest] for file in files]
    plain = {"mark": mark, "counts": counts, "files": listed}
    tree.write_json(tree.state / "assembled.json", plain)
    return True


def _write_conversations(
    tree: OutputTree, config: DataConfig, shards: int, files: list[Any]
) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for split in SPLITS:
        with (
            tree.whole_file(f"conversations/{split}.jsonl", files) as path,
            path.open("wb") as out,
        ):
            for name in _ids(tree, "chat", shards):
                if split_of(name, config.seed, config.chat.validation_share) != split:
                    continue
                data = (tree.root / chat_path(name)).read_bytes()
                out.write(data)
                counts[f"{split} references"] += 1
                counts[f"{split} records"] += data.count(b"\n")
    return dict(counts)


def _ids(tree: OutputTree, stage: str, shards: int) -> Iterator[str]:
    for shard in range(shards):
        yield from finished_ids(tree, stage, shard)


def _write_distortions(tree: OutputTree, config: DataConfig, shards: int, files: list[Any]) -> None:
    """Every cell's setting, by reference: which level is which."""
    with (
        tree.whole_file("distortions.json", files) as path,
        path.open("w", encoding="utf-8") as out,
    ):
        out.write('{"references": {')
        for number, name in enumerate(_ids(tree, "distort", shards)):
            cells: dict[str, list[dict[str, Any]]] = {}
            for setting in settings_of(config, name):
                plain = setting.to_dict()
                cells.setdefault(plain.pop("type"), []).append(plain)
            out.write(("" if number == 0 else ",") + f"\n{json.dumps(name)}: {json.dumps(cells)}")
        out.write("\n}}\n")


def _write_compatibility(
    tree: OutputTree, config: DataConfig, shards: int, files: list[Any]
) -> None:
    fields, name, few = config.pack.fields, config.pack.name, config.pack.fast_view
    tables: tuple[tuple[str, Iterable[Mapping[str, Any]]], ...] = (
        (compat.rois_path(name), _roi_rows(tree, shards, fields)),
        (compat.scores_path(name), _score_rows(tree, shards, fields)),
    )
    for target, rows in tables:
        sample = compat.fast_view(target)
        with (
            tree.whole_file(sample, files) as small,
            tree.whole_file(target, files) as large,
        ):
            compat.write_array(large, rows, small, few)


def _packed(tree: OutputTree, kind: str, shards: int) -> Iterator[Path]:
    for shard in range(shards):
        path = tree.root / packed_path(kind, shard)
        if path.exists():
            yield path


def _roi_rows(tree: OutputTree, shards: int, fields: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for path in _packed(tree, "masks", shards):
        for row in pq.read_table(path).to_pylist():
            plain = {
                "id": row["id"],
                "roi": row["roi"],
                "size": [row["height"], row["width"]],
                "counts": row["counts"],
                "box": [row["x1"], row["y1"], row["x2"] - row["x1"], row["y2"] - row["y1"]],
                "area": row["area"],
            }
            yield compat.renamed(plain, fields)


def _score_rows(
    tree: OutputTree, shards: int, fields: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    columns = ["id", "roi", "type", "k", "severity", "quality", "importance"]
    for path in _packed(tree, "labels", shards):
        # All regions of an image follow each other, so that readers can stream image by image.
        order = [(name, "ascending") for name in ("id", "type", "k", "roi")]
        table = pq.read_table(path, columns=columns)
        for name in ("id", "roi", "type", "severity"):
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, table[name].cast("string"))
        for batch in table.sort_by(order).to_batches(8192):
            for row in batch.to_pylist():
                name = type_folder(DistortionType(row["type"]))
                plain = {
                    "image": f"{name}/{name}_{row['k']}/{row['id']}.png",
                    "roi": row["roi"],
                    "quality": round(row["quality"], 5),
                    "importance": round(row["importance"], 5),
                    "type": name,
                    "k": row["k"],
                    "severity": row["severity"],
                }
                yield compat.renamed(plain, fields)
