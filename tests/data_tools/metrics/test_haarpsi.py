"""HaarPSI: equal to an independent implementation, and exact per region."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_tools.metrics.haarpsi import HaarPsi, haarpsi
from data_tools.metrics.labeller import grown_box
from data_tools.reference.arrays import RgbImage
from seagull.regions.masks import box_mask


def _golden() -> ModuleType:
    path = Path(__file__).with_name("golden.py")
    spec = importlib.util.spec_from_file_location("haarpsi_golden", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GOLDEN = _golden()
PAIRS = {name: (clean, changed) for name, clean, changed in GOLDEN.pairs()}
LABELLER = HaarPsi()


def test_scores_agree_with_piq() -> None:
    expected = json.loads(GOLDEN.GOLDEN.read_text(encoding="utf-8"))
    assert set(expected) == set(PAIRS)
    got = {name: haarpsi(*pair) for name, pair in PAIRS.items()}
    assert got == pytest.approx(expected, abs=1e-5)
    assert min(expected.values()) < 0.3
    assert max(expected.values()) > 0.9


def test_scores_agree_with_piq_itself_where_it_is_installed() -> None:
    piq = pytest.importorskip("piq", reason="piq is not installed; recorded scores are used")
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    for shape in ((80, 100, 3), (51, 49, 3)):
        clean, changed = (rng.integers(0, 256, shape, dtype=np.uint8) for _ in range(2))
        planes = [
            torch.from_numpy(image.transpose(2, 0, 1)[None] / 255.0) for image in (clean, changed)
        ]
        assert haarpsi(clean, changed) == pytest.approx(float(piq.haarpsi(*planes)), abs=1e-5)


def test_equal_images_score_exactly_one() -> None:
    clean, _ = PAIRS["grey 97x131"]
    assert haarpsi(clean, clean.copy()) == 1.0
    black = np.zeros((40, 40, 3), np.uint8)
    assert haarpsi(black, black) == 1.0


@st.composite
def boxes(draw: st.DrawFn, height: int = 97, width: int = 131) -> tuple[int, int, int, int]:
    x1, y1 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    return x1, y1, draw(st.integers(x1 + 1, width)), draw(st.integers(y1 + 1, height))


@settings(max_examples=40)
@given(boxes(), st.sampled_from(["strong noise", "smear", "bright"]))
def test_a_crop_scores_like_an_image_of_its_own(box: tuple[int, int, int, int], harm: str) -> None:
    clean, changed = PAIRS[f"{harm} 97x131"]
    x1, y1, x2, y2 = grown_box(box, (97, 131))
    alone = haarpsi(clean[y1:y2, x1:x2], changed[y1:y2, x1:x2])
    scored = LABELLER.score_crops(LABELLER.prepare(clean), changed, [box])
    assert scored.tolist() == pytest.approx([alone], abs=1e-6)


@settings(max_examples=40)
@given(boxes(), st.integers(0, 99), st.sampled_from(["strong noise", "grey", "dark"]))
def test_a_composite_scores_like_the_pasted_photo(
    box: tuple[int, int, int, int], seed: int, harm: str
) -> None:
    clean, changed = PAIRS[f"{harm} 97x131"]
    mask = np.zeros((97, 131), dtype=bool)
    x1, y1, x2, y2 = box
    mask[y1:y2, x1:x2] = np.random.default_rng(seed).random((y2 - y1, x2 - x1)) < 0.6
    pasted = np.where(mask[..., None], changed, clean).astype(np.uint8)
    scored = LABELLER.score_composites(LABELLER.prepare(clean), changed, [mask])
    assert scored.tolist() == pytest.approx([haarpsi(clean, pasted)], abs=2e-6)


@settings(max_examples=40)
@given(boxes(), st.sampled_from(["strong noise", "smear", "bright"]))
def test_a_region_that_fills_its_box_scores_like_the_crop(
    box: tuple[int, int, int, int], harm: str
) -> None:
    clean, changed = PAIRS[f"{harm} 97x131"]
    grown = grown_box(box, (97, 131))
    mask = box_mask(grown, (97, 131))
    cache = LABELLER.prepare(clean)
    both = (
        LABELLER.score_regions(cache, changed, [mask]),
        LABELLER.score_crops(cache, changed, [grown]),
    )
    assert both[0].tolist() == pytest.approx(both[1].tolist(), abs=1e-6)


def test_what_lies_beyond_a_region_changes_its_score_at_the_edge_alone() -> None:
    clean, noisy = PAIRS["strong noise 96x128"]
    rows, columns = np.indices((96, 128))
    disc = (rows - 48) ** 2 + (columns - 64) ** 2 < 30**2
    far = (rows - 48) ** 2 + (columns - 64) ** 2 >= 46**2
    harmed = np.where(far[..., None], noisy, clean).astype(np.uint8)
    cache = LABELLER.prepare(clean)
    # Noise all around, but none so near to the disc that a filter under it would meet any.
    assert LABELLER.score_crops(cache, harmed, [(0, 0, 128, 96)])[0] < 0.8
    assert LABELLER.score_regions(cache, harmed, [disc])[0] == 1.0
    assert LABELLER.score_regions(cache, noisy, [disc])[0] < 0.7
    half = disc & (columns < 64)
    left = np.where((columns < 64)[..., None], noisy, clean).astype(np.uint8)
    scores = LABELLER.score_regions(cache, left, [half, disc, disc & ~half])
    assert scores[0] < scores[1] < scores[2]


def test_one_cache_serves_many_distorted_versions_in_any_order() -> None:
    clean, dark = PAIRS["dark 96x128"]
    _, grey = PAIRS["grey 96x128"]
    masks = [np.zeros((96, 128), dtype=bool) for _ in range(2)]
    masks[0][10:50, 20:90] = True
    masks[1][70:, :31] = True
    cache = LABELLER.prepare(clean)
    first = [LABELLER.score_composites(cache, image, masks) for image in (dark, grey)]
    again = [LABELLER.score_composites(LABELLER.prepare(clean), grey, masks[::-1])[::-1]]
    assert np.array_equal(first[1], again[0])
    assert not np.array_equal(first[0], first[1])


def test_fortran_ordered_masks_score_the_same() -> None:
    clean, dark = PAIRS["dark 96x128"]
    mask = np.zeros((96, 128), dtype=bool)
    mask[10:50, 20:90] = True
    cache = LABELLER.prepare(clean)
    both = LABELLER.score_composites(cache, dark, [mask, np.asfortranarray(mask)])
    assert both[0] == both[1] < 1


def test_an_empty_mask_harms_nothing() -> None:
    clean, dark = PAIRS["dark 96x128"]
    mask = np.zeros((96, 128), dtype=bool)
    assert LABELLER.score_composites(LABELLER.prepare(clean), dark, [mask]).tolist() == [1.0]


def test_no_regions_give_no_scores() -> None:
    clean, dark = PAIRS["dark 96x128"]
    assert LABELLER.score_crops(LABELLER.prepare(clean), dark, []).shape == (0,)
    assert LABELLER.score_regions(LABELLER.prepare(clean), dark, []).shape == (0,)
    assert LABELLER.score_composites(LABELLER.prepare(clean), dark, []).shape == (0,)


@given(boxes(), st.integers(1, 200))
def test_a_grown_box_holds_the_box_and_stays_in_the_photo(
    box: tuple[int, int, int, int], side: int
) -> None:
    x1, y1, x2, y2 = grown_box(box, (97, 131), side)
    assert 0 <= x1 <= box[0] < box[2] <= x2 <= 131
    assert 0 <= y1 <= box[1] < box[3] <= y2 <= 97
    assert x2 - x1 >= min(side, 131)
    assert y2 - y1 >= min(side, 97)
    assert x1 % 2 == y1 % 2 == 0
    assert x2 % 2 == 0 or x2 == 131
    assert y2 % 2 == 0 or y2 == 97


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (-1, 0, 5, 5), (0, 0, 132, 5), (9, 9, 3, 20)])
def test_impossible_boxes_are_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="131x97"):
        grown_box(box, (97, 131))


def _grey_image() -> RgbImage:
    return np.zeros((40, 40), np.uint8)


def test_wrong_images_are_refused() -> None:
    clean, dark = PAIRS["dark 96x128"]
    with pytest.raises(ValueError, match="one size"):
        haarpsi(clean, dark[:-2])
    with pytest.raises(ValueError, match="uint8 pixels"):
        haarpsi(clean, _grey_image())
    with pytest.raises(ValueError, match="one size"):
        LABELLER.score_composites(LABELLER.prepare(clean), dark, [np.ones((3, 3), dtype=bool)])
    with pytest.raises(ValueError, match="one size"):
        LABELLER.score_regions(LABELLER.prepare(clean), dark, [np.ones((3, 3), dtype=bool)])


def test_the_cost_grows_with_the_work() -> None:
    small, large = (LABELLER.cost(images, 33, (384, 512)) for images in (10, 1000))
    assert small.scores == 660
    assert large.seconds == pytest.approx(100 * small.seconds)
    assert "scores" in str(large)
