"""The predictions file survives being killed, and is never mixed up."""

import pytest

from seagull.evaluation.predictions import Prediction, PredictionLog, Row
from seagull.records import RegionLabels
from seagull.types import DistortionType


def row(number: int) -> Row:
    found = ((DistortionType.NOISE, "minor"),)
    return Row(
        f"i{number}", "1", f"i{number}.png", "g",
        RegionLabels(quality=0.5, distortions=(), metric="m"),
        Prediction(0.25, 0.125, 0.5, None, found),
    )  # fmt: skip


def test_rows_come_back_as_they_were(tmp_path):
    path = tmp_path / "p.jsonl"
    with PredictionLog(path, "s") as log:
        log.add([row(1), row(2)])
    with PredictionLog(path, "s") as log:
        assert log["i2", "1"] == row(2)
        assert ("i3", "1") not in log


def test_every_place_where_a_kill_can_cut_the_file_is_recovered_from(tmp_path):
    path = tmp_path / "p.jsonl"
    with PredictionLog(path, "s") as log:
        log.add([row(1)])
        log.add([row(2)])
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        with PredictionLog(path, "s") as log:
            log.add([one for one in (row(1), row(2)) if (one.item, "1") not in log])
        assert path.read_bytes() == whole


def test_other_settings_and_other_files_are_left_alone(tmp_path):
    path = tmp_path / "p.jsonl"
    with PredictionLog(path, "s"):
        pass
    before = path.read_bytes()
    with pytest.raises(ValueError, match="another --out"):
        PredictionLog(path, "t")
    assert path.read_bytes() == before
    path.write_text("my notes\n")
    with pytest.raises(ValueError, match="not a file of predictions"):
        PredictionLog(path, "s")
    assert path.read_text() == "my notes\n"


@pytest.mark.parametrize(
    "plain",
    [{"quality": float("nan")}, {"quality": "good"}, {"quality": True}, {"quality_std": -0.1},
     {"distortions": [["fog", "minor"]]}, {"distortions": [["blur", "huge"]]},
     {"distortions": ["blur"]}],
)  # fmt: skip
def test_predictions_that_are_none_are_refused(plain):
    with pytest.raises(ValueError, match=r"."):
        Prediction.from_dict(plain)
