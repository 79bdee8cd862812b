"""Predictions meet labels by photo_identity; the last report counts; a bad line is one failure."""

import json
from pathlib import Path

import pytest

from seagull.evaluation.given import join, read_given
from seagull.evaluation.sets import open_set
from seagull.photos.identity import AmbiguousPhotoError

REGION = {
    "id": "1", "box": [0, 0, 6, 4], "area_fraction": 1.0, "source": "whole", "segmenter": None,
    "mask": {"size": [4, 6], "counts": "0h0"}, "confidence": None, "importance": None,
    "distortions": None, "distortion_probabilities": None, "text": {},
}  # fmt: skip


def report(path: str, score: float, sha: str = "0" * 64) -> str:
    quality = {
        "level": "good", "score": score, "std": 0.1,
        "probabilities": dict.fromkeys(("bad", "poor", "fair", "good", "excellent"), 0.2),
    }  # fmt: skip
    return json.dumps(
        {
            "schema": "seagull.quality_report/1",
            "image": {"path": path, "width": 6, "height": 4, "sha256": sha},
            "model": {"name": "m", "revision": "0", "trained": True},
            "segmenter": None, "regions": [REGION | {"quality": quality}],
        }
    )  # fmt: skip


def written(folder: Path, *lines: str) -> Path:
    path = folder / "given.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def table(folder: Path, *names: str) -> Path:
    path = folder / "mos.csv"
    path.write_text("image,mos\n" + "".join(f"{name},{n + 1}\n" for n, name in enumerate(names)))
    return path


def joined(folder: Path, predictions: Path, *names: str) -> list[float | None]:
    found = join(read_given(predictions).rows, open_set(table(folder, *names)))
    return [row.prediction.quality for row in found.rows]


def test_photos_of_one_name_in_two_folders_keep_their_own_predictions(tmp_path):
    lines = [report(f"photos/{name}/1.png", score) for name, score in (("a", 0.2), ("b", 0.9))]
    assert joined(tmp_path, written(tmp_path, *lines), "b/1.png", "a\\1.png") == [0.9, 0.2]


def test_a_name_that_two_predictions_could_mean_is_refused_with_both(tmp_path):
    given = written(tmp_path, report("a/1.png", 0.2), report("b/1.png", 0.9))
    with pytest.raises(AmbiguousPhotoError, match=r"1\.png could mean a/1\.png or b/1\.png"):
        joined(tmp_path, given, "1.png")


def test_a_prediction_that_two_photos_could_mean_is_refused_with_both(tmp_path):
    given = written(tmp_path, json.dumps({"image": "1.png", "quality": 0.2}))
    with pytest.raises(AmbiguousPhotoError, match=r"1\.png could mean a/1\.png or b/1\.png"):
        joined(tmp_path, given, "a/1.png", "b/1.png")


def test_the_last_report_on_a_region_counts_under_whatever_path(tmp_path):
    lines = [report("img/1.png", 0.2), report("img/1.png", 0.4), report("/data/img/1.png", 0.6)]
    given = read_given(written(tmp_path, *lines))
    assert [row.prediction.quality for row in given.rows] == [0.6]
    assert given.replaced == 1
    assert joined(tmp_path, tmp_path / "given.jsonl", "1.png") == [0.6]


def test_a_fixed_spread_in_a_report_is_no_predicted_spread(tmp_path):
    own = report("1.png", 0.4)
    fixed = report("2.png", 0.4).replace('"trained": true', '"trained": true, "fixed_std": 0.1')
    rows = read_given(written(tmp_path, own, fixed)).rows
    assert [row.prediction.quality for row in rows] == [0.4, 0.4]
    assert [row.prediction.quality_std for row in rows] == [0.1, None]


def test_equal_pixels_under_two_names_are_two_photos(tmp_path):
    given = written(tmp_path, report("a/1.png", 0.2), report("b/1.png", 0.9))
    assert len(read_given(given).rows) == 2


def test_a_row_whose_id_and_photo_are_of_two_items_is_that_items_failure(tmp_path):
    row = {"id": "1:a.png", "image": "b.png", "quality": 0.2}
    given = written(tmp_path, json.dumps(row), json.dumps({"image": "c.png", "quality": 0.2}))
    found = join(read_given(given).rows, open_set(table(tmp_path, "a.png", "c.png")))
    assert found.failed == (("1:a.png", "the prediction of this id is about b.png, not a.png"),)
    assert [row.item for row in found.rows] == ["2:c.png"]


def test_a_simple_row_given_twice_is_refused(tmp_path):
    row = json.dumps({"image": "1.png", "quality": 0.2})
    with pytest.raises(ValueError, match=r"line 2: region 1 of 1\.png is there twice"):
        read_given(written(tmp_path, row, row))


