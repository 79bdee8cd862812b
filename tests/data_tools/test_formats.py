"""Settings, annotations, packed files, the published tree, other people's tables, the report."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_tools.compat import iter_rows, scores_path
from data_tools.config import DataConfig
from data_tools.converters import LeftOut, OpinionColumns, convert_opinions
from data_tools.pipeline import Run
from data_tools.png import decode_png
from data_tools.published import convert_published
from data_tools.region_sets import convert_regions
from data_tools.report.page import write_report
from data_tools.validate import validate
from seagull.files.config import ConfigError, load_settings
from seagull.records import InstructionRecord, read_records, write_records
from seagull.records.shards import shard_photo
from tests.data_tools.tiny_set import make_photos, run_tiny

CONFIGS = Path(__file__).parents[2] / "configs" / "data"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("made")
    make_photos(root / "photos", 4)
    return run_tiny(root)


@pytest.mark.parametrize("name", ["seagull-100w.yaml", "demo.yaml"])
def test_shipped_settings_load(name: str) -> None:
    assert load_settings(DataConfig, CONFIGS / name).distort.levels == tuple(range(1, 21))


def test_the_demo_needs_no_file_beside_the_photos() -> None:
    masks = load_settings(DataConfig, CONFIGS / "demo.yaml").masks
    assert (masks.source, masks.given) == ("everything", None)
    with pytest.raises(ConfigError, match=r"masks\.given: is not used .*; set masks\.source=given"):
        load_settings(DataConfig, CONFIGS / "demo.yaml", ["masks.given=segments.jsonl"])


def test_all_faults_of_settings_are_named_at_once() -> None:
    wrong = ["masks.sauce=x", "plan.shard_size=zero", "nothing=1"]
    with pytest.raises(ConfigError) as caught:
        load_settings(DataConfig, None, wrong)
    for text in ("masks.sauce: unknown", "plan.shard_size: int expected", "nothing: unknown"):
        assert text in str(caught.value)
    with pytest.raises(ConfigError, match=r"distort\.types: \['fog'\] unknown"):
        load_settings(DataConfig, None, ["distort.types=[fog]"])


def test_a_finished_set_validates_deeply_and_damage_is_found(made: Run) -> None:
    found = validate(made.tree, made.config, deep=True)
    assert found.good, found.problems
    assert found.expected == sum(found.cells.values()) == 4 * 9
    image = made.tree.root / "Dist.Images/Blur/Blur_4/photo0.png"
    other = made.tree.root / "Dist.Images/Blur/Blur_12/photo1.png"
    whole, kept = image.read_bytes(), other.read_bytes()
    image.write_bytes(whole[:-20] + bytes(20))
    other.unlink()
    try:
        assert "Blur_4/photo0.png" not in " ".join(validate(made.tree, made.config).problems)
        found = validate(made.tree, made.config, deep=True)
        assert any("Blur_4/photo0.png" in text for text in found.problems)
        assert found.missing == ["Dist.Images/Blur/Blur_12/photo1.png"]
    finally:
        image.write_bytes(whole)
        other.write_bytes(kept)


@pytest.mark.parametrize(
    "name",
    ["Ref.Images/photo1.png", "_work/masks/photo1.json", "_work/labels/photo1.parquet",
     "_work/chat/photo1.jsonl", "masks/shard-00000.parquet", "labels/shard-00000.parquet",
     "images/shard-00000.parquet", "Labels/SEAGULL-100w_scores.json", "distortions.json"],
)  # fmt: skip
def test_damage_of_any_recorded_file_is_found_by_name(made: Run, name: str) -> None:
    path = made.tree.root / name
    whole = path.read_bytes()
    try:
        path.write_bytes(b"garbage".ljust(len(whole), b"."))
        found = validate(made.tree, made.config, deep=True)
        assert f"{name}: its bytes are not those that were written" in found.problems
        path.write_bytes(b"garbage")
        assert any(
            f"{name}: 7 bytes, recorded" in p for p in validate(made.tree, made.config).problems
        )
        path.unlink()
        assert (
            f"{name}: recorded as finished, but not there"
            in validate(made.tree, made.config).problems
        )
    finally:
        path.write_bytes(whole)


def test_packed_tables_hold_every_region_and_cell(made: Run) -> None:
    table = pa.concat_tables(
        pq.read_table(path) for path in sorted((made.tree.root / "labels").glob("*.parquet"))
    )
    assert table.num_rows == 4 * 3 * 9
    rows = table.select(["id", "roi", "type", "k"]).to_pylist()
    assert len({tuple(row.values()) for row in rows}) == len(rows)
    images = pq.ParquetFile(made.tree.root / "images/shard-00000.parquet")
    assert images.metadata.num_rows == 2 * (9 + 1)
    row = images.read().to_pylist()[1]
    loose = (made.tree.root / row["image"]["path"]).read_bytes()
    assert row["image"]["bytes"] == loose
    assert decode_png(loose).shape == (80, 96, 3)


def test_a_tar_of_images_takes_photos_of_long_names(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", 1)
    name = "n" * 96
    (tmp_path / "photos" / "photo0.png").rename(tmp_path / "photos" / f"{name}.png")
    run = run_tiny(
        tmp_path, "out", "masks.source=everything", "masks.given=null", "pack.images=tar"
    )
    assert run.failures() == 0
    shard = run.tree.root / "images/shard-00000.tar"
    with tarfile.open(shard) as tar:
        places = {member.name: member.offset for member in tar}
    assert f"{name}.blur_12.png" in places
    written = (run.tree.root / f"Dist.Images/Blur/Blur_12/{name}.png").read_bytes()
    assert shard_photo(shard, places[f"{name}.blur_12.png"]) == written


def test_the_compatibility_tree_is_read_back_as_records(made: Run, tmp_path: Path) -> None:
    root, target = made.tree.root, tmp_path / "records.jsonl"
    name = "Labels/SEAGULL-100w"
    records = convert_published(
        root, root / f"{name}_mask-based-rois.json", root / f"{name}_scores.json", target, {}
    )
    assert write_records(target, records) == 4 * 9
    record = next(iter(read_records(target)))
    assert (target.parent / record.image).is_file()
    assert len(record.regions) == 3
    assert record.labels["1"].quality is not None
    sample = json.loads((root / f"{name}_scores_fast-view.json").read_text())
    assert len(sample) == 20


def regions_of(records: Iterable[InstructionRecord]) -> dict[tuple[str, ...], Any]:
    """Mask and labels of regions, by folder and name of their images and by their ids."""
    return {
        (*Path(record.image).parts[-2:], spec.id): (
            spec.build((80, 96)).mask,
            record.labels[spec.id],
        )
        for record in records
        for spec in record.regions
    }


def test_what_a_run_exports_is_read_back_as_its_conversations_have_it(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", 2)
    run = run_tiny(tmp_path, "out", "distort.levels=[1,12,20]", "label.visible=0.95")
    root, scores = run.tree.root, tmp_path / "scores.json"
    rois = root / "Labels/SEAGULL-100w_mask-based-rois.json"
    rows = json.loads((root / "Labels/SEAGULL-100w_scores.json").read_text())
    lost = next(row for row in rows if row["roi_id"] == "1")
    rows.remove(lost)
    scores.write_text(json.dumps(rows))
    converted = regions_of(convert_published(root, rois, scores, tmp_path / "r.jsonl", {}))
    assert len(converted) == len(rows)
    assert (*Path(lost["image"]).parts[-2:], "1") not in converted
    said = regions_of(
        record
        for split in ("train", "validation")
        for record in read_records(root / f"conversations/{split}.jsonl")
    )
    assert len(said.keys() & converted.keys()) > 10
    assert {labels.distortions == () for _, labels in converted.values()} == {True, False}
    for place in said.keys() & converted.keys():
        (mask, mine), (other_mask, theirs) = said[place], converted[place]
        assert (mask == other_mask).all()
        assert theirs.quality == pytest.approx(mine.quality, abs=1e-4)
        assert theirs.importance == pytest.approx(mine.importance, abs=1e-4)
        assert theirs.distortions == mine.distortions


def test_scores_without_settings_of_a_run_are_taken_as_they_stand(tmp_path: Path) -> None:
    shape = {"size": [4, 4], "counts": [5, 2, 9]}
    rows = [{"image": "Blur/Blur_1/a.png", "roi_id": roi, "quality": 0.5, "severity": "minor"}
            for roi in ("7", "9", "7")]  # fmt: skip
    (tmp_path / "rois.json").write_text(json.dumps([
        {"image_id": "a", "roi_id": roi, **shape} for roi in ("7", "9")]))  # fmt: skip
    (tmp_path / "scores.json").write_text(json.dumps(rows))
    left_out = LeftOut()
    (record,) = convert_published(
        tmp_path, tmp_path / "rois.json", tmp_path / "scores.json", tmp_path / "r", {}, left_out
    )
    assert {name: one.quality for name, one in record.labels.items()} == {"7": 0.5, "9": 0.5}
    assert [fault.reason for fault in left_out.faults] == [
        "Blur/Blur_1/a.png: region 7 has scores twice"
    ]


def test_other_field_names_and_layouts_are_read(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    path.write_text('{"Blur/Blur_1/a.png": {"7": {"q": 0.5}, "8": {"q": 0.25}}}')
    rows = list(iter_rows(path, {"quality": "q"}))
    assert rows == [
        {"image": "Blur/Blur_1/a.png", "roi": "7", "quality": 0.5},
        {"image": "Blur/Blur_1/a.png", "roi": "8", "quality": 0.25},
    ]
    path.write_text('[{"image": "a"}, {"image"')
    with pytest.raises(ValueError, match="not whole JSON"):
        list(iter_rows(path))


def test_a_large_score_file_is_streamed(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / Path(scores_path("x")).name
    with path.open("w") as out:
        out.write("[" + ",".join(f'{{"image":"{i}.png","quality":0.5}}' for i in range(100_000)))
        out.write("]")
    tracemalloc.start()
    assert sum(1 for _ in iter_rows(path)) == 100_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 3e6
    assert peak < 1e6


def test_opinion_tables_become_records(tmp_path: Path) -> None:
    table = tmp_path / "koniq.csv"
    table.write_text("photo,score,sd\na.jpg,5,0.4\nb.jpg,1,\n")
    columns = OpinionColumns("photo", "score", "sd", lowest=1, highest=5)
    first, second = convert_opinions(table, columns, tmp_path, tmp_path / "x" / "r.jsonl")
    assert first.image == "../a.jpg"
    assert first.labels["1"].quality == 1.0
    assert first.labels["1"].quality_std == pytest.approx(0.1)
    assert first.messages[1].content == "The quality is excellent."
    assert second.labels["1"].quality == 0.0
    with pytest.raises(ValueError, match=r"row 1: the score 5\.0 leaves the scale"):
        list(convert_opinions(table, OpinionColumns("photo", "score"), None, tmp_path / "r"))
    with pytest.raises(
        ValueError, match=r"no mos for the score; the table has the columns photo, score, sd"
    ):
        list(convert_opinions(table, OpinionColumns("photo"), None, tmp_path / "r"))


def test_parquet_tables_with_bytes_are_pointed_into(tmp_path: Path) -> None:
    table = tmp_path / "t.parquet"
    pq.write_table(pa.table({"image": [b"x", b"y"], "mos": [0.2, 0.9], "n": ["p", "q"]}), table)
    records = list(
        convert_opinions(table, OpinionColumns(name="n"), None, tmp_path / "records.jsonl")
    )
    assert [record.image for record in records] == ["t.parquet#0", "t.parquet#1"]
    assert [record.reference for record in records] == ["t.p", "t.q"]


def test_labelled_region_sets_become_records(tmp_path: Path) -> None:
    plain = {
        "images": [{"id": 1, "file_name": "a.jpg", "height": 40, "width": 60}],
        "annotations": [
            {"image_id": 1, "bbox": [1, 2, 20, 10], "quality": 0.1, "distortions": []},
            {"image_id": 1, "bbox": [1, 2, 20, 10]},
        ],
    }
    path = tmp_path / "set.json"
    path.write_text(json.dumps(plain))
    (record,) = convert_regions(path, tmp_path, tmp_path / "r.jsonl")
    assert len(record.regions) == 1
    assert record.regions[0].box == (1, 2, 21, 12)
    said = [message.content for message in record.messages if message.role == "assistant"]
    assert said == ["The quality is bad.", "Without distortions."]


def test_the_report_is_one_page_without_links_to_other_files(made: Run) -> None:
    text = write_report(made.tree).read_text()
    for title in ("Ladders", "Regions and their labels", "Conversations", "Time"):
        assert f"<h2>{title}</h2>" in text
    assert text.count("data:image/jpeg;base64,") > 20
    assert "<script" not in text
    assert 'href="http' not in text
    assert "· nan" not in text


def test_importance_column_follows_the_calibration(made: Run) -> None:
    table = pq.read_table(made.tree.root / "labels/shard-00000.parquet")
    raw, importance = table["importance_raw"].to_numpy(), table["importance"].to_numpy()
    order = np.argsort(raw)
    assert (np.diff(importance[order]) <= 1e-6).all()
    assert importance.max() > 0.5
