"""The convert commands: ids are unique, what cannot be used is counted, nothing half is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from data_tools.cli import app
from seagull.records import read_records


def photo(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def convert(*words: object) -> Result:
    return CliRunner().invoke(app, ["convert", *map(str, words)])


def opinions(folder: Path, content: str, *words: object) -> Result:
    (folder / "t.csv").write_text(content)
    return convert("opinions", folder / "t.csv", folder / "out.jsonl", *words)


def test_photos_of_one_name_in_two_folders_get_two_ids(tmp_path: Path) -> None:
    for name in ("clean/1.png", "blur/1.png"):
        photo(tmp_path / name)
    done = opinions(tmp_path, "image,mos\nclean/1.png,5\nblur\\1.png,1\n", "lowest=1", "highest=5")
    assert done.exit_code == 0, done.output
    records = list(read_records(tmp_path / "out.jsonl"))
    assert [record.id for record in records] == ["t.clean/1.png", "t.blur/1.png"]
    assert [record.image for record in records] == ["clean/1.png", "blur/1.png"]


def test_two_rows_about_one_photo_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    done = opinions(tmp_path, "image,mos\na/1.png,0.5\na\\1.png,0.6\n")
    assert done.exit_code == 1
    assert "rows 1 and 2: both are about" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]


def test_empty_scores_are_counted_and_faulty_rows_end_with_code_3(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    done = opinions(tmp_path, 'image;mos\na.png;"0,5"\na.png;\n;\n')
    assert done.exit_code == 0, done.output
    assert "1 rows left out (row 2): no score" in done.stderr
    done = opinions(tmp_path, "image,mos\na.png,0.5\nb.png,good\n")
    assert done.exit_code == 3
    assert "1 items left out (row 2: mos: 'good'" in done.stderr
    assert len(list(read_records(tmp_path / "out.jsonl"))) == 1


def test_a_published_form_brings_its_scale_and_finds_its_photos(tmp_path: Path) -> None:
    photo(tmp_path / "images" / "I01_01_01.png")
    content = "dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,4,0.16\n"
    done = opinions(tmp_path, content, "--format", "kadid")
    assert done.exit_code == 0, done.output
    (record,) = read_records(tmp_path / "out.jsonl")
    assert record.image == "images/I01_01_01.png"
    assert (record.labels["1"].quality, record.labels["1"].quality_std) == (0.75, 0.1)
    assert record.reference == "I01.png"


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"image_id": 99}, "annotation 7: there is no image 99"),
     ({"segmentation": None}, "neither `segmentation` nor `bbox`"),
     ({"quality": 3.5}, "quality lies in [0, 1], got 3.5"), ({"quality": "good"}, "a number"),
     ({"distortions": ["blur"]}, "pairs")],
)  # fmt: skip
def test_a_faulty_annotation_is_left_out_by_id(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    photo(tmp_path / "sub" / "a.png")
    good = {"id": 1, "image_id": 1, "segmentation": [1, 1, 9, 1, 9, 9], "quality": 0.5}
    plain = {
        "images": [{"id": 1, "file_name": "sub\\a.png"}],
        "annotations": [good, good | {"id": 7} | change],
    }
    path = tmp_path / "set.json"
    path.write_text(json.dumps(plain))
    done = convert("regions", path, tmp_path, tmp_path / "out.jsonl")
    assert done.exit_code == 3, done.output
    assert "1 items left out" in done.stderr
    assert reason in done.stderr
    (record,) = read_records(tmp_path / "out.jsonl")
    assert record.image == "sub/a.png"
    assert len(record.regions) == 1


def test_a_set_without_anything_to_use_is_an_error_with_the_first_reason(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    plain = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"id": 4, "image_id": 2}]}
    plain["annotations"][0]["quality"] = 0.5
    path.write_text(json.dumps(plain))
    done = convert("regions", path, tmp_path, tmp_path / "out.jsonl")
    assert done.exit_code == 1
    assert "no record in it: 1 items left out (annotation 4: there is no image 2)" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("form", ["bytes", "objects"])
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_row_whose_picture_is_missing_has_no_record(
    tmp_path: Path, form: str, ending: str
) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    cells: list[Any] = [b"x", None, b"y"]
    if form == "objects":
        cells = [{"bytes": b"x", "path": None}, {"bytes": None, "path": None}, {"bytes": b"y"}]
    table = pa.table({"image": cells, "mos": [0.1, 0.2, 0.3]})
    path = tmp_path / f"t.{ending}"
    if ending == "parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_stream(path, table.schema) as writer:
            writer.write_table(table)
    done = convert("opinions", path, tmp_path / "out.jsonl")
    assert done.exit_code == 3, done.output
    assert "1 items left out (row 2: a score, but no photo)" in done.stderr
    images = [record.image for record in read_records(tmp_path / "out.jsonl")]
    assert images == [f"t.{ending}#0", f"t.{ending}#2"]


@pytest.mark.parametrize(
    ("counts", "reason"), [("###", "rle: "), ([5, 1], "rle: "), ([768], "region 1 is empty")]
)
def test_run_lengths_of_no_mask_are_left_out_by_id(
    tmp_path: Path, counts: Any, reason: str
) -> None:
    photo(tmp_path / "a.png")
    good = {"id": 1, "image_id": 1, "bbox": [1, 1, 9, 9], "quality": 0.5}
    bad = good | {"id": 7, "segmentation": {"size": [24, 32], "counts": counts}}
    plain = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [good, bad]}
    (tmp_path / "set.json").write_text(json.dumps(plain))
    done = convert("regions", tmp_path / "set.json", tmp_path, tmp_path / "out.jsonl")
    assert done.exit_code == 3, done.output
    assert "1 items left out (annotation 7: " + reason in done.stderr
