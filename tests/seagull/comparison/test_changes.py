"""Changes and verdicts: mirrored by swapping, none where no pixel differs."""

from __future__ import annotations

import pytest

from seagull.comparison.changes import change_of, compare_reports
from seagull.comparison.measured import Measured, measured
from seagull.comparison.types import Verdict
from seagull.comparison.words import distortions_text, headline, unmeasured_text
from tests.seagull.comparison.conftest import MEASURED, report

CLEAN = (0.8, 0.5, {})


def test_a_change_is_same_below_the_one_threshold_and_much_from_the_other():
    words = [
        change_of(0.5, 0.5 + value, MEASURED).verdict
        for value in (-0.25, -0.0501, -0.049, 0.049, 0.0501, 0.25)
    ]
    assert words == ["much worse", "worse", "same", "same", "better", "much better"]


def test_the_threshold_of_the_same_goes_by_the_score():
    sloped = Measured("x", "fake", "1", ((0.4, 0.08), (0.8, 0.02)), 0.2, 0.3, 0.2)
    assert [sloped.same_at(score) for score in (0.1, 0.6, 0.9)] == [0.08, pytest.approx(0.05), 0.02]
    assert change_of(0.9, 0.86, sloped).verdict is Verdict.WORSE
    assert change_of(0.3, 0.26, sloped).verdict is Verdict.SAME


@pytest.mark.parametrize(
    "same", [((0.4, 0.3),), ((0.4, 0.0),), ((0.4, 0.1), (0.4, 0.1)), ((0.4, 0.15), (0.44, 0.05))]
)
def test_thresholds_that_could_call_a_larger_change_none_are_refused(same):
    with pytest.raises(ValueError, match="ascending scores"):
        Measured("x", "fake", "1", same, 0.2, 0.3, 0.2)


@pytest.mark.parametrize("after", [0.5, 0.51, 0.55, 0.69, 0.7, 1.0])
def test_the_opposite_change_has_the_mirrored_verdict(after):
    there, back = change_of(0.5, after, MEASURED), change_of(after, 0.5, MEASURED)
    assert back.verdict is there.verdict.mirrored
    assert (back.quality, back.std) == (-there.quality, there.std)


def test_swapped_photos_give_the_mirrored_comparison(compared):
    worse = [(0.3, 0.4, {"blur": ("minor", 0.9)}), (0.9, 0.6, {})]
    there, back = compared([CLEAN, CLEAN], worse), compared(worse, [CLEAN, CLEAN])
    for one, other in zip(there.regions, back.regions, strict=True):
        assert other.change.quality == -one.change.quality
        assert other.change.verdict is one.change.verdict.mirrored
    assert back.change.quality == pytest.approx(-there.change.quality)
    assert back.change.verdict is there.change.verdict.mirrored


def test_a_region_without_a_changed_pixel_is_the_same_whatever_was_read(compared):
    made = compared([CLEAN, CLEAN], [(0.2, 0.5, {"noise": ("severe", 0.9)})] * 2, identical=(1,))
    changed, untouched = made.regions
    assert changed.change.verdict is Verdict.MUCH_WORSE
    assert (untouched.identical, untouched.change.quality, untouched.distortions) == (True, 0.0, ())
    assert untouched.change.verdict is Verdict.SAME


def test_the_photo_changes_by_the_mean_weighted_by_importance(compared):
    made = compared([CLEAN, (0.8, 0.25, {})], [(0.5, 0.75, {}), CLEAN])
    # Weights are the mean importances of both photos: .625 and .375.
    assert made.change.quality == pytest.approx(-0.3 * 0.625)


def test_the_spread_of_a_change_grows_with_it_and_is_less_than_that_of_two_scores(compared):
    small, large = (compared([CLEAN], [(value, 0.5, {})]) for value in (0.79, 0.4))
    assert 0.02 <= small.change.std < large.change.std < 0.15


def test_a_type_comes_or_goes_only_where_its_probability_moves_enough(compared):
    made = compared(
        [(0.8, 0.5, {"noise": ("serious", 0.9), "blur": ("minor", 0.45)})],
        [(0.8, 0.5, {"noise": ("minor", 0.2), "blur": ("minor", 0.55)})],
    )
    assert distortions_text(made.regions[0].distortions) == "noise gone"


def test_words_name_what_went_first_then_what_is_new(compared):
    made = compared(
        [(0.3, 0.5, {"noise": ("serious", 0.9), "contrast": ("severe", 0.9)})],
        [(0.8, 0.5, {"blur": ("minor", 0.8), "contrast": ("minor", 0.8)})],
    )
    words = distortions_text(made.regions[0].distortions)
    assert words == "noise gone, now minor blur, contrast minor, was severe"
    assert headline(made).startswith("much better: quality +0.50 ±0.15; noise gone, now")


def test_the_headline_counts_verdicts(compared):
    made = compared([CLEAN] * 3, [CLEAN, CLEAN, (0.1, 0.5, {})], identical=(0,))
    assert "weighted by importance; 3 regions: 1 much worse, 2 same" in headline(made)


def test_reports_on_other_regions_or_of_another_model_are_refused():
    one, other = report("a", [CLEAN]), report("b", [CLEAN, CLEAN])
    with pytest.raises(ValueError, match="the same regions"):
        compare_reports(one, other, None, MEASURED)  # type: ignore[arg-type]


def test_thresholds_of_another_model_are_said_to_be_a_guess(compared):
    made = compared([CLEAN], [CLEAN])
    assert unmeasured_text(made.before.model, made.measured) == ""
    other = Measured("x", "fake", "2", ((0.5, 0.05),), 0.2, 0.3, 0.2)
    again = compare_reports(made.before, made.after, _pixels(), other)
    assert "fake 2" in unmeasured_text(again.before.model, again.measured)


def test_constants_in_the_package_can_be_read_and_are_in_order():
    assert 0 < measured().same_at(0.5) < measured().much < 1


def _pixels():
    import numpy as np

    return np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60, 3), np.uint8)
