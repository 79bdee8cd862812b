"""Records from opinions: split as the evaluation splits, photos in their table."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seagull.evaluation.sets import open_set, split
from seagull.records import read_records
from seagull.records.photos import record_photo

SCRIPTS = Path(__file__).parents[2] / "scripts"


def _picture(value: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((16, 16, 3), value, np.uint8)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """40 photos, number n of value n and MOS n/40."""
    pq = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa

    rows = {
        "image_name": [f"p{number}.png" for number in range(40)],
        "mos": [number / 40 for number in range(40)],
        "image": [_picture(number) for number in range(40)],
    }
    path = tmp_path / "tables" / "photos.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table(rows), path)
    return path


def _run(script: str, *arguments: str | Path) -> None:
    command = [sys.executable, str(SCRIPTS / script), *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def test_what_is_held_out_for_evaluation_is_not_in_the_training_records(
    table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "records"
    _run("nano_opinions.py", table, out)
    train, held_out = (list(read_records(out / f"{n}.jsonl")) for n in ("train", "held_out"))
    assert len(train) + len(held_out) == 40
    _, evaluated = split(open_set(table), 0.2, seed=0)
    assert {record.reference for record in held_out} == evaluated.groups()
    assert not evaluated.groups() & {record.reference for record in train}
    for record in train[:3]:
        number = int(str(record.reference)[1:-4])
        assert record_photo(record.image, out).pixels[0, 0, 0] == number
        assert record.labels["1"].quality == pytest.approx(number / 40)
