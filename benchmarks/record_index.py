"""Time and memory of indexing a large training set, and of reading it in random order.

python benchmarks/record_index.py --records 100000 --photos 2000

Makes records about small JPEG photos (320 x 240) in a temporary folder: as JSONL beside the photos,
and as Parquet and Arrow shards that hold them. Each is measured in a process of its own, twice: the
second finds the index that the first has kept. Memory is read from /proc (Linux).
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from seagull.records.photos import record_photo
from seagull.training.config import Source
from seagull.training.data.records import build_index

ROWS_PER_GROUP = 100
ROWS_PER_SHARD = 5000


def main() -> None:
    """Prints the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--reads", type=int, default=1000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        photos = [_photo(number) for number in range(wanted.photos)]
        _write_lines(folder, wanted.records, photos)
        _write_shards(folder, wanted.records, photos)
        print(f"{wanted.records:,} records about {wanted.photos:,} photos")
        for form, path in (("JSONL", "train.jsonl"), ("Parquet", "parquet"), ("Arrow", "arrow")):
            print(form)
            for when in ("first", "again"):
                _in_a_process(f"  {when}", str(folder / path), wanted)


def _in_a_process(title: str, path: str, wanted: argparse.Namespace) -> None:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_measure, args=(title, path, wanted.reads))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)


def _measure(title: str, path: str, reads: int) -> None:
    before, start = _peak(), time.perf_counter()
    index = build_index([Source(path)])
    took, grown = time.perf_counter() - start, _peak() - before
    arrays = [getattr(index, name) for name in vars(index) if name != "files"]
    size = sum(array.nbytes for array in arrays)
    per_100k, million = 1e5 / len(index), 1e6 / len(index)
    order = np.random.default_rng(0).permutation(len(index))[:reads]
    start = time.perf_counter()
    for number in order:
        record_photo(index.read(int(number)).image, index.folder(int(number)))
    each = (time.perf_counter() - start) / max(1, reads) * 1000
    print(
        f"{title}: {took * per_100k:.2f} s per 100,000 records; index "
        f"{size * million / 1e6:.0f} MB per million; the process grew by {grown:.0f} MB; a record "
        f"with its photo, in random order: {each:.2f} ms"
    )


def _peak() -> float:
    """Most memory of this process so far that no file backs up, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    found = dict(line.split(":", 1) for line in lines)
    return (int(found["VmHWM"].split()[0]) - int(found["RssFile"].split()[0])) / 1024


def _photo(number: int) -> bytes:
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8))
    out = io.BytesIO()
    coarse.resize((320, 240), Image.Resampling.BICUBIC).save(out, "JPEG", quality=95)
    return out.getvalue()


def _rows(count: int, photos: int) -> Iterator[dict[str, Any]]:
    """Records with two regions, a conversation of four turns and labels."""
    per_photo = -(-count // photos)
    for number in range(count):
        regions = [{"id": str(i), "box": [20 * i, 10, 20 * i + 60, 200]} for i in (1, 2)]
        turns = [
            {"role": role, "content": text * 2, "regions": ["1"] if role == "user" else []}
            for role, text in (("user", "How good is this? "), ("assistant", "It is fair. ")) * 2
        ]
        labels = {"1": {"quality": 0.5, "importance": 0.5, "distortions": [["blur", "minor"]]}}
        yield {
            "id": str(number), "image": f"{number // per_photo}.jpg", "reference": None,
            "regions": regions, "messages": turns, "labels": labels,
        }  # fmt: skip


def _write_lines(folder: Path, count: int, photos: list[bytes]) -> None:
    for number, content in enumerate(photos):
        (folder / f"{number}.jpg").write_bytes(content)
    with (folder / "train.jsonl").open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in _rows(count, len(photos)))


def _write_shards(folder: Path, count: int, photos: list[bytes]) -> None:
    for form in ("parquet", "arrow"):
        (folder / form).mkdir()
    rows: list[dict[str, Any]] = []
    for number, row in enumerate(_rows(count, len(photos)), start=1):
        nested = {key: json.dumps(row[key]) for key in ("regions", "messages", "labels")}
        content = photos[int(row["image"].removesuffix(".jpg"))]
        # What follows the picture keeps Parquet from storing equal ones once.
        image = {"bytes": content + number.to_bytes(8, "big"), "path": None}
        rows.append({**row, **nested, "reference": "", "image": image})
        if len(rows) == ROWS_PER_SHARD or number == count:
            _write_shard(folder, f"{number:09}", pa.Table.from_pylist(rows))
            rows = []


def _write_shard(folder: Path, name: str, table: Any) -> None:
    path = folder / "parquet" / f"{name}.parquet"
    pq.write_table(table, path, row_group_size=ROWS_PER_GROUP, compression="none")
    with pa.ipc.new_stream(folder / "arrow" / f"{name}.arrow", table.schema) as stream:
        stream.write_table(table, max_chunksize=1000)


if __name__ == "__main__":
    main()