@pytest.mark.parametrize(
    "line", ["not json", "[1]", '{"image": 5}', '{"image": "a", "quality": "good"}',
             '{"image": "a", "labels": {"quality": "good"}}',
             '{"schema": "seagull.quality_report/1"}']
)  # fmt: skip
def test_a_faulty_line_is_one_failure_named_by_its_number(tmp_path, line):
    given = read_given(written(tmp_path, report("1.png", 0.2), line, report("2.png", 0.3)))
    assert len(given.rows) == 2
    assert given.failed[0][0] == "line 2"
    assert "given.jsonl, line 2: " in given.failed[0][1]


def test_ids_that_repeat_in_a_set_are_refused(tmp_path):
    record = {
        "id": "x", "image": "1.png", "regions": [{"id": "1", "whole": True}], "messages": [],
        "labels": {"1": {"quality": 0.5}},
    }  # fmt: skip
    path = tmp_path / "set.jsonl"
    path.write_text(f"{json.dumps(record)}\n{json.dumps(record | {'image': '2.png'})}\n")
    with pytest.raises(ValueError, match="the id 'x' is that of several records"):
        list(open_set(path).items())


def test_a_faulty_record_is_one_failed_item(tmp_path):
    record = {
        "id": "x", "image": "1.png", "regions": [{"id": "1", "whole": True}], "messages": [],
        "labels": {"1": {"quality": 0.5}},
    }  # fmt: skip
    path = tmp_path / "set.jsonl"
    wrong = [{"id": "y"}, record | {"id": "z", "messages": [{"content": "?"}]}]
    path.write_text("\n".join(map(json.dumps, [wrong[0], record, wrong[1]])) + "\nno json\n")
    problems = [item.problem for item in open_set(path).items()]
    assert sum(problem is None for problem in problems) == 1
    for place, problem in zip((1, 3, 4), [one for one in problems if one], strict=True):
        assert f"set.jsonl, line {place}: " in problem
    assert "a message has a text `role`" in str(problems)


def test_evaluation_sets_are_what_training_reads(tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = [
        {"id": str(n), "image": f"{n}.png", "regions": '[{"id": "1", "whole": true}]',
         "messages": "[]", "labels": '{"1": {"quality": 0.5}}'}
        for n in range(4)
    ]  # fmt: skip
    saved = datasets.Dataset.from_list(rows)
    saved.save_to_disk(str(tmp_path / "saved"))
    saved.to_parquet(str(tmp_path / "shards" / "a.parquet"))
    for path in (tmp_path / "saved", f"hf:{tmp_path / 'saved'}", tmp_path / "shards",
                 tmp_path / "shards" / "a.parquet", f"{tmp_path}/shards/*.parquet"):  # fmt: skip
        data = open_set(path)
        assert data.kind == "regions"
        assert [item.id for item in data.items()] == ["0", "1", "2", "3"]


def test_moved_data_has_the_same_fingerprint_and_other_bytes_another(tmp_path):
    first = open_set(table(tmp_path, "1.png"))
    (tmp_path / "other").mkdir()
    assert open_set(table(tmp_path / "other", "1.png")).fingerprint() == first.fingerprint()
    assert open_set(table(tmp_path / "other", "2.png")).fingerprint() != first.fingerprint()


def test_a_name_of_two_photos_of_the_set_gets_no_prediction_by_that_name(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        plain = {"id": name, "image": "a.png", "regions": [{"id": "1", "whole": True}],
                 "messages": [], "labels": {"1": {"quality": 0.5}}}  # fmt: skip
        (tmp_path / name / "set.jsonl").write_text(json.dumps(plain) + "\n")
    data = open_set(str(tmp_path / "*" / "set.jsonl"))
    by_name = read_given(written(tmp_path, json.dumps({"image": "a.png", "quality": 0.1})))
    with pytest.raises(AmbiguousPhotoError, match=r"several photos of the set are called a\.png"):
        join(by_name.rows, data)
    lines = [json.dumps({"image": "a.png", "id": name, "quality": 0.1}) for name in ("one", "two")]
    assert len(join(read_given(written(tmp_path, *lines)).rows, data).rows) == 2


def test_one_row_about_an_id_of_two_shapes_in_a_photo_is_refused(tmp_path):
    records = [
        {"id": name, "image": "a.png", "regions": [{"id": "1", "box": [0, 0, size, size]}],
         "messages": [], "labels": {"1": {"quality": quality}}}
        for name, size, quality in (("small", 4, 0.1), ("large", 40, 0.9))
    ]  # fmt: skip
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    data = open_set(path)
    by_name = read_given(written(tmp_path, json.dumps({"image": "a.png", "quality": 0.5})))
    with pytest.raises(ValueError, match=r"region 1 of a\.png is several shapes .*'small'"):
        join(by_name.rows, data)
    lines = [{"id": "small", "quality": 0.1}, {"id": "large", "quality": 0.9}]
    found = join(read_given(written(tmp_path, *map(json.dumps, lines))).rows, data)
    assert [row.prediction.quality for row in found.rows] == [0.1, 0.9]
