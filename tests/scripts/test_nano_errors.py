"""Opinions go by the subset that a photo's name begins with."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "nano_errors.py"


def test_opinions_go_by_subset_and_what_its_bias_costs_is_told(tmp_path: Path) -> None:
    lines = [{"format": "seagull.predictions/1"}]
    for number in range(25):
        for subset, bias in (("s1", 0.0), ("s2", 0.2)):
            known = number / 50 + 0.1
            lines.append(
                {
                    "image": f"{subset} ({number}).jpg",
                    "quality": known + bias,
                    "labels": {"quality": known, "metric": "mos"},
                }
            )
    file = tmp_path / "model.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "--opinions", str(file)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(run.stdout.splitlines()[-1])
    assert (found["all"]["n"], found["s1"]["n"], found["s2"]["n"]) == (50, 25, 25)
    assert found["all"]["srcc"] < 0.9
    assert found["s1"]["srcc"] == found["s2"]["srcc"] == 1
    assert min(found["without bias"].values()) > 0.999  # equal but for rounding
    assert "s2                       n    25 SRCC  1.000 bias +0.200" in run.stdout
