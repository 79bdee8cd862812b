"""What a run must stand: other settings, new photos, broken photos, a full disk, any order."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_tools.cli import app
from data_tools.config import DataConfig
from data_tools.engine import Hooks
from data_tools.engine_local import InlineEngine
from data_tools.pipeline import Run, RunError
from data_tools.state import OutputTree, latest, read_journal, read_json
from data_tools.status import read_status
from data_tools.work import UnitJob
from seagull.files.config import ConfigError, load_settings
from tests.data_tools.tiny_set import contents, make_photos, overrides, run_tiny


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_photos(tmp_path / "photos", 4)
    return tmp_path


def test_second_run_changes_nothing_and_does_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_tiny(root)
    before = {path: path.stat().st_mtime_ns for path in (root / "out").rglob("*.p*")}
    monkeypatch.setattr(
        InlineEngine, "run", lambda *_: pytest.fail("a finished run gave work to the engine")
    )
    run_tiny(root)
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_shards_in_reverse_order_give_the_same_files(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_tiny(root)
    forward = InlineEngine.run

    def backward(self: InlineEngine, jobs: Iterable[UnitJob], hooks: Hooks) -> None:
        forward(self, reversed(list(jobs)), hooks)

    monkeypatch.setattr(InlineEngine, "run", backward)
    run_tiny(root, "other")
    assert contents(root / "out") == contents(root / "other")


def test_label_after_distort_equals_both_at_once(root: Path) -> None:
    run_tiny(root)
    run = Run(run_tiny(root, "other").config)
    wanted = contents(root / "other")
    for shard in range(run.shards):
        run.tree.commit("label", shard).unlink()
        run.tree.journal("label", shard).unlink()
    for path in (root / "other/_work/labels").iterdir():
        path.unlink()
    run_tiny(root, "other")
    assert contents(root / "other") == wanted == contents(root / "out")


def test_changed_settings_stop_with_a_diff_and_redo_makes_only_what_they_decide(
    root: Path,
) -> None:
    run_tiny(root)
    image = next((root / "out/Dist.Images").rglob("*.png"))
    written = image.stat().st_mtime_ns
    with pytest.raises(RunError, match=r"chat\.turns: was 8, now 2"):
        run_tiny(root, "out", "chat.turns=2")
    run_tiny(root, "out", "chat.turns=2", redo=True)
    assert image.stat().st_mtime_ns == written
    run_tiny(root, "fresh", "chat.turns=2")
    assert contents(root / "out") == contents(root / "fresh")


def test_settings_may_be_corrected_until_a_photo_is_finished(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no file nothing\.json"):
        run_tiny(root, "other", "masks.given=nothing.json")
    with pytest.raises(ValueError, match="none of the 4 photos"):
        run_tiny(root, "other", "plan.min_side=500")
    run_tiny(root, "other")
    run_tiny(root)
    assert contents(root / "other") == contents(root / "out")


def test_new_photos_append_and_leave_the_old_ones_alone(root: Path) -> None:
    run_tiny(root)
    before = contents(root / "out")
    make_photos(root / "photos", 2, start=10)
    run = run_tiny(root)
    after = contents(root / "out")
    kept = [name for name in before if name.startswith(("Dist.", "Ref.", "_work/", "labels/"))]
    assert {name: before[name] for name in kept} == {name: after[name] for name in kept}
    assert run.shards == 3
    assert (root / "out/labels/shard-00002.parquet").exists()


def test_photos_that_cannot_be_used_are_rejected_with_reasons(root: Path) -> None:
    whole = (root / "photos/photo0.png").read_bytes()
    (root / "photos/broken.png").write_bytes(whole[: len(whole) // 2])
    (root / "photos/copy.png").write_bytes(whole)
    (root / "photos/empty.png").write_bytes(b"")
    run_tiny(root)
    rejected = (read_json(OutputTree(root / "out").plan()) or {})["rejected"]
    reasons = {row["path"]: row["reason"] for row in rejected}
    assert set(reasons) == {"broken.png", "empty.png", "photo0.png"}
    assert reasons["broken.png"].startswith("unreadable: ")
    assert reasons["photo0.png"] == "duplicate: the same pixels as copy.png"


def test_a_photo_lost_after_planning_is_quarantined_and_retried(root: Path) -> None:
    run = Run(load_settings(DataConfig, None, overrides(root, "out", "run.workers=0")))
    with run.opened():
        run.plan()
    photo = root / "photos/photo1.png"
    photo.rename(root / "hidden")
    run_tiny(root)
    status = read_status(run.tree)
    assert [(f.stage, f.id, f.kind) for f in status.failures] == [
        ("reference", "photo1", "FileNotFoundError")
    ]
    assert status.stages["label"]["done"] == 3
    assert status.stages["label"]["held"] == 1
    (root / "hidden").rename(photo)
    run_tiny(root)
    assert len(read_status(run.tree).failures) == 1, "only retry-failed takes it out of quarantine"
    with run.opened():
        assert run.retry_failed() == 1
    run_tiny(root)
    assert read_status(run.tree).failures == []
    run_tiny(root, "fresh")
    untouched = ("Dist.", "Ref.", "_work/labels", "_work/masks")
    made, fresh = contents(root / "out"), contents(root / "fresh")
    assert {k: v for k, v in made.items() if k.startswith(untouched)} == {
        k: v for k, v in fresh.items() if k.startswith(untouched)
    }


def test_retry_failed_works_in_the_folder_it_is_given(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    words = [*overrides(root), "run.workers=0", "input=photos", "output=out"]
    config = load_settings(DataConfig, None, words)
    run = Run(config)
    with run.opened():
        run.plan()
    (root / "photos/photo1.png").rename(root / "hidden")
    run_tiny(root, "out", "input=photos", "output=out")
    (root / "hidden").rename(root / "photos/photo1.png")
    (root / "out").rename(root / "moved")
    run_tiny(root)  # another set, without failures, where the first one was
    (root / "elsewhere").mkdir()
    monkeypatch.chdir(root / "elsewhere")
    done = CliRunner().invoke(app, ["retry-failed", "../moved"])
    assert done.exit_code == 0, done.output
    assert "1 failed references are tried again" in done.output
    assert read_status(OutputTree(root / "moved")).failures == []
    assert not list((root / "elsewhere").iterdir())


def test_a_full_disk_stops_cleanly_and_the_same_command_goes_on(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_tiny(root, "whole")
    write, left = OutputTree.write, [25]

    def full(self: OutputTree, relative: str, data: bytes, *, flush: bool = False) -> object:
        if relative.endswith(".png"):
            left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, relative, data, flush=flush)

    with monkeypatch.context() as patch:
        patch.setattr(OutputTree, "write", full)
        with pytest.raises(RunError, match=r"disk below .* is full.*same command again"):
            run_tiny(root)
    assert read_status(OutputTree(root / "out")).failures == []
    run_tiny(root)
    assert contents(root / "out") == contents(root / "whole")


def test_too_many_failures_stop_the_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_photos(root / "photos", 8)

    def broken(*_: object, **__: object) -> None:
        raise ValueError("no such luck")

    monkeypatch.setattr("data_tools.stages.find_rois", broken)
    with pytest.raises(RunError, match="failed, more than the budget"):
        run_tiny(root)


def test_a_file_that_lost_bytes_after_a_crash_is_made_again(root: Path) -> None:
    run = run_tiny(root)
    wanted = contents(root / "out")
    image = next((root / "out/Dist.Images").rglob("photo0.png"))
    image.write_bytes(image.read_bytes()[:100])
    run.tree.commit("distort", 0).unlink()  # as after a power cut: journal there, commit not
    run_tiny(root)
    assert contents(root / "out") == wanted


def test_two_runs_at_once_are_refused(root: Path) -> None:
    run = run_tiny(root)
    with run.opened(), pytest.raises(RunError, match="another run is at work"):
        run_tiny(root)


def test_a_torn_journal_line_is_cut_and_its_reference_done_again(root: Path) -> None:
    run = run_tiny(root)
    wanted = contents(root / "out")
    path = run.tree.journal("distort", 1)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + lines[1][:40])
    run.tree.commit("distort", 1).unlink()
    assert len(latest(read_journal(path))) == 1
    run_tiny(root)
    assert len(latest(read_journal(path))) == 2
    assert contents(root / "out") == wanted


def test_conversations_are_split_by_reference_and_read_back(root: Path) -> None:
    from seagull.records import read_records

    run_tiny(root)
    seen: dict[str, set[str]] = {}
    for split in ("train", "validation"):
        for record in read_records(root / f"out/conversations/{split}.jsonl"):
            seen.setdefault(str(record.reference), set()).add(split)
            assert (root / "out/conversations" / record.image).is_file()
    assert len(seen) == 4
    assert all(len(splits) == 1 for splits in seen.values())
    assert (
        json.loads((root / "out/distortions.json").read_text())["references"].keys() == seen.keys()
    )
