"""More scenes are made of training photos alone."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "nano_apart.py"


def test_no_photo_named_like_one_of_validation_is_copied(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for name in ("bsds500/train/1.jpg", "bsds500/train/2.jpg", "bsds500/val/3.jpg",
                 "pristine/a/4.png", "pristine/b/5.webp", "pristine/b/notes.txt"):  # fmt: skip
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        (photos / name).write_bytes(name.encode())
    records = tmp_path / "data" / "versions" / "validation.jsonl"
    records.parent.mkdir(parents=True)
    lines = [json.dumps({"reference": name}) for name in ("3", "4-2", "2", "2")]
    records.write_text("\n".join(lines))
    command = [sys.executable, str(SCRIPT), "photos", "data", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "2 photos in out, 2 left out\n"
    copied = {f.relative_to(tmp_path / "out") for f in (tmp_path / "out").rglob("*.*")}
    assert copied == {Path("bsds500/train/1.jpg"), Path("pristine/b/5.webp")}
    assert (tmp_path / "out" / "bsds500/train/1.jpg").read_bytes() == b"bsds500/train/1.jpg"
