"""The whole command: files that are made again, and records that say what was done."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import cv2
import pytest

from data_tools.pipeline import RunError
from data_tools.versions.assemble import join_readings
from data_tools.versions.known import Reading
from seagull.language.prompts import CLEAN_ANSWER, QUALITY_SLOT, distortion_answer, quality_answer
from seagull.levels import QUALITY
from seagull.records import InstructionRecord, read_records
from seagull.types import AssessmentTask
from tests.data_tools.tiny_set import contents, make_photos
from tests.data_tools.versions.tiny_versions import done, make, records


def test_a_lost_picture_is_made_again(root: Path) -> None:
    before = contents(root / "out")
    next((root / "out" / "Versions").glob("*.png")).unlink()
    make(root, "out")
    assert contents(root / "out") == before


def test_a_broken_reference_costs_no_other(root: Path) -> None:
    make(root, "broken")
    (root / "broken" / "Ref.Images" / "photo1.png").write_bytes(b"no picture")
    result = make(root, "broken")
    assert list(result.failed) == ["photo1"]
    assert result.references == 3
    named = {record.reference for record in read_records(root / "broken/versions/train.jsonl")}
    assert named == {"photo0"}


def test_other_settings_are_refused_until_redo(root: Path) -> None:
    make(root, "redo", "versions.per_scene=2")
    with pytest.raises(RunError, match=r"versions\.per_scene: was 2, now 5"):
        make(root, "redo")
    make(root, "redo", redo=True)
    assert contents(root / "redo") == contents(root / "out")


def test_the_split_goes_by_the_photos_path(root: Path) -> None:
    references = {
        name: {r.reference for r in records(root, name)} for name in ("train", "validation")
    }
    assert references == {"train": {"photo0", "photo1"}, "validation": {"photo2", "photo3"}}


def test_pictures_resolve_and_pixels_change_only_where_said(root: Path) -> None:
    versions = done(root)
    seen = set()
    for record in [*records(root, "train"), *records(root, "validation")]:
        path = root / "out" / "versions" / record.image
        version = versions[path.name]
        target = [spec for spec in record.regions if spec.id == version["target"]]
        if path in seen or version["kind"] != "inside" or not target:
            continue
        seen.add(path)
        pixels = cv2.imread(str(path))
        clean = cv2.imread(str(path.with_name(f"{path.name.rsplit('.', 2)[0]}.0.png")))
        mask = target[0].build(pixels.shape[:2]).mask
        changed = (pixels != clean).any(axis=-1)
        assert changed[mask].any()
        if version["feather"] == 0:
            assert not changed[~mask].any()
    assert len(seen) >= 3


def test_records_say_what_was_done(root: Path) -> None:
    versions = done(root)
    ids = Counter[str]()
    for record in [*records(root, "train"), *records(root, "validation")]:
        ids[record.id] += 1
        version = versions[Path(record.image).name]
        ((name, labels),) = record.labels.items()
        state = next(one["state"] for one in version["labels"] if one["id"] == name)
        answer, task = record.messages[1].content, record.messages[1].task
        assert [message.regions for message in record.messages[::2]] == [(name,)] * (
            len(record.messages) // 2
        )
        if state == "clean":
            assert labels.quality == 1.0
            assert labels.distortions == ()
        if state == "partly":
            assert labels.distortions is None
        assert labels.order is not None
        assert labels.order.group.endswith(f"/{Path(record.image).name.rsplit('.', 2)[0]}")
        if state == "distorted":
            levels = {one["k"] for one in version["settings"]}
            assert set((labels.order.levels or {}).values()) == levels
        else:
            assert labels.order.levels == ({} if state == "clean" else None)
        if labels.distortions:
            done_to_it = {(one["type"], one["severity"]) for one in version["settings"]}
            assert {(kind.value, word) for kind, word in labels.distortions} == done_to_it
        if task is AssessmentTask.DISTORTION:
            assert answer == distortion_answer(labels.distortions or ())
        if task is AssessmentTask.QUALITY:
            assert answer == quality_answer(QUALITY_SLOT)
        if record.id.endswith(".judge-type") and state == "clean":
            assert answer == f"No. {CLEAN_ANSWER}"
    assert max(ids.values()) == 1
    forms = Counter(name.rsplit(".", 1)[1] for name in ids)
    assert {"quality", "importance", "distortion", "joint"} < set(forms)
    assert not {"talk", "compare", "judge-quality"} & set(forms)
    assert forms["quality"] == sum(len(version["labels"]) for version in versions.values())
    assert 0.15 < sum(forms[f] for f in forms if f.startswith("judge")) / forms["quality"] < 0.5
    assert (
        len({record.labels[n].metric for record in records(root, "train") for n in record.labels})
        == 1
    )


def test_importance_belongs_to_a_region_in_its_scene(root: Path) -> None:
    found: dict[tuple[str, str], set[float | None]] = defaultdict(set)
    for record in [*records(root, "train"), *records(root, "validation")]:
        scene = Path(record.image).name.rsplit(".", 2)[0]
        for name, labels in record.labels.items():
            found[scene, name].add(labels.importance)
    assert all(len(values) == 1 for values in found.values())
    whole = {key: values for key, values in found.items() if key[1] == "photo"}
    assert whole
    assert all(values == {None} for values in whole.values())
    numbers = {value for key, (value,) in found.items() if key not in whole}
    assert None not in numbers
    assert len(numbers) > 4


def test_readings_fill_the_words_of_conversations(root: Path) -> None:
    read = {}
    for record in records(root, "train"):
        if "photo0" in record.image:
            (name,) = record.labels
            quality = 0.05 + 0.9 * (len(read) % 10) / 10
            read.setdefault((record.image, name), quality)
    rows = [
        {"image": image, "region": name, "quality": quality, "std": 0.1}
        for (image, name), quality in read.items()
    ]
    file = root / "readings.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    before = (root / "out" / "versions" / "train.jsonl").read_bytes()
    result = make(root, "out", f"versions.readings={file}")
    written = records(root, "language")
    assert result.records == {"versions/language.jsonl": len(written)}
    assert (root / "out" / "versions" / "train.jsonl").read_bytes() == before
    assert {record.reference for record in written} == {"photo0"}
    forms = Counter(record.id.rsplit(".", 1)[1] for record in written)
    assert {"quality", "talk", "compare"} < set(forms)
    for record in written:
        assert QUALITY_SLOT not in " ".join(message.content for message in record.messages)
        if record.id.endswith(".quality"):
            ((name, labels),) = record.labels.items()
            assert labels.quality == pytest.approx(read[record.image, name], abs=1e-5)
            assert (labels.metric, labels.quality_std) == ("model", 0.1)
            assert record.messages[1].content == quality_answer(QUALITY.word(labels.quality or 0))


def test_faulty_readings_are_refused_with_their_line(root: Path) -> None:
    file = root / "faulty.jsonl"
    file.write_text('{"image": "a.png", "region": "1", "quality": 0.5, "std": 0.1}\n{"image": 1}\n')
    with pytest.raises(ValueError, match=r"faulty\.jsonl, line 2: image, region, quality and std"):
        make(root, "out", f"versions.readings={file}")
    with pytest.raises(ValueError, match="cannot be read"):
        make(root, "out", f"versions.readings={root / 'none.jsonl'}")


def test_readings_belong_to_the_picture_that_their_name_means() -> None:
    pictures = ["Versions/a.0.png", "Versions/a.1.png"]
    one, other = Reading(0.2, 0.1), Reading(0.8, 0.1)
    for name in ("../Versions/a.1.png", "C:\\set\\Versions\\a.1.png", "/set/Versions/a.1.png"):
        assert join_readings({(name, "2"): one}, pictures) == {("Versions/a.1.png", "2"): one}
    two = {("x/Versions/a.0.png", "1"): one, ("y/Versions/a.0.png", "1"): other}
    with pytest.raises(ValueError, match=r"could mean x/Versions/a\.0\.png or y/Versions/a\.0"):
        join_readings(two, pictures)
    with pytest.raises(ValueError, match=r"of other pictures: of Versions/b\.0\.png, the set has"):
        join_readings({("Versions/b.0.png", "1"): one}, pictures)


def test_sensitivity_pairs_versions_of_a_scene(root: Path) -> None:
    versions = done(root)
    scenes: dict[str, dict[str, dict[str, InstructionRecord]]] = defaultdict(dict)
    for record in records(root, "sensitivity"):
        (name,) = record.labels
        assert record.id.endswith(f".{name}.quality")
        scenes[str(record.reference)].setdefault(record.image, {})[name] = record
    assert scenes
    for scene, images in scenes.items():
        clean = images[f"../Versions/{scene}.0.png"]
        assert all(record.labels[name].distortions == () for name, record in clean.items())
        assert len(images) >= 2
        for image, found in images.items():
            assert set(found) <= set(clean)
            version = versions[Path(image).name]
            assert version["kind"] in ("clean", "inside")
            if version["kind"] == "inside":
                labels = {name: record.labels[name] for name, record in found.items()}
                assert labels[version["target"]].distortions
                assert all(one.distortions is not None for one in labels.values())


def test_another_sets_calibration_is_taken_over(root: Path) -> None:
    other = str(root / "out")
    make(root, "more", "seed=5", f"versions.calibration={other}")
    scale = "_state/versions-calibration.json"
    assert (root / "more" / scale).read_bytes() == (root / "out" / scale).read_bytes()
    mine, theirs = (
        next(read_records(root / name / "versions" / "train.jsonl")) for name in ("more", "out")
    )
    (first,), (second,) = mine.labels.values(), theirs.labels.values()
    assert first.metric == second.metric


def test_photos_of_one_name_in_two_sets_are_not_put_in_order(root: Path, tmp_path: Path) -> None:
    make_photos(tmp_path / "photos" / "kept", 1, start=9)
    (tmp_path / "photos" / "kept" / "photo9.png").rename(
        tmp_path / "photos" / "kept" / "photo0.png"
    )
    make(tmp_path, "out", f"versions.calibration={root / 'out'}")
    found = []
    for folder in (root, tmp_path):
        mine = [r for r in records(folder, "train") if r.reference == "photo0"]
        scenes = {Path(record.image).name.rsplit(".", 2)[0] for record in mine}
        groups = {one.order.group for r in mine for one in r.labels.values() if one.order}
        assert len(groups) == len(scenes)
        found.append((scenes, groups))
    (scenes, groups), (other_scenes, other_groups) = found
    assert scenes & other_scenes
    assert not groups & other_groups


def test_a_calibration_that_is_not_there_or_of_another_metric_is_refused(root: Path) -> None:
    with pytest.raises(ValueError, match="no versions"):
        make(root, "late", f"versions.calibration={root / 'photos'}")
    # Nothing is made first.
    assert not (root / "late" / "Versions").exists()
    foreign = root / "foreign" / "_state"
    foreign.mkdir(parents=True)
    plain = json.loads((root / "out" / "_state" / "versions-calibration.json").read_text())
    plain["metric"] = "other-1"
    (foreign / "versions-calibration.json").write_text(json.dumps(plain))
    with pytest.raises(ValueError, match="never mix"):
        make(root, "out", f"versions.calibration={root / 'foreign'}")
