"""Commands that run no model start at once: they import nothing that a model needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "torchvision", "timm", "transformers", "peft", "matplotlib", "scipy", "skimage"}
"""Packages that take seconds to import."""

REPORT = """
import json, sys
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""
COMMAND = """
from seagull.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def loaded(code: str, *words: str) -> set[str]:
    """The packages that a fresh process has imported after running ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", code + REPORT, *words], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "words", [("--help",), ("assess", "--help"), ("--version",), ("models",), ("download",)]
)
def test_a_command_without_a_model_imports_none_of_the_heavy_packages(words: tuple[str, ...]):
    assert not HEAVY & loaded(COMMAND, *words)


@pytest.mark.parametrize(
    "code",
    [
        "import seagull",
        "from seagull import SeagullClient; SeagullClient()",
        "import seagull.model.folders, seagull.inference.known",
    ],
)
def test_importing_seagull_its_client_or_its_models_names_imports_none_of_them(code: str):
    packages = loaded(code)
    assert "seagull" in packages
    assert not HEAVY & packages
