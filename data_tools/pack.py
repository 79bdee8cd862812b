"""Packing one shard for exchange: Parquet tables of labels and masks, images as Parquet or tar."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_tools.chat import read_calibration
from data_tools.label_table import labels_path
from data_tools.render import cell_path, settings_of
from data_tools.stages import masks_path, reference_path, timed
from data_tools.state import OutputTree, latest, read_journal
from data_tools.work import StageOutput, Workbench

IMAGES_PER_GROUP = 100
"""More images in a Parquet row group cannot be streamed by dataset viewers."""

_MASKS = pa.schema(
    [
        ("id", pa.string()),
        ("roi", pa.string()),
        ("level", pa.string()),
        ("provenance", pa.string()),
        ("category", pa.string()),
        ("confidence", pa.float32()),
        ("x1", pa.int32()),
        ("y1", pa.int32()),
        ("x2", pa.int32()),
        ("y2", pa.int32()),
        ("area", pa.int64()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("counts", pa.string()),
    ]
)
_IMAGES = pa.schema(
    [
        ("id", pa.string()),
        ("type", pa.string()),
        ("k", pa.int8()),
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    ]
)


def packed_path(kind: str, shard: int, ending: str = "parquet") -> str:
    """Where a packed shard lies; ``kind`` is ``labels``, ``masks`` or ``images``."""
    return f"{kind}/shard-{shard:05d}.{ending}"


def finished_ids(tree: OutputTree, stage: str, shard: int) -> list[str]:
    """References a stage has finished, in the plan's order."""
    from data_tools.plan import read_shard

    entries = latest(read_journal(tree.journal(stage, shard)))
    ids = [photo.id for photo in read_shard(tree, shard)]
    return [name for name in ids if name in entries and entries[name].error is None]


def pack_shard(bench: Workbench) -> dict[str, StageOutput]:
    """Writes the packed files of the workbench's shard."""
    tree, shard, out = bench.tree, int(bench.cache["shard"]), StageOutput()
    ids = finished_ids(tree, "label", shard)
    if not ids:
        return {"pack": out}
    with timed(out.seconds, "tables"):
        for kind, table in (("labels", _label_table(tree, ids)), ("masks", _mask_table(tree, ids))):
            with tree.whole_file(packed_path(kind, shard), out.files) as path:
                pq.write_table(table, path, compression="zstd")
            out.counts[f"{kind} rows"] += table.num_rows
    with timed(out.seconds, "images"):
        if bench.config.pack.images != "none":
            out.counts["images"] += _write_images(bench, shard, ids, out)
    return {"pack": out}


def _label_table(tree: OutputTree, ids: list[str]) -> pa.Table:
    calibration = read_calibration(tree)
    tables = [pq.read_table(tree.root / labels_path(name)) for name in sorted(ids)]
    table = pa.concat_tables(tables).unify_dictionaries()
    importance = calibration.importance(table["importance_raw"].to_numpy())
    column = pa.array(importance.astype("float32"))
    return table.append_column("importance", column)


def _mask_table(tree: OutputTree, ids: list[str]) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for name in ids:
        plain = json.loads((tree.root / masks_path(name)).read_text(encoding="utf-8"))
        for region in plain["regions"]:
            row = {key: region[key] for key in ("level", "provenance", "category", "confidence")}
            row |= dict(zip(("x1", "y1", "x2", "y2"), region["box"], strict=True))
            row |= dict(zip(("height", "width"), plain["size"], strict=True))
            row |= {"id": name, "roi": region["id"], "area": region["area"]}
            rows.append(row | {"counts": region["rle"]["counts"]})
    return pa.Table.from_pylist(rows, schema=_MASKS)


def _images_of(bench: Workbench, ids: list[str]) -> Iterator[tuple[str, str, int, str]]:
    for name in ids:
        yield name, "reference", 0, reference_path(name)
        for setting in settings_of(bench.config, name):
            yield name, setting.type.value, setting.k, cell_path(name, setting.type, setting.k)


def _write_images(bench: Workbench, shard: int, ids: list[str], out: StageOutput) -> int:
    parquet = bench.config.pack.images == "parquet"
    target = packed_path("images", shard, "parquet" if parquet else "tar")
    with bench.tree.whole_file(target, out.files) as path:
        write = _write_parquet if parquet else _write_tar
        return write(path, bench.tree.root, _images_of(bench, ids))


def _write_parquet(path: Path, root: Path, images: Iterator[tuple[str, str, int, str]]) -> int:
    count = 0
    # PNG bytes do not shrink any further.
    with pq.ParquetWriter(path, _IMAGES, compression="none") as writer:
        group: list[dict[str, Any]] = []
        for name, kind, k, place in images:
            data = (root / place).read_bytes()
            image = {"bytes": data, "path": place}
            group.append({"id": name, "type": kind, "k": k, "image": image})
            count += 1
            if len(group) == IMAGES_PER_GROUP:
                writer.write_table(pa.Table.from_pylist(group, schema=_IMAGES))
                group = []
        if group:
            writer.write_table(pa.Table.from_pylist(group, schema=_IMAGES))
    return count


def _write_tar(path: Path, root: Path, images: Iterator[tuple[str, str, int, str]]) -> int:
    count = 0
    # PAX has room for long names; those of up to 100 letters give the bytes of plain USTAR.
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, k, place in images:
            data = (root / place).read_bytes()
            info = tarfile.TarInfo(f"{name}.{kind}_{k}.png")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            count += 1
    return count
