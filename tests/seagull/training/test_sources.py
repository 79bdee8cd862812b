"""Sources of every kind give the same records, without holding them."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seagull.files.config import ConfigError
from seagull.records import InstructionRecord, read_records
from seagull.records.photos import record_photo
from seagull.records.sources import file_digest
from seagull.tables import columnar as row_tables
from seagull.training.config import Source, TrainConfig
from seagull.training.data import index_cache, records
from seagull.training.data.records import build_index, fingerprint
from seagull.training.run import train
from tests.seagull.training.conftest import losses

JSON_COLUMNS = ("regions", "messages", "labels")


@pytest.fixture
def written(records: Path) -> list[InstructionRecord]:
    return list(read_records(records))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library, with a cache of its own."""
    library = pytest.importorskip("datasets")
    monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", str(tmp_path / "sets"))
    monkeypatch.setattr(library.config, "HF_HUB_OFFLINE", True)
    return library


def rows(folder: Path, made: list[InstructionRecord], *, embed: bool) -> list[dict[str, Any]]:
    """Rows of a table: nested parts as JSON text, photos as bytes or absolute paths."""
    found = []
    for record in made:
        plain = record.to_dict()
        plain |= {key: json.dumps(plain[key]) for key in JSON_COLUMNS}
        photo = folder / record.image
        image = {"bytes": photo.read_bytes(), "path": None} if embed else str(photo)
        found.append(plain | {"image": image})
    return found


def same(index: records.RecordIndex, made: list[InstructionRecord], folder: Path) -> None:
    """Passes if the index gives these records, in any order, with the photos of a folder."""
    found = {}
    for number in range(len(index)):
        record = index.read(number)
        photo = record_photo(record.image, index.folder(number))
        assert photo.size == tuple(index.size[number])
        found[record.id] = (record, photo.sha256)
    assert len(found) == len(index) == len(made)
    for record in made:
        mine, pixels = found[record.id]
        assert pixels == record_photo(record.image, folder).sha256
        assert mine.to_dict() | {"image": ""} == record.to_dict() | {"image": ""}


@pytest.mark.parametrize("embed", [True, False])
def test_parquet_shards_give_the_records_and_photos_they_were_made_from(
    records: Path, written: list[InstructionRecord], tmp_path: Path, embed: bool
) -> None:
    made = rows(records.parent, written, embed=embed)
    for shard in range(3):
        table = pa.Table.from_pylist(made[shard::3])
        pq.write_table(table, tmp_path / f"shard-{shard}.parquet", row_group_size=3)
    same(build_index([Source(str(tmp_path / "shard-*.parquet"))]), written, records.parent)


@pytest.mark.parametrize(
    "form", ["embedded", "paths", "image paths", "nested", "local files", "splits"]
)
def test_sets_of_the_datasets_library_give_the_same(
    records: Path, written: list[InstructionRecord], tmp_path: Path, form: str, datasets: Any
) -> None:
    place, split = tmp_path / "set", "train"
    made = rows(records.parent, written, embed="paths" not in form)
    if form == "nested":
        made = [row | written[i].to_dict() | {"image": row["image"]} for i, row in enumerate(made)]
    if form == "local files":
        place.mkdir()
        shutil.copytree(
            records.parent, place, dirs_exist_ok=True, ignore=lambda *_: ["train.jsonl"]
        )
        text = [json.dumps(row | {"image": written[i].image}) for i, row in enumerate(made)]
        (place / "train.jsonl").write_text("\n".join(text))
        for photo in place.glob("*.png"):  # only the records are for the library
            photo.rename(place / f".{photo.name}")
        text = [line.replace('"photo_', '".photo_') for line in text]
        (place / "train.jsonl").write_text("\n".join(text))
    else:
        whole = datasets.Dataset.from_list(made)
        if form in ("embedded", "image paths"):
            whole = whole.cast_column("image", datasets.Image())
        if form == "splits":
            half = whole.train_test_split(0.5, seed=1)
            whole, split = half, "test"
            kept = set(half["test"]["id"])
            written = [record for record in written if record.id in kept]
        whole.save_to_disk(str(place))
    index = build_index([Source(f"hf:{place}", split=split)])
    if form == "nested":
        assert [index.read(n).labels for n in range(24)] == [one.labels for one in written]
    same(index, written, records.parent)


