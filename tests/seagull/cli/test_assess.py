"""``seagull assess``: inputs, outputs, what it says, what it never loses."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seagull.regions.rle import encode, encode_runs
from seagull.reports.csv import HEADER
from seagull.reports.json import report_from_json
from seagull.reports.schema import check_report
from tests.seagull.cli.conftest import save_photo


def test_without_a_region_the_whole_photo_is_assessed(cli, photo):
    done = cli("assess", photo, "--json")
    (region,) = json.loads(done.out)["regions"]
    assert (done.code, region["source"], region["area_fraction"]) == (0, "whole", 1.0)


def test_json_on_stdout_is_one_valid_report_and_notices_go_to_stderr(cli, photo):
    cli.services.assessor.info = type(cli.services.assessor.info)("fake", "1", False)
    done = cli("assess", photo, "--point", "30,20", "--json")
    check_report(json.loads(done.out))
    assert "untrained" in done.err
    assert "no SAM here" in done.err


def test_every_kind_of_region_arrives_with_its_pixels(cli, photo, tmp_path):
    mask = np.zeros((40, 60), bool)
    mask[5:9, 6:16] = True
    Image.fromarray(mask).save(tmp_path / "mask.png")
    rle = json.dumps(encode(mask).to_dict())
    (tmp_path / "rle.json").write_text(rle)
    done = cli(
        "assess", photo, "--json", "--box", "6,5,16,9", "--box", "face=0,0,1,40",
        "--polygon", "6,5 16,5 16,9 6,9", "--mask", tmp_path / "mask.png", "--rle", rle,
        "--rle", tmp_path / "rle.json", "--whole",
    )  # fmt: skip
    report = report_from_json(done.out)
    kinds = [assessment.region.source for assessment in report.regions]
    assert kinds == ["box", "box", "polygon", "mask", "rle", "rle", "whole"]
    ids = [assessment.region.id for assessment in report.regions]
    assert ids == ["1", "face", "3", "4", "5", "6", "7"]
    same = [report.regions[index].region.mask for index in (0, 2, 3, 4, 5)]
    assert all(np.array_equal(one, mask) for one in same)


def test_each_point_is_a_region_and_points_is_one(cli, photo):
    done = cli("assess", photo, "--json", "--point", "25,15", "--point", "30,20",
               "--points", "25,15 35,25 2,2,-")  # fmt: skip
    regions = report_from_json(done.out).regions
    assert [one.region.source for one in regions] == ["points"] * 3
    assert regions[2].region.mask[15, 25]
    assert not regions[2].region.mask[2, 2]


def test_the_table_shows_words_and_numbers(cli, photo):
    done = cli("assess", photo, "--box", "20,10,40,30", "--text")
    assert done.code == 0
    assert re.search(r"excellent 0\.\d\d ±0\.\d\d", done.out)
    assert "words about importance" in done.out


def test_tasks_not_asked_are_null(cli, photo):
    done = cli("assess", photo, "--json", "--tasks", "importance")
    (region,) = json.loads(done.out)["regions"]
    assert region["quality"] is None
    assert region["distortions"] is None
    assert region["importance"]["level"]


def test_a_folder_gives_one_array_and_one_csv_after_one_model_load(cli, photos, tmp_path):
    table = tmp_path / "out.csv"
    done = cli("assess", photos, "--json", "--csv", table, "--box", "0,0,9,9", "--whole")
    assert [len(report["regions"]) for report in json.loads(done.out)] == [2, 2, 2]
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert (len(rows), tuple(rows[0])) == (6, HEADER)
    assert cli.services.loads == 1


def test_everything_with_an_overlay_brings_the_heat_map(cli, photo, tmp_path):
    done = cli("assess", photo, "--everything", "--segmenter", "classical", "--max-regions", 2,
               "--overlay", tmp_path / "out.png")  # fmt: skip
    assert done.code == 0
    with Image.open(tmp_path / "out.png") as overlay:
        assert max(overlay.size) >= 800
    assert (tmp_path / "out.heatmap.png").is_file()


def test_pictures_of_many_photos_keep_their_folders_apart(cli, photos, tmp_path):
    (photos / "sub").mkdir()
    (photos / "p0.png").rename(photos / "sub" / "p1.png")
    cli("assess", photos, "--overlay", tmp_path / "drawn")
    drawn = sorted(
        str(p.relative_to(tmp_path / "drawn")) for p in (tmp_path / "drawn").rglob("*.png")
    )
    assert drawn == ["p1.png.overlay.png", "p2.png.overlay.png", "sub/p1.png.overlay.png"]


def test_a_bad_photo_is_reported_and_the_others_are_done(cli, photos, tmp_path):
    (photos / "p1.png").write_bytes((photos / "p1.png").read_bytes()[:60])
    (photos / "p3.jpg").write_bytes(b"not a photo")
    out = tmp_path / "out.jsonl"
    done = cli("assess", photos, tmp_path / "missing.png", "--jsonl", out)
    assert done.code == 2
    assert [Path(json.loads(line)["image"]["path"]).name for line in out.open()] == [
        "p0.png",
        "p2.png",
    ]
    for name in ("p1.png", "p3.jpg", "missing.png"):
        assert sum(name in line for line in done.err.splitlines()) == 1
    assert "4 photos: 2 assessed, 2 failed" in done.err


class TestResuming:
    def test_finished_photos_are_not_asked_again(self, cli, photos, tmp_path):
        out = tmp_path / "out.jsonl"
        cli("assess", photos, "--jsonl", out)
        before = out.read_bytes()
        cli.services.assessor.assessed.clear()
        done = cli("assess", photos, "--jsonl", out, "--json")
        assert cli.services.assessor.assessed == []
        assert out.read_bytes() == before
        assert len(json.loads(done.out)) == 3
        assert "3 done before" in done.err

    def test_a_changed_photo_or_setting_is_asked_again(self, cli, photos, tmp_path):
        out = tmp_path / "out.jsonl"
        cli("assess", photos, "--jsonl", out)
        cli.services.assessor.assessed.clear()
        Image.new("RGB", (50, 50)).save(photos / "p1.png")
        cli("assess", photos, "--jsonl", out)
        assert [Path(path).name for path in cli.services.assessor.assessed] == ["p1.png"]
        cli.services.assessor.assessed.clear()
        cli("assess", photos, "--jsonl", out, "--tasks", "quality")
        assert len(cli.services.assessor.assessed) == 3

    def test_half_a_line_of_a_killed_run_is_mended(self, cli, photos, tmp_path):
        out = tmp_path / "out.jsonl"
        cli("assess", photos, "--jsonl", out)
        whole = out.read_bytes()
        out.write_bytes(whole[:-200])
        cli.services.assessor.assessed.clear()
        cli("assess", photos, "--jsonl", out)
        assert out.read_bytes() == whole
        assert len(cli.services.assessor.assessed) == 1

    def test_a_fault_of_the_model_keeps_what_is_done(self, cli, photos, tmp_path):
        out = tmp_path / "out.jsonl"
        cli.services.assessor.fail_on = "p2"
        done = cli("assess", photos, "--jsonl", out)
        assert done.code == 1
        assert "--debug" in done.err
        assert "Traceback" not in done.err
        assert len(out.read_text().splitlines()) == 2

    def test_ctrl_c_keeps_what_is_done_and_json_stays_valid(self, cli, photos, tmp_path):
        out = tmp_path / "out.jsonl"
        cli.services.assessor.fail_on = "p1"
        cli.services.assessor.error = KeyboardInterrupt()
        done = cli("assess", photos, "--jsonl", out, "--json")
        assert done.code == 130
        assert len(json.loads(done.out)) == 1
        assert len(out.read_text().splitlines()) == 1


def test_run_lengths_longer_than_any_path_go_on_the_command_line(cli, photo):
    speckled = np.random.default_rng(0).random((40, 60)) < 0.5
    rle = json.dumps(encode_runs(speckled).to_dict())
    assert len(rle) > 1000  # a file's name ends at 255 bytes
    for value in (rle, f"speckles={rle}"):
        done = cli("assess", photo, "--json", "--rle", value)
        assert done.code == 0, done.err
        (region,) = json.loads(done.out)["regions"]
        assert region["area_fraction"] == pytest.approx(speckled.mean(), abs=1e-5)


def test_numbers_may_be_read_off_the_language_model(cli, photo, tmp_path):
    out = tmp_path / "out.jsonl"
    for wanted in ((), ("--read-out", "language_model"), ("--read-out", "language_model")):
        assert cli("assess", photo, "--jsonl", out, *wanted).code == 0
    # What was read in one way is not taken for the other, and goes on as it is.
    assert cli.services.assessor.read_outs == ["head", "language_model"]
    wrong = cli("assess", photo, "--read-out", "language-model")
    assert wrong.code == 2
    assert "unknown read-out 'language-model'" in wrong.err
    assert "language_model" in wrong.err


def test_what_is_left_out_is_one_line(cli, photos):
    (photos / "notes.txt").touch()
    (photos / "gone.png").symlink_to("nowhere")
    done = cli("assess", photos, "--json")
    assert (done.code, len(json.loads(done.out))) == (0, 3)
    assert done.err.count("2 left out: 1 TXT") == 1


def test_a_dry_run_lists_the_photos_and_touches_nothing(cli, photos, tmp_path):
    (photos / "notes.txt").touch()
    done = cli("assess", photos, "--dry-run", "--jsonl", tmp_path / "out.jsonl")
    assert (done.code, cli.services.loads) == (0, 0)
    assert done.out.splitlines() == [str(photos / f"p{number}.png") for number in range(3)]
    assert "1 left out: 1 TXT" in done.err
    assert "3 photos would be assessed" in done.err
    assert not (tmp_path / "out.jsonl").exists()
    assert cli("assess", photos, tmp_path / "none.png", "--dry-run").code == 2


def test_a_photo_with_brackets_in_its_name_is_one_photo(cli, photo, tmp_path):
    bracketed = photo.rename(tmp_path / "photo[1].png")
    save_photo(tmp_path / "photo1.png", 1)
    done = cli("assess", bracketed, "--json", "--overlay", tmp_path / "out.png")
    assert json.loads(done.out)["image"]["path"] == str(bracketed)
    assert (tmp_path / "out.png").exists()


@pytest.mark.parametrize("option", ["--mask", "--rle"])
def test_a_file_named_like_a_name_and_a_file_means_itself(
    cli, photo, tmp_path, monkeypatch, option
):
    monkeypatch.chdir(tmp_path)
    for name, rows in (("run=3.png", 9), ("3.png", 30), ("4.png", 20)):
        mask = np.zeros((40, 60), bool)
        mask[:rows] = True
        if option == "--mask":
            Image.fromarray(mask).save(name)
        else:
            Path(name).write_text(json.dumps(encode(mask).to_dict()))
    done = cli("assess", photo, "--json", option, "run=3.png", option, "run=4.png")
    found = {one.region.id: one.region.box[3] for one in report_from_json(done.out).regions}
    assert found == {"1": 9, "run": 20}


def test_points_in_a_file_ask_the_segmenter_that_was_named(cli, photo):
    words = ("assess", photo, "--json", "--rle", '{"points":[[30,20]]}', "--segmenter")
    done = cli(*words, "clasical")
    assert done.code != 0
    assert "classical" in done.err
    assert cli(*words, "classical").code == 0
