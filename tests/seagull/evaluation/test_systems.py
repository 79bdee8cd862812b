"""Trained baselines stand in the results beside other predictors, under an honest name."""

from pathlib import Path

import numpy as np
import pytest

from seagull.baselines.config import BaselineConfig
from seagull.baselines.folder import About, write_folder
from seagull.baselines.learners import starting_network
from seagull.evaluation.baselines import make_baselines
from seagull.evaluation.systems import load_system
from seagull.files.config import build_settings
from seagull.photos import Photo
from seagull.types import AssessmentTask, Region

QUALITY, IMPORTANCE = AssessmentTask.QUALITY, AssessmentTask.IMPORTANCE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plain = {
        "system": "qfm-iqm", "output": "x", "protocol": "mask", "tasks": ["quality", "importance"],
        "view": {"side": 64, "short_side": 64},
        "qfm_iqm": {"encoder": {"architecture": "test_vit"}, "heads": 4},
    }  # fmt: skip
    config = build_settings(BaselineConfig, plain)
    write_folder(tmp_path, starting_network(config), About(config, {}))
    return tmp_path


def test_its_name_says_where_it_is_from_and_that_it_is_a_reconstruction(folder: Path):
    predictor = load_system(f"qfm-iqm:{folder}", "cpu")
    assert predictor.name == f"qfm-iqm:{folder} (reconstruction)"
    assert predictor.tasks == {QUALITY, IMPORTANCE}


def test_it_predicts_what_is_asked_and_no_spread(folder: Path, photo: Photo, regions: list[Region]):
    predictor = load_system(f"qfm-iqm:{folder}", "cpu")
    rows = predictor.assessor.read(photo, regions[:3])
    both = predictor.predict(photo, regions[:3], [IMPORTANCE, QUALITY])
    np.testing.assert_allclose([[one.quality, one.importance] for one in both], rows, atol=1e-6)
    (one, *_) = predictor.predict(photo, regions[:3], [IMPORTANCE])
    assert (one.quality, one.quality_std, one.importance_std) == (None, None, None)
    assert one.importance == pytest.approx(rows[0, 1], abs=1e-6)
    assert predictor.predict(photo, regions[:1], [])[0].quality is None


def test_another_systems_folder_is_refused_with_what_to_write(folder: Path):
    with pytest.raises(ValueError, match=f"is a qfm-iqm; write qfm-iqm:{folder}"):
        load_system(f"dgiqa:{folder}")
    with pytest.raises(ValueError, match="no baseline's folder"):
        make_baselines([f"dgiqa:{folder}/nowhere"])


def test_it_is_made_among_other_baselines(folder: Path):
    made, digests = make_baselines(["constant", f"qfm-iqm:{folder}"], device="cpu")
    assert [one.name for one in made] == ["constant", f"qfm-iqm:{folder} (reconstruction)"]
    assert not digests
