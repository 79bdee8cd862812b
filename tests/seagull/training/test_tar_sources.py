"""Tar shards: the same records and photos as the files they were made from, read by place."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seagull.photos.files import PhotoError
from seagull.records import InstructionRecord, read_records
from seagull.records.files import records_of
from seagull.records.photos import record_photo
from seagull.training.config import Source, TrainConfig
from seagull.training.data.records import build_index
from seagull.training.run import train
from tests.seagull.training.conftest import losses
from tests.seagull.training.test_sources import same


def write_shard(path: Path, files: Mapping[str, bytes], kind: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, "w", format=kind) as out:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return path


def _sample(record: InstructionRecord, folder: Path, *more: InstructionRecord) -> dict[str, bytes]:
    bodies = [one.to_dict() for one in (record, *more)]
    text = json.dumps(bodies if more else bodies[0]).encode()
    photo = (folder / record.image).read_bytes()
    return {f"photos/{record.id}.json": text, f"photos/{record.id}.png": photo}


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_shards_give_the_records_and_photos_they_were_made_from(
    records: Path, tmp_path: Path, kind: int
) -> None:
    made = list(read_records(records))
    for number in range(2):
        samples = [_sample(record, records.parent) for record in made[number::2]]
        together = {name: data for one in samples for name, data in one.items()}
        write_shard(tmp_path / f"shard-{number}.tar", together, kind)
    same(build_index([Source(str(tmp_path / "*.tar"))]), made, records.parent)


def test_long_names_and_several_records_of_a_photo(records: Path, tmp_path: Path) -> None:
    first = next(read_records(records))
    long = replace(first, id="n" * 180)
    again = replace(first, id="again")
    write_shard(tmp_path / "a.tar", _sample(long, records.parent, again))
    index = build_index([Source(str(tmp_path / "a.tar"))])
    assert [index.read(number).id for number in range(2)] == [long.id, "again"]
    assert index.image[0] == index.image[1]


def test_training_from_a_shard_is_training_from_files(
    settings: Callable[..., TrainConfig], records: Path, model_folder: Path, tmp_path: Path
) -> None:
    samples = [_sample(record, records.parent) for record in read_records(records)]
    shard = write_shard(tmp_path / "a.tar", {k: v for one in samples for k, v in one.items()})
    found = []
    for name, path in (("files", records), ("shard", shard)):
        config = settings(
            output=str(tmp_path / name), max_steps=2,
            data={"train": [{"path": str(path)}], "workers": 0},
        )  # fmt: skip
        train(config, model_folder)
        found.append(losses(tmp_path / name))
    assert found[0] == found[1]


def test_faulty_shards_are_named(records: Path, tmp_path: Path) -> None:
    good = _sample(next(read_records(records)), records.parent)
    text = min(good)

    def fault(path: Path, pattern: str) -> None:
        with pytest.raises(ValueError, match=pattern):
            list(records_of(path))

    fault(write_shard(tmp_path / "a.tar", {text: good[text]}), "one .json and one photo")
    fault(write_shard(tmp_path / "b.tar", good | {text: b"{"}), "sample photos/r0")
    fault(write_shard(tmp_path / "c.tar", good | {text: b"[1]"}), "a list of at most 512 records")
    (tmp_path / "d.tar").write_bytes(b"\x1f\x8b not a tar file" * 100)
    fault(tmp_path / "d.tar", "not a plain tar")
    whole = write_shard(tmp_path / "e.tar", good).read_bytes()
    (tmp_path / "e.tar").write_bytes(whole[:1000])
    fault(tmp_path / "e.tar", r"damaged|ends within")
    fault(tmp_path / "missing.tar", "cannot be opened")


def test_photos_that_are_not_there_are_photo_errors(records: Path, tmp_path: Path) -> None:
    good = _sample(next(read_records(records)), records.parent)
    write_shard(tmp_path / "a.tar", good)
    wanted: tuple[tuple[str, Any], ...] = (
        ("a.tar#0", "there is no photo"), ("a.tar#x", "FILE.tar#BYTE"), ("b.tar#0", "opened"),
        ("a.tar#77", "not a plain tar|no photo"),
    )  # fmt: skip
    for image, pattern in wanted:
        with pytest.raises(PhotoError, match=pattern):
            record_photo(image, tmp_path)