def test_a_set_that_cannot_be_used_is_refused_with_the_reason(
    written: list[InstructionRecord], records: Path, tmp_path: Path, datasets: Any
) -> None:
    made = datasets.Dataset.from_list(rows(records.parent, written, embed=False))
    made.rename_column("labels", "label").save_to_disk(str(tmp_path / "typo"))
    with pytest.raises(ValueError, match=r"unknown columns \['label'\]"):
        build_index([Source(f"hf:{tmp_path / 'typo'}")])
    datasets.DatasetDict({"a": made}).save_to_disk(str(tmp_path / "split"))
    with pytest.raises(ConfigError, match="split is one of a, got 'train'"):
        build_index([Source(f"hf:{tmp_path / 'split'}")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="no such folder"):
        build_index([Source(f"hf:{tmp_path / 'none'}")])
    with pytest.raises(ConfigError, match="cannot be loaded"):
        build_index([Source(f"hf:{tmp_path / 'empty'}")])


def test_without_the_library_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(ConfigError, match=r"pip install .*\[datasets\]"):
        build_index([Source(f"hf:{tmp_path}")])


def test_a_table_trains_the_same_as_the_lines_it_was_made_from(
    records: Path, written: list[InstructionRecord], tmp_path: Path, model_folder: Path,
    settings: Callable[..., TrainConfig],
) -> None:  # fmt: skip
    path = tmp_path / "all.parquet"
    made = pa.Table.from_pylist(rows(records.parent, written, embed=True))
    pq.write_table(made, path, row_group_size=5)
    seen = []
    for name, workers in ((records, 0), (path, 1)):
        data = {"train": [{"path": str(name)}], "workers": workers}
        config = settings(output=str(tmp_path / name.stem), max_steps=2, data=data)
        train(config, model_folder)
        seen.append(losses(Path(config.output)))
    assert seen[0] == seen[1]
    assert len(seen[0]) == 2


def test_rows_are_read_a_group_at_a_time_and_few_groups_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "big.parquet"
    rng = np.random.default_rng(0)
    cells = [rng.bytes(1000) for _ in range(200)]
    pq.write_table(pa.table({"image": cells}), path, row_group_size=10)
    kept = row_tables._Groups(50_000)
    monkeypatch.setattr(row_tables, "_groups", kept)
    table = row_tables.open_table(path)
    for number in rng.permutation(200):
        assert table.row(int(number), ["image"])["image"] == cells[number]
    assert 0 < kept._held <= 50_000
    assert kept._held == sum(group.nbytes for group in kept._kept.values())
    with pytest.raises(row_tables.RowTableError, match="no row 200"):
        table.row(200, ["image"])


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    for name in ("a.parquet", "a.arrow"):
        (tmp_path / name).write_bytes(b"no table at all")
        with pytest.raises(row_tables.RowTableError, match="damaged"):
            build_index([Source(str(tmp_path / name))])


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that were read through, while small files have their index kept, too."""
    seen: list[Path] = []
    real = records.records_of
    monkeypatch.setattr(records, "records_of", lambda file: seen.append(file) or real(file))
    monkeypatch.setattr(index_cache, "SMALLEST_KEPT", 1)
    return seen


def test_the_index_of_a_large_file_is_kept_until_the_file_changes(
    records: Path, tmp_path: Path, counted: list[Path]
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(records.parent, folder)
    source = [Source(str(folder / "train.jsonl"))]
    first, again = build_index(source), build_index(source)
    assert len(counted) == 1
    for name in ("file", "place", "source", "image", "size", "length"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    os.utime(folder / "train.jsonl", ns=(1, 1))
    build_index(source)
    assert len(counted) == 2
    for kept in (tmp_path / "cache").rglob("*.npz"):
        kept.write_bytes(b"PK broken")
    assert len(build_index(source)) == 24
    assert len(counted) == 3


def test_photos_are_numbered_as_they_first_appear(
    records: Path, written: list[InstructionRecord]
) -> None:
    lines = records.read_text().splitlines()
    again = records.with_name("again.jsonl")
    other = json.dumps(json.loads(lines[5]) | {"id": "another of the same photo"})
    again.write_text("\n".join([lines[5], lines[0], other]))
    index = build_index([Source(str(records)), Source(str(again))])
    assert index.image.tolist() == [*range(24), 5, 0, 5]


def test_small_files_are_read_anew(records: Path, tmp_path: Path) -> None:
    build_index([Source(str(records))])
    assert not list((tmp_path / "cache").rglob("*.npz"))


def test_a_changed_byte_in_a_table_changes_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(bytes(10_000))
    whole = file_digest(path)
    monkeypatch.setattr("seagull.records.sources.WHOLE_DIGEST", 1000)
    sampled = file_digest(path)
    assert sampled == fingerprint([Source(str(path))])[str(path)] != whole
    path.write_bytes(bytes(9_999) + b"x")
    assert file_digest(path) != sampled
    path.write_bytes(bytes(10_001))
    assert file_digest(path) != sampled
