"""The commands begin with our packages, whatever modules a user has on the path."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("form", ["{}.py", "{}/__init__.py"])
@pytest.mark.parametrize(
    ("entry", "hidden"),
    [("seagull_data", "data_tools"), ("seagull_data", "seagull"), ("seagull", "seagull")],
)
def test_modules_of_the_user_hide_nothing(tmp_path, form, entry, hidden):
    module = tmp_path / form.format(hidden)
    module.parent.mkdir(exist_ok=True)
    module.write_text("raise RuntimeError('the module of the user')\n")
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import seagull_iqa; seagull_iqa.{entry}()", "--help"],
        capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: " in done.stdout


def test_the_installed_commands_are_these():
    text = (ROOT / "pyproject.toml").read_text()
    assert 'seagull = "seagull_iqa:seagull"\nseagull-data = "seagull_iqa:seagull_data"\n' in text


def test_without_docstrings_a_model_is_refused_in_one_line():
    code = "from seagull.inference.load import find_model; find_model('nano')"
    done = subprocess.run(
        [sys.executable, "-OO", "-c", code],
        capture_output=True, text=True, check=False, timeout=600, cwd=ROOT,
    )  # fmt: skip
    assert "python -OO drops the docstrings" in done.stderr.splitlines()[-1]


def test_commands_work_without_docstrings():
    for entry in ("seagull", "seagull_data"):
        done = subprocess.run(
            [sys.executable, "-OO", "-c", f"import seagull_iqa; seagull_iqa.{entry}()", "--help"],
            capture_output=True, text=True, check=False, timeout=60, cwd=ROOT,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
