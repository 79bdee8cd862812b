"""Bad photos show before training; moved data is the same data; two runs do not share a folder."""

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seagull.files.appending import only_writer
from seagull.files.config import ConfigError
from seagull.language.prompts import QUALITY_SLOT, quality_answer
from seagull.photos import PhotoError
from seagull.records import read_records, write_records
from seagull.training.config import Source, TrainConfig
from seagull.training.data.records import build_index, changed_file, fingerprint
from seagull.training.data.shared_photos import warn_of_shared_photos
from seagull.training.run import train

Settings = Callable[..., TrainConfig]


@pytest.fixture
def moved(records: Path, tmp_path: Path) -> Path:
    """The records and their photos in another folder."""
    return shutil.copytree(records.parent, tmp_path / "moved") / records.name


def cut(photo: Path) -> None:
    photo.write_bytes(photo.read_bytes()[: photo.stat().st_size * 2 // 3])


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".gif"])
def test_a_cut_off_photo_ends_the_run_before_it_starts(moved: Path, ending: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    photo = moved.parent / f"whole{ending}"
    Image.fromarray(pixels).save(photo)
    record = next(read_records(moved))
    write_records(moved, [type(record)(**{**vars(record), "image": photo.name})])
    assert len(build_index([Source(str(moved))])) == 1
    with photo.open("ab") as file:
        file.write(b"notes of the camera" * 20)  # no fault: a decoder stops before it
    assert len(build_index([Source(str(moved))])) == 1
    cut(photo)
    photo.write_bytes(photo.read_bytes()[:-300])
    with pytest.raises(PhotoError, match=r"whole\."):
        build_index([Source(str(moved))])


def test_checked_photos_and_regions_are_left_out_with_a_count(
    moved: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written = list(read_records(moved))
    cut(moved.parent / written[3].image)
    (moved.parent / written[5].image).unlink()
    lines = moved.read_text().splitlines()
    plain = json.loads(lines[8])
    plain["regions"][0] = {"id": "1", "rle": {"size": [5, 5], "counts": [0, 25]}}
    lines[8] = json.dumps(plain)
    moved.write_text("\n".join(lines))
    with caplog.at_level(logging.WARNING):
        index = build_index([Source(str(moved))], check_photos=True)
    assert index.left_out == 3
    kept = [index.read(number).id for number in range(len(index))]
    assert kept == [one.id for n, one in enumerate(written) if n not in (3, 5, 8)]
    assert "3 of 24 records are left out: record r3" in caplog.text


def test_open_quality_words_are_no_answers_to_learn(
    moved: Path, model_folder: Path, settings: Settings
) -> None:
    lines = moved.read_text().splitlines()
    plain = json.loads(lines[2])
    plain["messages"][1]["content"] = quality_answer(QUALITY_SLOT)
    moved.write_text("\n".join([*lines[:2], json.dumps(plain), *lines[3:]]))
    data = {"train": [{"path": str(moved)}]}
    with pytest.raises(
        ConfigError, match=r"of 1 records have \{quality\} .* 'r2'; .*readings=FILE"
    ):
        train(settings(data=data), model_folder)
    # The head learns no answers.
    numbers = {"text": 0.0, "numeric_head": 1.0}
    photos = data | {"pack": "photo"}
    train(settings(data=photos, loss=numbers, trainable=["mfe"], max_steps=1), model_folder)


@pytest.mark.parametrize("pack", ["none", "photo"])
def test_too_long_a_conversation_ends_the_run_before_it_starts(
    moved: Path, model_folder: Path, settings: Settings, pack: str
) -> None:
    lines = moved.read_text().splitlines()
    plain = json.loads(lines[20])
    plain["messages"][1]["content"] = "Noise. " * 200
    moved.write_text("\n".join([*lines[:20], json.dumps(plain), *lines[21:]]))
    data = {"train": [{"path": str(moved)}], "pack": pack, "max_tokens": 256}
    config = settings(data=data)
    with pytest.raises(ValueError, match=r"train\.jsonl: record r20: \d+ tokens, more than .* 256"):
        train(config, model_folder)
    assert not (Path(config.output) / "run.json").exists()


def test_numbers_of_a_region_that_do_not_fit_its_photo_end_the_run_before_it_starts(
    moved: Path,
) -> None:
    lines = moved.read_text().splitlines()
    for shape in ({"box": [0.1, 0.1, 0.5, 0.5]}, {"box": [0, 0, 900, 900]}):
        plain = json.loads(lines[8])
        plain["regions"][0] = {"id": "1", **shape}
        moved.write_text("\n".join([*lines[:8], json.dumps(plain), *lines[9:]]))
        with pytest.raises(ValueError, match=r"record r8: region 1: .*box"):
            build_index([Source(str(moved))])


@pytest.mark.parametrize(
    ("shape", "reason"),
    [({"points": [[20, 20, 1]]}, "points would take a segmenter"),
     ({"box": [8, 8, 40, 40], "refine": True}, "a box with `refine` would take a segmenter"),
     ({"mask": "nowhere.png"}, "nowhere"), ({"mask": "photo_1.png"}, "photo_1.png: the mask")],
)  # fmt: skip
def test_a_region_that_training_cannot_make_ends_the_run_before_it_starts(
    moved: Path, shape: dict[str, object], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    lines = moved.read_text().splitlines()
    plain = json.loads(lines[8])
    plain["regions"][0] = {"id": "1", **shape}
    moved.write_text("\n".join([*lines[:8], json.dumps(plain), *lines[9:]]))
    with pytest.raises(ValueError, match=rf"record r8: region 1: .*{reason}"):
        build_index([Source(str(moved))])
    assert build_index([Source(str(moved))], check_photos=True).left_out == 1
    assert "record r8: " in caplog.text


def test_a_line_that_is_no_record_ends_the_run_or_is_left_out_with_a_count(
    moved: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = moved.read_text().splitlines()
    moved.write_text("\n".join([*lines[:3], "{broken", *lines[3:]]))
    with pytest.raises(ValueError, match=r"train\.jsonl, line 4: not a record"):
        build_index([Source(str(moved))])
    index = build_index([Source(str(moved))], check_photos=True)
    assert (len(index), index.left_out) == (24, 1)
    assert index.read(3).id == "r3"
    assert "1 of 25 records are left out" in caplog.text


@pytest.mark.parametrize(
    ("labels", "reason"),
    [({"quality": 3.5}, "quality lies in"), ({"importance": -0.1}, "importance lies in"),
     ({"quality_std": -1}, "not negative"), ({"distortions": [["blur", "awful"]]}, "severity")],
)  # fmt: skip
def test_labels_on_another_scale_end_the_run_before_it_starts(
    moved: Path, labels: dict[str, object], reason: str
) -> None:
    lines = moved.read_text().splitlines()
    plain = json.loads(lines[1])
    plain["labels"] = {plain["regions"][0]["id"]: labels}
    lines[1] = json.dumps(plain)
    moved.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=rf"line 2: .*labels: .*{reason}"):
        build_index([Source(str(moved))])


def test_nothing_left_to_train_on_is_said(moved: Path) -> None:
    for photo in moved.parent.glob("*.png"):
        cut(photo)
    with pytest.raises(ConfigError, match="no records that can be used; 24 are left out"):
        build_index([Source(str(moved))], check_photos=True)


def test_a_file_whose_ids_repeat_is_refused(moved: Path) -> None:
    moved.write_text(moved.read_text().replace('"id": "r7"', '"id": "r6"'))
    with pytest.raises(ValueError, match=r"1 records have the id .* record 8 \('r6'\)"):
        build_index([Source(str(moved))])


def test_ids_of_two_files_may_be_the_same(moved: Path) -> None:
    other = moved.with_name("other.jsonl")
    other.write_bytes(moved.read_bytes())
    assert len(build_index([Source(str(moved)), Source(str(other))])) == 48


def test_a_fingerprint_is_of_bytes_and_their_order_not_of_paths() -> None:
    assert changed_file({"/a/x": "1", "/a/y": "2"}, {"/b/x": "1", "/b/y": "2"}) is None
    assert changed_file({"/a/x": "1"}, {"/a/x": "2"}) == "/a/x"
    assert changed_file({"/a/x": "1", "/a/y": "2"}, {"/a/x": "1"}) == "/a/y"
    assert changed_file({"/a/x": "1", "/a/y": "2"}, {"/a/x": "2", "/a/y": "1"}) is not None


def test_a_run_resumes_with_the_same_bytes_elsewhere_and_not_with_others(
    settings, records: Path, moved: Path
) -> None:
    first = settings(max_steps=2, save_every=1)
    train(first, Path(first.model))
    elsewhere = {"train": [{"path": str(moved)}], "workers": 0}
    again = settings(max_steps=3, save_every=1, data=elsewhere)
    train(again, Path(again.model))
    run = json.loads((Path(again.output) / "run.json").read_text())
    assert run["data"] == fingerprint(again.data.train)
    moved.write_text(moved.read_text() + "\n")
    with pytest.raises(ConfigError, match=r"the training data has changed since \(.*moved"):
        train(settings(max_steps=4, data=elsewhere), Path(again.model))


def test_validation_by_photos_that_are_trained_on_is_warned_of(
    records: Path, moved: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index = build_index([Source(str(records))])
    warn_of_shared_photos(index, [Source(str(moved))])
    assert "data.validation" not in caplog.text
    lines = moved.read_text().splitlines()
    own = json.loads(lines[0])
    other = {**json.loads(lines[1]), "image": str(records.parent / json.loads(lines[1])["image"])}
    moved.write_text("\n".join(json.dumps(one) for one in (own, other)))
    warn_of_shared_photos(index, [Source(str(moved))])
    assert "data.validation: 1 of its 2 photos are trained on, too" in caplog.text


def test_a_run_that_validates_by_its_training_photos_says_so(
    settings, records: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sources = [{"path": str(records)}]
    config = settings(max_steps=1, data={"train": sources, "validation": sources, "workers": 0})
    train(config, Path(config.model), lambda network: {})
    assert "data.validation: 24 of its 24 photos are trained on" in caplog.text


def test_a_second_run_in_the_same_folder_is_refused(settings) -> None:
    config = settings()
    Path(config.output).mkdir()
    with only_writer(Path(config.output) / ".lock") as alone:
        assert alone
        with pytest.raises(ConfigError, match="another run is at work"):
            train(config, Path(config.model))
