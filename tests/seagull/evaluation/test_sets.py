"""Sets from tables and records: scales, splits, repeats, and what is refused."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from seagull.evaluation.sets import SplitError, check_apart, open_set, sample, split
from seagull.evaluation.tables import MosScale, usual_scale
from seagull.photos import PhotoError
from seagull.photos.identity import photo_identity
from seagull.records import RegionLabels


def encoded(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def table(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa

    rows = {
        "image_name": [f"p{number}.png" for number in range(20)],
        "mos": [1 + number / 5 for number in range(20)],
        "mos_std": [0.5] * 20,
        "image": [encoded(number) for number in range(20)],
    }
    path = tmp_path / "photos.parquet"
    pq.write_table(pa.table(rows), path, row_group_size=6)
    return path


def write_csv(tmp_path, rows):
    (tmp_path / "a.png").write_bytes(encoded(0))
    path = tmp_path / "photos.csv"
    path.write_text("image,mos\n" + "".join(f"{image},{mos}\n" for image, mos in rows))
    return path


def record(number: int, region: dict | None = None, labels: dict | None = None) -> dict:
    return {
        "id": f"r{number}", "image": "a.png", "reference": "a",
        "regions": [{"id": "1", **(region or {"box": [0, 0, 9, 9]})}],
        "messages": [], "labels": {"1": labels or {"quality": 0.5, "metric": "m"}},
    }  # fmt: skip


def write_records(tmp_path, records):
    (tmp_path / "a.png").write_bytes(encoded(0))
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return path


def test_a_table_streams_photos_with_rescaled_opinions(table):
    data = open_set(table)
    assert data.scale == MosScale(1, 5)
    items = list(data.items())
    assert len({item.id for item in items}) == 20
    first = items[5].labels["1"]
    assert first.quality == pytest.approx(0.25)  # (2 - 1) / 4
    assert first.quality_std == pytest.approx(0.125)
    photo = items[5].load()
    assert photo.size == (24, 32)
    assert items[5].build(photo)[0].mask.all()


@pytest.mark.parametrize(
    ("low", "high", "scale"),
    [(0, 1, (0, 1)), (0.2, 0.9, (0, 1)), (1, 4.6, (1, 5)), (0.5, 5, (0, 5)), (1.2, 9, (1, 10)),
     (0, 8, (0, 10)), (3.9, 88, (0, 100))],
)  # fmt: skip
def test_the_scale_is_the_first_usual_one_that_holds_all(low, high, scale):
    assert usual_scale(low, high, "t") == MosScale(*scale)


def test_a_scale_that_is_given_wins_and_may_be_turned():
    assert MosScale(100, 0).to_unit(25, "t") == 0.75
    with pytest.raises(ValueError, match="--mos-range"):
        usual_scale(-3, 3, "t")
    with pytest.raises(ValueError, match="leaves the scale"):
        MosScale(1, 5).to_unit(6, "t")


def test_a_split_is_by_photo_and_complete(table):
    data = open_set(table)
    rest, held = split(data, 0.3, seed=1)
    assert rest.groups() | held.groups() == data.groups()
    assert not rest.groups() & held.groups()
    assert held.groups() == split(data, 0.3, seed=1)[1].groups()
    assert held.groups() != split(data, 0.3, seed=2)[1].groups()
    check_apart(held, rest, "the training set")


def test_a_sample_is_drawn_by_the_seed_from_the_whole_set(table):
    data = open_set(table)
    drawn = [item.id for item in sample(data, 0.4, seed=1).items()]
    everything = [item.id for item in data.items()]
    assert 2 <= len(drawn) <= 14
    assert drawn == [name for name in everything if name in drawn]
    assert drawn == [item.id for item in sample(data, 0.4, seed=1).items()]
    assert drawn != [item.id for item in sample(data, 0.4, seed=2).items()]
    assert sample(data, 0.4, seed=1).fingerprint() != data.fingerprint()
    with pytest.raises(ValueError, match="not a single picture"):
        sample(data, 1e-9, seed=1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        sample(data, 1.0, seed=1)


def test_a_photo_on_both_sides_is_refused(table):
    data = open_set(table)
    with pytest.raises(SplitError, match=r"20 photos of .*p0\.png"):
        check_apart(data, data, "the training set")


def test_a_region_counts_once_however_many_records_speak_of_it(tmp_path):
    other = record(3, {"box": [0, 0, 9, 9]}, {"quality": 0.9, "metric": "other"})
    path = write_records(tmp_path, [record(1), record(2), other])
    data = open_set(path)
    assert [item.id for item in data.items()] == ["r1", "r3"]
    assert [item.id for item in data.only_metric("other").items()] == ["r3"]


def test_records_find_photos_in_tables(table, tmp_path):
    one = record(1) | {"image": "photos.parquet#13"}
    (item,) = open_set(write_records(tmp_path, [one])).items()
    wanted = list(open_set(table).items())[13].load()
    assert item.load().sha256 == wanted.sha256
    (item,) = open_set(write_records(tmp_path, [one | {"image": "photos.parquet#20"}])).items()
    with pytest.raises(PhotoError, match="no row 20"):
        item.load()


def test_a_faulty_row_is_a_failed_item_named_by_its_row(tmp_path):
    path = write_csv(tmp_path, [("a.png", 0.5), ("a.png", "fine"), ("", 0.3)])
    problems = [item.problem for item in open_set(path).items()]
    assert problems[0] is None
    assert "row 2: mos: 'fine' where a number is needed" in str(problems[1])
    assert "row 3: a score, but no photo" in str(problems[2])


def test_a_photo_spelled_otherwise_is_on_both_sides_of_a_split(tmp_path):
    sets = []
    for name in ("sub/a.png", ".\\sub\\a.png"):
        folder = tmp_path / str(len(sets))
        folder.mkdir()
        sets.append(open_set(write_csv(folder, [(name, 0.5)])))
    with pytest.raises(SplitError, match=r"1 photos of .*a\.png"):
        check_apart(*sets, "the training set")


def test_two_rows_about_one_photo_are_refused(tmp_path):
    for other in ("a.png", "./a.png"):
        with pytest.raises(ValueError, match=r"rows 1 and 2: both are about .*a\.png"):
            open_set(write_csv(tmp_path, [("a.png", 0.5), (other, 0.25)]))


def test_rows_without_a_score_are_left_out_and_counted(tmp_path):
    rows = [("a.png", 0.5), ("a.png", ""), ("", ""), ("a.png", "NA"), ("b.png", 0.7)]
    data = open_set(write_csv(tmp_path, rows))
    assert [item.id for item in data.items()] == ["1:a.png", "5:b.png"]
    assert "2 rows left out (row 2, 4): no score" in data.notes[0]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [("a.csv", "image,score\na.png,1\n", "columns image, score: name one with --mos-column"),
     ("a.csv", "photo,mos\na.png,1\n", "name one with --image-column"),
     ("a.csv", "image,mos\n", "no row"), ("a.csv", "image,mos\na.png,-\n", "no row to use; 1"),
     ("a.csv", "image,mos,mos\na.png,1,2\n", "two columns are named mos"),
     ("a.parquet", "PAR1", "not Parquet"),
     ("a.csv", "image,mos\n" + "x" * 70_000, "longer than")],
)  # fmt: skip
def test_files_that_are_no_set_are_refused(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ValueError, match=reason):
        open_set(path)


def test_records_about_one_photo_are_asked_together_unless_ids_clash(tmp_path):
    boxes = [{"box": [0, 0, 9, 9]}, {"box": [4, 4, 20, 20]}, {"box": [1, 1, 5, 5]}]
    records = [record(number, box) for number, box in enumerate(boxes)]
    for one, name in zip(records, ("a", "b", "a"), strict=True):
        one["regions"][0]["id"] = name
        one["labels"] = {name: one["labels"]["1"]}
    items = list(open_set(write_records(tmp_path, records)).items())
    assert [[spec.id for spec in item.regions] for item in items] == [["a", "b"], ["a"]]
    assert [set(item.labels) for item in items] == [{"a", "b"}, {"a"}]


def test_a_photo_that_another_set_names_otherwise_is_on_both_sides(tmp_path):
    table = write_csv(tmp_path, [("a.png", 3)])
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "made.jsonl").write_text(
        json.dumps(record(1) | {"image": "../a.png", "reference": "photos.a"}) + "\n"
    )
    records = open_set(tmp_path / "sub" / "made.jsonl")
    for one, other in ((open_set(table), records), (records, open_set(table))):
        with pytest.raises(SplitError, match="1 photos"):
            check_apart(one, other, "what it was trained on,")


def test_photos_of_one_name_beside_two_record_files_are_two(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_records(tmp_path / name, [record(1) | {"id": name}])
    assert len(list(open_set(str(tmp_path / "*" / "set.jsonl")).items())) == 2


def test_a_table_of_opinions_in_several_files_is_one_set(table, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    whole = pq.read_table(table)
    folder = tmp_path / "parts"
    folder.mkdir()
    for number in range(2):
        pq.write_table(whole.slice(number * 12, 12), folder / f"{number}.parquet")
    data = open_set(folder)
    assert (data.kind, len(data.files)) == ("opinions", 2)
    both = [(item.image, item.labels["1"].quality) for item in data.items()]
    assert both == [(item.image, item.labels["1"].quality) for item in open_set(table).items()]
    assert len({item.id for item in data.items()}) == len(data.places()) == 20


def test_what_records_say_of_a_region_is_put_together(tmp_path):
    quality, importance = {"quality": 0.5, "metric": "m"}, {"importance": 0.2}
    more = quality | importance
    (item,) = open_set(
        write_records(tmp_path, [record(1, labels=quality), record(2, labels=more)])
    ).items()
    assert item.labels == {"1": RegionLabels(0.5, 0.2, metric="m")}
    other = record(2) | {"image": "b.png", "reference": "b"}
    apart = [record(1, labels=quality), other, record(3, labels=more), record(4, labels=importance)]
    items = list(open_set(write_records(tmp_path, apart)).items())
    assert [(item.id, item.labels["1"]) for item in items if item.image == "a.png"] == [
        ("r1", RegionLabels(0.5, metric="m")), ("r3", RegionLabels(importance=0.2, metric="m")),
    ]  # fmt: skip


def test_records_that_contradict_each_other_are_refused_by_name(tmp_path):
    records = [record(1), record(2, labels={"quality": 0.7, "metric": "m"})]
    data = open_set(write_records(tmp_path, records))
    fault = r"record 'r2': region 1 of a\.png: .*quality is 0\.5 in one and 0\.7 in another"
    with pytest.raises(ValueError, match=fault):
        list(data.items())


def test_all_spellings_of_a_photo_are_in_one_part_of_a_split(tmp_path):
    records = []
    for number in range(20):
        for place, name in enumerate(("sub/{}.png", "sub\\{}.png", "./sub/{}.png")):
            one = record(3 * number + place) | {"image": name.format(number)}
            del one["reference"]
            records.append(one)
    parts = split(open_set(write_records(tmp_path, records)), 0.5, seed=0)
    names = [{photo_identity(item.image) for item in part.items()} for part in parts]
    assert not names[0] & names[1]
    assert len(names[0] | names[1]) == 20


def test_plain_names_stay_in_the_part_that_their_hash_gives(table):
    _, held = split(open_set(table), 0.2, seed=0)
    assert held.groups() == {"p6.png", "p7.png", "p14.png", "p19.png"}
