"""Numbers over photos, the limits of a CI job, and what they are written to."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from seagull.comparison.baseline import read_baseline
from seagull.comparison.gates import Gates, check_gates
from seagull.comparison.junit import junit_xml
from seagull.comparison.log import ComparisonLog, PairState, RunSettings
from seagull.comparison.markdown import markdown_summary
from seagull.comparison.results import pair_result
from seagull.comparison.summary import summarise, worst_first
from seagull.reports.jsonl import PhotoFile
from seagull.types import DistortionType, ModelInfo


@pytest.fixture
def results(compared):
    """``results(changes)``: photos of two regions, of which the first changes by that much."""

    def make(changes, types=("noise",)):
        noisy = {kind: ("serious", 0.9) for kind in types}
        return [
            pair_result(
                compared(
                    [(0.5, 0.5, noisy), (0.5, 0.5, {})],
                    [(0.5 + change, 0.5, {}), (0.5, 0.5, {})],
                    identical=(1,),
                    names=(f"b/{number}.png", f"a/{number}.png"),
                )
            )
            for number, change in enumerate(changes)
        ]

    return make


def test_the_mean_is_over_photos_and_shares_are_over_regions(results):
    found = summarise(results([-0.4, 0.2, 0.0, 0.0]))
    assert found.mean.value == pytest.approx(-0.05 / 2)
    assert (found.photos, found.regions) == (4, 8)
    assert (found.worse.value, found.better.value) == (1 / 8, 1 / 8)
    noise = found.types[DistortionType.NOISE]
    assert (noise.before, noise.after, noise.change.value) == (0.5, 0.0, -0.5)
    assert DistortionType.BLUR not in found.types


def test_the_interval_is_of_the_paired_changes(results):
    # The photos differ far more from each other than before from after.
    found = summarise(results([-0.20, -0.21, -0.19, -0.20, -0.22, -0.20]))
    low, high = found.mean.interval
    assert -0.11 < low <= found.mean.value <= high < -0.09


def test_a_single_photo_has_no_interval(results):
    assert summarise(results([-0.2])).mean.interval is None


@pytest.mark.parametrize(("limit", "passed"), [(-0.06, True), (-0.04, False)])
def test_the_mean_must_not_be_below_its_limit(results, limit, passed):
    (gate,) = check_gates(Gates(mean_below=limit), results([-0.2, 0.0]))
    assert gate.passed is passed


@pytest.mark.parametrize(("limit", "passed"), [(0.25, True), (0.24, False)])
def test_the_share_of_worse_regions_must_not_be_above_its_limit(results, limit, passed):
    (gate,) = check_gates(Gates(worse_share=limit), results([-0.2, 0.0]))
    assert gate.passed is passed


@pytest.mark.parametrize("limits", [{"mean_below": 1.5}, {"worse_share": -0.1}])
def test_limits_out_of_their_range_are_refused(limits):
    with pytest.raises(ValueError, match="lies in"):
        Gates(**limits)


def baseline(tmp_path, compared, changes, revision="1"):
    path = tmp_path / "then.jsonl"
    with ComparisonLog(path) as log:
        for number, change in enumerate(changes):
            made = compared(
                [(0.5, 0.5, {})], [(0.5 + change, 0.5, {})],
                names=(f"b/{number}.png", f"a/{number}.png"),
            )  # fmt: skip
            file = PhotoFile(f"b/{number}.png", 1, 1)
            log.add(made, PairState(file, file, "s"), {})
    settings = RunSettings(ModelInfo("fake", revision, True), "s", {})
    return read_baseline(path, [f"b/{number}.png" for number in range(6)]).under(settings)


@pytest.mark.parametrize(
    ("now", "passed"),
    [([0.16] * 6, True), ([0.06] * 6, False), ([0.4] * 6, True)],
)
def test_photos_must_not_be_worse_than_in_the_baseline_beyond_chance(
    results, compared, tmp_path, now, passed
):
    then = baseline(tmp_path, compared, [0.05, 0.09, 0.06, 0.1, 0.07, 0.1])
    (gate,) = check_gates(Gates(baseline=Path("then.jsonl")), results(now), then)
    # Each photo's change is half that of its first region.
    assert gate.passed is passed


@pytest.mark.parametrize(("change", "passed"), [(-0.2, True), (-0.9, False)])
def test_one_photo_of_several_that_is_much_worse_than_then_is_enough(
    results, compared, tmp_path, change, passed
):
    then = baseline(tmp_path, compared, [0.0] * 6)
    (gate,) = check_gates(Gates(baseline=Path("t")), results([0.0] * 5 + [change]), then)
    assert gate.passed is passed
    assert ("first b/5.png" in gate.text) is not passed


def test_a_single_photo_is_worse_than_then_if_its_verdict_against_then_is(
    results, compared, tmp_path
):
    then = baseline(tmp_path, compared, [0.0])
    for change, passed in ((-0.08, True), (-0.12, False)):
        (gate,) = check_gates(Gates(baseline=Path("t")), results([change]), then)
        assert gate.passed is passed


def test_a_baseline_of_another_model_or_of_other_photos_is_refused(compared, tmp_path):
    with pytest.raises(ValueError, match="made by fake 1, this run uses fake 2"):
        baseline(tmp_path, compared, [0.0], revision="2")
    with pytest.raises(ValueError, match="none of these photos"):
        read_baseline(tmp_path / "then.jsonl", ["z.png"])


def test_markdown_lists_the_worst_photo_first_and_every_failed_limit(results):
    made = results([0.1, -0.4, 0.0])
    gates = check_gates(Gates(mean_below=0.0), made)
    text = markdown_summary(made, summarise(made), gates, ["b/x.png: broken"])
    assert "**failed** | `--fail-mean-below`" in text
    assert text.index("a/1.png") < text.index("a/2.png") < text.index("a/0.png")
    assert "Not compared (1)" in text
    assert worst_first(made)[0].after == "a/1.png"


def test_a_file_name_cannot_bring_markdown_with_it(compared):
    made = [pair_result(compared([(0.5, 0.5, {})], [(0.4, 0.5, {})],
                                 names=("b", "a|<script>\n](x)")))]  # fmt: skip
    text = markdown_summary(made, summarise(made))
    assert r"a\|\<script\>\\n\]\(x\)" in text


def test_junit_counts_a_worse_photo_as_failure_only_where_a_limit_is_broken(results):
    made = results([-0.4, 0.0])
    for limit, failures in ((-0.5, "0"), (0.0, "2")):
        gates = check_gates(Gates(mean_below=limit), made)
        suite = ElementTree.fromstring(junit_xml(made, gates, ["b/x.png: broken"]))
        assert (suite.get("tests"), suite.get("errors")) == ("4", "1")
        assert suite.get("failures") == failures
