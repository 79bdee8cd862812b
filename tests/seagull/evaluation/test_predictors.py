"""Baselines do to the photo what they say, and ask the same question otherwise."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from seagull.evaluation.external import load_pyiqa
from seagull.evaluation.predictors import (
    BoxPredictor,
    ConstantPredictor,
    CropPredictor,
    crop,
    framed,
)
from seagull.photos import Photo
from seagull.records import RegionLabels
from seagull.types import (
    AssessmentTask,
    DistortionType,
    ImageInfo,
    LevelScore,
    ModelInfo,
    QualityReport,
    Region,
    RegionAssessment,
)

QUALITY = [AssessmentTask.QUALITY]


def red(pixels: np.ndarray, region: Region) -> float:
    return float(pixels[region.mask][:, 0].mean()) / 255


class MeanRed:
    """Quality is the mean red of what it is shown inside the region."""

    info = ModelInfo("mean red", "1", True)

    def __init__(self):
        self.shown = []

    def assess(self, image, regions=None, *, tasks=(), read_out="head"):
        self.shown.append(image.pixels)
        return QualityReport(
            ImageInfo(None, image.width, image.height, image.sha256), self.info, None,
            tuple(
                RegionAssessment(one, LevelScore("fair", red(image.pixels, one), 0.1, {}))
                for one in regions
            ),
        )  # fmt: skip


@pytest.fixture
def region(photo) -> Region:
    mask = np.zeros(photo.size, dtype=bool)
    mask[20:60, 30:90] = True
    mask[20:40, 30:50] = False
    return Region(mask)


def test_crop_only_sees_the_rectangle_and_nothing_else(photo, region):
    model = MeanRed()
    (found,) = CropPredictor(model).predict(photo, [region], QUALITY)
    rectangle = photo.pixels[20:60, 30:90]
    np.testing.assert_array_equal(model.shown[0], rectangle)
    assert found.quality == pytest.approx(rectangle[..., 0].mean() / 255)


def test_box_drawn_changes_the_edge_of_the_rectangle_only(photo, region):
    model = MeanRed()
    BoxPredictor(model).predict(photo, [region], QUALITY)
    changed = (model.shown[0] != photo.pixels).any(axis=2)
    allowed = np.zeros(photo.size, dtype=bool)
    allowed[20:60, 30:90] = True
    allowed[22:58, 32:88] = False
    assert not (changed & ~allowed).any()
    assert (model.shown[0][allowed] == (255, 0, 0)).all()


def test_small_boxes_get_a_crop_of_a_usable_size_around_them(photo):
    for box in ((0, 0, 1, 1), (199, 149, 200, 150), (100, 70, 103, 150), (5, 5, 40, 8)):
        cut = crop(photo.pixels, box)
        assert min(cut.shape[:2]) == 16
    assert crop(photo.pixels[:9, :7], (2, 2, 4, 4)).shape == (9, 7, 3)
    one = framed(photo.pixels, (50, 50, 51, 51))
    assert (one != photo.pixels).any(axis=2).sum() == 1


def test_the_constant_is_the_mean_and_the_commonest_set():
    blur = ((DistortionType.BLUR, "minor"),)
    labels = [
        RegionLabels(quality=0.2, distortions=blur),
        RegionLabels(quality=0.6, distortions=()),
        RegionLabels(quality=0.4, distortions=blur),
        RegionLabels(importance=1.0),
    ]
    found = ConstantPredictor.fitted(labels).prediction
    assert found.quality == pytest.approx(0.4)
    assert found.quality_std == pytest.approx(np.std([0.2, 0.6, 0.4]))
    assert (found.importance, found.distortions) == (1.0, blur)
    unfitted = ConstantPredictor.fitted([]).prediction
    assert (unfitted.quality, unfitted.quality_std, unfitted.distortions) == (0.5, None, ())


def test_pyiqa_is_used_where_it_is_installed(monkeypatch, photo, region):
    class Darkness:
        lower_better = True
        metric_mode = "NR"

        def __call__(self, pixels):
            assert pixels.shape == (1, 3, 40, 60)
            return 1 - pixels.mean()

    fake = SimpleNamespace(list_models=lambda: ["dark"], create_metric=lambda *_, **__: Darkness())
    monkeypatch.setitem(sys.modules, "pyiqa", fake)
    metric = load_pyiqa("dark")
    dim = Photo(photo.pixels // 2)
    bright, dark = (metric.predict(one, [region], QUALITY)[0].quality for one in (photo, dim))
    assert bright > dark
    assert not metric.same_scale
    with pytest.raises(ValueError, match="no metric 'lihgt'"):
        load_pyiqa("lihgt")


def test_a_metric_of_pyiqa_may_see_the_photo_with_the_box_drawn(monkeypatch, photo, region, caplog):
    class Redness:
        lower_better = False
        metric_mode = "NR"

        def __call__(self, pixels):
            assert pixels.shape == (1, 3, *photo.size)
            return (pixels == torch.tensor([1.0, 0.0, 0.0])[None, :, None, None]).all(dim=1).sum()

    fake = SimpleNamespace(list_models=lambda: ["red"], create_metric=lambda *_, **__: Redness())
    monkeypatch.setitem(sys.modules, "pyiqa", fake)
    metric = load_pyiqa("red:box-drawn")
    assert "pyiqa:red: the package pyiqa states the licence" in caplog.text
    assert "the weights of red, if it has any, have their authors' own" in caplog.text
    assert metric.name == "pyiqa:red:box-drawn"
    assert metric.fingerprint != load_pyiqa("red").fingerprint
    (found,) = metric.predict(photo, [region], QUALITY)
    # A line of two pixels around 60 x 40.
    assert found.quality == 60 * 40 - 56 * 36


def test_a_metric_that_needs_a_reference_is_refused(monkeypatch):
    fake = SimpleNamespace(
        list_models=lambda: ["psnr"],
        create_metric=lambda *_, **__: SimpleNamespace(metric_mode="FR", lower_better=False),
    )
    monkeypatch.setitem(sys.modules, "pyiqa", fake)
    with pytest.raises(ValueError, match="name a no-reference metric"):
        load_pyiqa("psnr")


def test_without_pyiqa_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    with pytest.raises(ValueError, match="pip install pyiqa"):
        load_pyiqa("niqe")


@pytest.mark.parametrize("imports", ["import not_there_at_all", "from pyiqa import not_there"])
def test_a_pyiqa_that_cannot_be_imported_is_not_called_missing(monkeypatch, tmp_path, imports):
    (tmp_path / "pyiqa.py").write_text(imports)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pyiqa", raising=False)
    with pytest.raises(ValueError, match=r"is installed, but cannot be imported: .*not_there"):
        load_pyiqa("niqe")
