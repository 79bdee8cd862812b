"""A run that goes on notices photos that were replaced, without reading them."""

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from seagull.evaluation.photo_states import PhotoStates
from seagull.evaluation.predictions import Prediction, Row
from seagull.evaluation.predictors import ConstantPredictor
from seagull.evaluation.run import RunResult, RunSettings, run_predictors
from seagull.evaluation.sets import open_set


@pytest.fixture
def records(tmp_path: Path) -> Path:
    folder, lines = tmp_path / "set", []
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (32, 24), (number, 0, 0)).save(folder / f"{number}.png")
        lines.append(
            {"id": f"r{number}", "image": f"{number}.png", "messages": [],
             "regions": [{"id": "1", "whole": True}], "labels": {"1": {"quality": 0.5}}}
        )  # fmt: skip
    path = folder / "set.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def run(records: Path) -> RunResult:
    predictor = ConstantPredictor(Prediction(quality=0.5))
    settings = RunSettings(folder=records.parent)
    return run_predictors(open_set(records), [predictor], settings)


def test_a_photo_that_was_replaced_is_refused_by_name(records: Path) -> None:
    run(records)
    assert run(records).resumed == 4
    photo = records.parent / "2.png"
    before = photo.stat()
    Image.new("RGB", (32, 24), (99, 0, 0)).save(photo)
    with pytest.raises(
        ValueError, match=r"2\.png: the photo's file is not the one .*constant\.jsonl"
    ):
        run(records)
    Image.new("RGB", (32, 24), (2, 0, 0)).save(photo)
    os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(records).resumed == 4
    os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(ValueError, match=r"2\.png"):
        run(records)


def test_a_photo_that_failed_may_be_replaced(records: Path) -> None:
    photo = records.parent / "2.png"
    picture = photo.read_bytes()
    photo.write_bytes(b"no picture")
    assert [one.item for one in run(records).failed] == ["r2"]
    photo.write_bytes(picture)
    result = run(records)
    assert (result.failed, result.resumed, len(result.rows["constant"])) == ([], 3, 4)


def test_the_same_data_in_another_place_goes_on(records: Path) -> None:
    run(records)
    moved = records.parent.rename(records.parent.with_name("moved"))
    assert run(moved / records.name).resumed == 4


def test_a_line_of_predictions_keeps_the_state_of_the_photo(records: Path) -> None:
    run(records)
    line = (records.parent / "constant.jsonl").read_text().splitlines()[1]
    status = (records.parent / "0.png").stat()
    assert Row.from_dict(json.loads(line)).photo == (status.st_size, status.st_mtime_ns)


def test_photos_inside_the_sets_own_files_have_no_state_of_their_own(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa

    table = tmp_path / "photos.parquet"
    pq.write_table(pa.table({"image": [b"picture"], "mos": [1.0]}), table)
    record = {"id": "a", "image": "photos.parquet#0", "regions": [{"id": "1", "whole": True}],
              "messages": [], "labels": {"1": {"quality": 0.5}}}  # fmt: skip
    beside = tmp_path / "set.jsonl"
    beside.write_text(json.dumps(record) + "\n")
    sets = [open_set(path) for path in (table, beside)]
    states = [PhotoStates(data.files).of(next(data.items())) for data in sets]
    status = table.stat()
    assert states == [None, (status.st_size, status.st_mtime_ns)]
