"""Conversations about versions: a talk goes on in free words, regions of a version are compared."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from seagull.records import InstructionRecord, RegionLabels, read_records
from seagull.types import AssessmentTask
from tests.data_tools.tiny_set import make_photos
from tests.data_tools.versions.tiny_versions import done, make


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("spoken")
    make_photos(root / "photos" / "kept", 2)
    make_photos(root / "photos" / "held", 2, start=2)
    return root


@pytest.fixture(scope="module")
def spoken(root: Path) -> list[InstructionRecord]:
    """Conversations about versions of which all regions have been read."""
    make(root, "spoken")
    regions = {
        (record.image, name)
        for record in read_records(root / "spoken" / "versions" / "train.jsonl")
        for name in record.labels
    }
    rows = [
        {"image": image, "region": name, "quality": 0.1 + 0.2 * (len(name) % 4), "std": 0.1}
        for image, name in sorted(regions)
    ]
    file = root / "spoken.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    make(root, "spoken", f"versions.readings={file}")
    return list(read_records(root / "spoken" / "versions" / "language.jsonl"))


def test_a_talk_goes_on_in_free_words(spoken: list[InstructionRecord]) -> None:
    talks = [record for record in spoken if record.id.endswith(".talk")]
    assert len(talks) == len({record.image for record in spoken})
    turns = {len(record.messages) // 2 for record in talks}
    assert turns <= {2, 3, 4}
    assert len(turns) == 3
    for record in talks:
        assert record.messages[1].task is AssessmentTask.QUALITY
        assert all(message.task is None for message in record.messages[2:])
        shown = next(iter(record.labels.values())).distortions
        said = " ".join(message.content for message in record.messages[3::2])
        assert shown is not None
        if not shown:
            assert not any(word in said for word in ("noise", "blur", "contrast"))


def test_regions_of_a_version_are_compared(root: Path, spoken: list[InstructionRecord]) -> None:
    versions = done(root, "spoken")
    every = spoken
    compared = [record for record in every if record.id.endswith(".compare")]
    typed: dict[str, dict[str, RegionLabels]] = defaultdict(dict)
    for record in every:
        if len(record.labels) == 1:
            known = {n: one for n, one in record.labels.items() if one.distortions is not None}
            typed[record.image] |= known
    able = {image for image, own in typed.items() if len(own) > 1}
    partly = {i for i in able if versions[Path(i).name]["target"] is not None}
    assert partly <= {record.image for record in compared} < able
    counts = Counter(len(record.regions) for record in compared)
    assert set(counts) <= {2, 3, 4}
    assert counts[2]
    targets = 0
    for record in compared:
        ids = tuple(spec.id for spec in record.regions)
        names = record.id.split(".")[-2].split("-")
        assert [message.regions for message in record.messages[::2]] == [ids] * (
            len(record.messages) // 2
        )
        mine = {id: typed[record.image][name] for id, name in zip(ids, names, strict=True)}
        assert record.labels == mine
        targets += versions[Path(record.image).name]["target"] in names
    assert targets
