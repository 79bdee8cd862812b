"""The command, end to end: a tiny real model on tiny photos, and hand-made predictions."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import kendalltau, pearsonr, spearmanr
from typer.testing import CliRunner

from seagull.cli import build_app
from seagull.cli.services import Services
from seagull.inference.assessor import Assessor
from seagull.inference.engine import Engine
from seagull.model.head import RegionHead
from seagull.types import ModelInfo, QualityReport

BASELINES = ("constant", "crop-only", "box-drawn", "classical")


class CountingAssessor(Assessor):
    calls = 0
    die_at = None

    def assess(self, image, regions=None, **options) -> QualityReport:
        self.calls += 1
        if self.calls == self.die_at:
            raise KeyboardInterrupt
        return super().assess(image, regions, **options)


class TinyServices(Services):
    def __init__(self, assessor: Assessor):
        self.assessor = assessor

    def load(self, model, **options):
        return self.assessor


@pytest.fixture
def assessor(tiny_model, processor) -> CountingAssessor:
    return CountingAssessor(Engine(tiny_model, processor), ModelInfo("tiny", "0", trained=False))


@pytest.fixture
def run(assessor):
    def run(*words: object):
        app = build_app(TinyServices(assessor))
        return CliRunner().invoke(app, ["evaluate", *map(str, words), "--resamples", "20"])

    return run


@pytest.fixture
def region_set(tmp_path: Path) -> Path:
    """Twelve photos in two versions, the first of two regions blurred in the second version."""
    rng, lines = np.random.default_rng(0), []
    for number in range(12):
        clean = cv2.resize(rng.integers(0, 256, (16, 24, 3), dtype=np.uint8), (96, 64))
        clean = np.clip(clean + rng.normal(0, 20, clean.shape), 0, 255).astype(np.uint8)
        blurred, strength = clean.copy(), 1 + number / 3
        blurred[:, :48] = cv2.GaussianBlur(clean, (0, 0), strength)[:, :48]
        for version, pixels in (("clean", clean), ("blur", blurred)):
            Image.fromarray(pixels).save(tmp_path / f"{number}_{version}.png")
            found = [["blur", "moderate"]] if version == "blur" else []
            quality = 1 - strength / 5 if found else 0.95
            lines.append(
                {
                    "id": f"{number}.{version}",
                    "image": f"{number}_{version}.png",
                    "reference": str(number),
                    "regions": [
                        {"id": "l", "box": [0, 0, 48, 64]},
                        {"id": "r", "box": [48, 0, 96, 64]},
                    ],
                    "messages": [],
                    "labels": {
                        "l": {"quality": quality, "distortions": found, "metric": "m"},
                        "r": {"quality": 0.95 - number / 100, "distortions": [], "metric": "m"},
                    },
                }
            )  # fmt: skip
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_region_set_gives_all_results_for_the_model_and_all_baselines(run, region_set, tmp_path):
    out = tmp_path / "out"
    baselines = [word for name in BASELINES for word in ("--baseline", name)]
    done = run("--data", region_set, "--holdout", 0.5, *baselines, "--out", out, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["baselines"]) == set(BASELINES)
    photos = found["photos"]
    assert 3 <= photos <= 9
    for one in (found, *found["baselines"].values()):
        assert one["quality"]["n"] == 4 * photos
        assert one["sensitivity"]["pairs"] == photos
    assert found["distortion"]["per_type"]["clean"]["n"] == 3 * photos
    assert found["calibration"]["quality"]["n"] == 4 * photos
    assert found["distortion"]["n_single"]["single"] == photos
    assert 0 <= found["distortion"]["type_accuracy_single"] <= 1
    assert "distortion" not in found["baselines"]["classical"]
    assert found["baselines"]["constant"]["quality"]["srcc"] is None
    assert found["baselines"]["constant"]["sensitivity"]["ranked_right"] == 0.5
    assert found["baselines"]["classical"]["sensitivity"]["ranked_right"] > 0.8
    assert found["model"] == {"name": "tiny", "revision": "0", "trained": False}
    assert json.loads((out / "results.json").read_text()) == found
    page = (out / "index.html").read_text()
    assert page.count("data:image/jpeg") >= 8
    assert "untrained" in page
    assert "http" not in page  # nothing is fetched
    for plot in ("scatter_quality", "reliability_quality"):
        with Image.open(out / f"{plot}.png") as picture:
            assert picture.width > 300


def test_a_model_with_a_head_has_its_language_model_beside_it(
    run, assessor, tiny_model, processor, region_set, tmp_path
):
    torch.manual_seed(2)
    head = RegionHead(tiny_model.config.text.hidden_size).eval()
    assessor.engine = Engine(tiny_model, processor, head=head)
    done = run("--data", region_set, "--json", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["predictor"] == "model"
    own = found["baselines"]["model:language_model"]
    assert own["quality"]["n"] == found["quality"]["n"]
    assert own["quality"]["srcc"] != pytest.approx(found["quality"]["srcc"], abs=1e-3)
    assessor.engine = Engine(tiny_model, processor)
    alone = json.loads(run("--data", region_set, "--json").stdout)
    assert not alone["baselines"]
    assert own["quality"]["srcc"] == pytest.approx(alone["quality"]["srcc"], abs=1e-6)


def test_the_predictions_file_alone_gives_the_same_numbers(run, region_set, tmp_path):
    first = json.loads(run("--data", region_set, "--out", tmp_path / "out", "--json").stdout)
    file = tmp_path / "out" / "predictions" / "model.jsonl"
    again = json.loads(run("--predictions", file, "--json").stdout)
    assert again["quality"]["srcc"] == pytest.approx(first["quality"]["srcc"], abs=1e-6)
    assert again["distortion"] == first["distortion"]
    assert again["sensitivity"]["pairs"] == first["sensitivity"]["pairs"]


def test_a_killed_run_goes_on_and_ends_the_same(run, assessor, region_set, tmp_path):
    whole = run("--data", region_set, "--json").stdout
    assert assessor.calls == 24
    assessor.calls, assessor.die_at = 0, 10
    assert run("--data", region_set, "--out", tmp_path / "out").exit_code == 130
    assessor.calls, assessor.die_at = 0, None
    done = run("--data", region_set, "--out", tmp_path / "out", "--json")
    assert assessor.calls == 15
    ours, theirs = json.loads(done.stdout), json.loads(whole)
    assert ours["quality"]["srcc"] == pytest.approx(theirs["quality"]["srcc"], abs=1e-6)
    assert ours["distortion"] == theirs["distortion"]


def test_photos_that_cannot_be_read_are_counted_not_dropped(run, region_set):
    (region_set.parent / "3_blur.png").write_bytes(b"no picture")
    done = run("--data", region_set, "--json")
    assert done.exit_code == 2
    found = json.loads(done.stdout)
    assert [one["id"] for one in found["failed"]] == ["3.blur"]
    assert found["quality"]["n"] == 46
    assert "3_blur.png" in done.stderr


def test_a_photo_under_another_name_in_the_training_set_is_noticed(run, region_set, tmp_path):
    lines = [json.loads(line) for line in region_set.read_text().splitlines()]
    (tmp_path / "copy.png").write_bytes((tmp_path / "5_clean.png").read_bytes())
    training = [one | {"reference": f"t{one['id']}"} for one in lines[14:]]
    for one in training:  # of other pixels
        one["image"] = f"t_{one['image']}"
        pixels = np.random.default_rng(1).integers(0, 256, (64, 96, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / one["image"])
    training.append(lines[10] | {"id": "x", "image": "copy.png", "reference": "renamed"})
    fit = tmp_path / "fit.jsonl"
    fit.write_text("".join(json.dumps(one) + "\n" for one in training))
    words = ("--model", "none", "--baseline", "classical", "--fit", fit)
    done = run("--data", region_set, *words)
    assert done.exit_code == 2
    assert "same pixels" in done.stderr
    fit.write_text(json.dumps(lines[0]) + "\n")
    assert "photos of" in run("--data", region_set, *words).stderr


def test_baselines_are_not_fitted_to_another_metric(run, region_set, tmp_path):
    lines = [json.loads(line) for line in region_set.read_text().splitlines()]
    for one in lines:
        one["reference"] = f"other {one['reference']}"
        one["image"] = f"other {one['image']}"
        for labels in one["labels"].values():
            labels["metric"] = "mos"
    fit = tmp_path / "fit.jsonl"
    fit.write_text("".join(json.dumps(one) + "\n" for one in lines))
    words = ("--data", region_set, "--model", "none", "--baseline", "constant", "--fit", fit)
    done = run(*words)
    assert done.exit_code == 2
    assert "is evaluated by m, but" in done.stderr
    assert "has scores of mos" in done.stderr
    assert "has no such scores" in run(*words, "--metric", "m").stderr
    fit.write_text(fit.read_text().replace('"mos"', '"m"'))
    assert run(*words).exit_code == 0


def test_hand_made_rows_give_scipys_numbers(run, tmp_path):
    rng = np.random.default_rng(0)
    label = rng.uniform(0, 1, 60).round(2)
    said = np.clip(label + rng.normal(0, 0.2, 60), 0, 1).round(2)
    rows = [
        {"image": f"{n}.png", "quality": s, "quality_std": 0.2, "labels": {"quality": t}}
        for n, (s, t) in enumerate(zip(said, label, strict=True))
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = json.loads(run("--predictions", path, "--json").stdout)["quality"]
    assert found["srcc"] == pytest.approx(spearmanr(said, label).statistic)
    assert found["plcc"] == pytest.approx(pearsonr(said, label).statistic)
    assert found["krcc"] == pytest.approx(kendalltau(said, label).statistic)
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean((said - label) ** 2)))
    assert found["ci"]["srcc"][0] < found["srcc"] < found["ci"]["srcc"][1]


def test_reports_of_assess_are_joined_with_the_set(run, assessor, region_set, tmp_path):
    from seagull.photos import read_photo
    from seagull.regions.spec import RegionSpec
    from seagull.reports.json import report_to_json

    reports = []
    for number in range(12):
        photo = read_photo(tmp_path / f"{number}_blur.png")
        regions = [RegionSpec("l", box=(0, 0, 48, 64)).build(photo)]
        reports.append(report_to_json(assessor.assess(photo, regions)))
    path = tmp_path / "reports.jsonl"
    path.write_text("\n".join(reports))
    done = run("--predictions", path, "--data", region_set, "--json")
    assert json.loads(done.stdout)["quality"]["n"] == 12
    assert "36 labelled regions have no prediction" in done.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "give --data"),
        (("--data", "SET", "--baseline", "constnat"), "did you mean constant"),
        (("--data", "SET", "--tasks", "sharpness"), "unknown task"),
        (("--data", "SET", "--tasks", "importance"), "nothing to compare for importance"),
        (("--data", "SET", "--model", "none"), "add a --baseline"),
        (("--data", "SET", "--model", "none", "--baseline", "crop-only"), "asks a model"),
        (("--data", "SET", "--baseline", "classical"), "--fit or --holdout"),
        (("--data", "SET", "--holdout", 1.5), "between 0 and 1"),
        (("--data", "SET", "--trained-on", "SET"), "the model was trained on"),
        (("--data", "missing.jsonl"), "no such file"),
        (("--data", "SET", "--mos-range", "1,5"), "table of opinions"),
        (("--predictions", "SET"), "line 1"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run, region_set, words, reason):
    done = run(*(region_set if word == "SET" else word for word in words))
    assert done.exit_code == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_what_baselines_are_fitted_to_is_on_the_scale_that_is_given(run, tmp_path):
    for name, scores in (("data", (20, 40, 60, 80)), ("fit", (1, 2, 3, 4))):
        lines = [f"{name}{number}.png,{score}" for number, score in enumerate(scores)]
        (tmp_path / f"{name}.csv").write_text("\n".join(("image,mos", *lines)))
        for number in range(4):
            Image.new("RGB", (32, 32), (number, 0, 0)).save(tmp_path / f"{name}{number}.png")
    words = ("--data", tmp_path / "data.csv", "--fit", tmp_path / "fit.csv", "--mos-range", "100,0")
    done = run(*words, "--model", "none", "--baseline", "constant", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    rows = (tmp_path / "out" / "predictions" / "constant.jsonl").read_text().splitlines()[1:]
    assert [json.loads(row)["quality"] for row in rows] == pytest.approx([0.975] * 4)
