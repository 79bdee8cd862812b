"""``seagull train``, ``assess`` and ``evaluate`` with baseline systems."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from seagull.cli.app import build_app
from seagull.records import InstructionRecord, RegionLabels, write_records
from seagull.regions.spec import RegionSpec


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Six photos with MOS, and settings of a tiny QFM-IQM."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(6):
        pixels = rng.integers(0, 60, (70, 90, 3), dtype=np.uint8) + np.uint8(number * 30)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        labels = {"1": RegionLabels(quality=number / 5, metric="mos")}
        spec = (RegionSpec("1", whole=True),)
        made.append(InstructionRecord(str(number), f"{number}.png", spec, (), labels))
    write_records(tmp_path / "r.jsonl", made)
    (tmp_path / "c.yaml").write_text(
        f"system: qfm-iqm\noutput: {tmp_path / 'run'}\ndevice: cpu\n"
        f"data: {{train: [{{path: {tmp_path / 'r.jsonl'}}}]}}\nview: {{side: 64, short_side: 64}}\n"
        "qfm_iqm: {encoder: {architecture: test_vit}, heads: 4}\nbatch_size: 3\nmax_steps: 2\n"
    )
    return tmp_path


def run(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(build_app(), [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr


def test_train_then_assess_then_evaluate(work: Path):
    code, out, err = run("train", work / "c.yaml")
    assert (code, out.strip()) == (0, str(work / "run" / "model")), err
    assert "a reconstruction" in err
    # The run's folder and the model's folder are both a model.
    for folder in (work / "run", work / "run" / "model"):
        code, out, err = run("assess", work / "3.png", "--model", folder, "--json")
        assert code == 0, err
        report = json.loads(out)
        assert report["model"]["name"] == "qfm-iqm (reconstruction)"
        assert 0 <= report["regions"][0]["quality"]["score"] <= 1
        assert report["regions"][0]["importance"] is None
    named = f"qfm-iqm:{work / 'run'}"
    code, out, err = run(
        "evaluate", "--model", "none", "--data", work / "r.jsonl", "--baseline", named,
        "--baseline", "constant", "--json", "--resamples", 0,
    )  # fmt: skip
    assert code == 0, err
    assert json.loads(out)["predictor"] == f"{named} (reconstruction)"


def test_a_dry_run_shows_sizes_and_trains_nothing(work: Path):
    code, out, err = run("train", work / "c.yaml", "--dry-run")
    assert code == 0, err
    assert "6 photos, 2 steps of 3" in out
    assert "decoder" in out
    assert not (work / "run").exists()


def test_system_may_be_named_on_the_command_line(work: Path):
    text = (work / "c.yaml").read_text().replace("system: qfm-iqm\n", "")
    (work / "c.yaml").write_text(text)
    code, out, err = run("train", work / "c.yaml", "system=qfm-iqm", "--dry-run")
    assert (code, "6 photos" in out) == (0, True), err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "c.yaml", "system=musiq"), "system: one of qfm-iqm, dgiqa, got 'musiq'"),
        (("train", "c.yaml", "protocl=mask"), "did you mean protocol?"),
        (("train", "c.yaml", "--nproc", "2"), "trained by one process"),
        (("evaluate", "--data", "r.jsonl", "--baseline", "qfm-iqm:nowhere", "--model", "none"),
         "nowhere: no baseline's folder"),
        (("evaluate", "--data", "r.jsonl", "--baseline", "qfm:x"), "qfm-iqm:FOLDER"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(
    words: tuple[str, ...], said: str, work: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(work)
    code, _, err = run(*words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_a_baseline_is_no_model_to_evaluate_or_chat_with(work: Path):
    assert run("train", work / "c.yaml")[0] == 0
    folder = work / "run"
    code, _, err = run("evaluate", "--data", work / "r.jsonl", "--model", folder)
    assert code == 2
    assert f"--baseline qfm-iqm:{folder}" in err
    code, _, err = run("chat", work / "1.png", "--whole", "--model", folder, "--ask", "Sharp?")
    assert code == 2
    assert "in numbers only" in err
    code, _, err = run("compare", work / "1.png", work / "2.png", "--model", folder)
    assert code == 2
    assert "no spread to judge a change by" in err
    code, _, err = run("assess", work / "1.png", "--model", folder, "--dtype", "bf16")
    assert code == 2
    assert "computes in float32" in err
    code, _, err = run("assess", work / "1.png", "--model", folder, "--text")
    assert code == 2
    assert "in numbers only" in err
