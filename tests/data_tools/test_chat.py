"""Conversations: true, balanced, and reproducible."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_tools.calibrate import Calibration, to_level_scale
from data_tools.turns import RegionFacts, ask, forms_for
from seagull.language.prompts import CLEAN_ANSWER
from seagull.levels import IMPORTANCE, QUALITY
from seagull.types import DistortionType

BLURRED = RegionFacts(0.5, "fair", 0.7, "important", ((DistortionType.BLUR, "minor"),), "m-1")
CLEAN = RegionFacts.clean({"1": BLURRED})["1"]


def turns(facts: RegionFacts, count: int, category: str | None = None):
    import hashlib

    for number in range(count):

        def pick(*what: str, n: int = number) -> int:
            text = f"{n}/{what}".encode()
            return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")

        yield ask(facts, category, set(), "1", pick)


def test_a_region_where_nothing_shows_is_never_called_distorted() -> None:
    for turn in turns(CLEAN, 400):
        assert "With " not in turn.answer
        assert turn.form not in ("importance", "judge-importance")
        if turn.form == "judge-type":
            assert turn.answer == f"No. {CLEAN_ANSWER}"


def test_judgements_are_balanced_and_true() -> None:
    answers: Counter[str] = Counter()
    for turn in turns(BLURRED, 3000):
        if not turn.form.startswith("judge"):
            continue
        yes = turn.answer == "Yes."
        answers[f"{turn.form}:{yes}"] += 1
        truth = {"judge-quality": "fair", "judge-type": "blur", "judge-importance": "important"}
        suggested = turn.question.replace("?", "").split()
        assert (truth[turn.form] in suggested) is yes
        if not yes:
            assert turn.answer.startswith("No. ")
            assert truth[turn.form] in turn.answer
    for form in ("judge-quality", "judge-type", "judge-importance"):
        share = answers[f"{form}:True"] / (answers[f"{form}:True"] + answers[f"{form}:False"])
        assert 0.42 < share < 0.58


def test_every_form_occurs_and_the_papers_words_are_used() -> None:
    seen = {turn.form: turn for turn in turns(BLURRED, 500, "dog")}
    assert set(seen) == {*forms_for(BLURRED), "joint-importance"}
    assert seen["joint"].answer == "Dog. With minor blur distortion. The quality is fair."
    assert seen["joint"].question.startswith("Provide the semantic, distortion type")
    assert seen["quality"].answer == "The quality is fair."


def test_a_form_comes_again_only_when_all_have_been_asked() -> None:
    asked: set[tuple[str, str]] = set()
    forms = [ask(BLURRED, None, asked, "1", lambda *_: 3).form for _ in range(7)]
    assert sorted(forms) == sorted(forms_for(BLURRED))


@given(st.lists(st.integers(0, 1000).map(lambda n: n / 1000), min_size=20, max_size=80))
def test_importance_falls_with_the_raw_score_and_stays_in_its_range(raw: list[float]) -> None:
    knots = np.quantile(np.asarray(raw), np.linspace(0, 1, 101))
    importance = Calibration("m", tuple(knots.tolist()), len(raw)).importance(sorted(raw))
    assert ((importance >= 0) & (importance <= 1)).all()
    assert (np.diff(importance) <= 1e-12).all()


def test_calibrated_importance_uses_all_five_words_about_equally() -> None:
    raw = 1 - np.random.default_rng(0).exponential(0.02, 20_000).clip(0, 1)
    knots = tuple(np.quantile(raw, np.linspace(0, 1, 101)).tolist())
    importance = Calibration("m", knots, raw.size).importance(raw)
    words = Counter(IMPORTANCE.word(float(value)) for value in importance)
    assert set(words) == set(IMPORTANCE.words)
    assert max(words.values()) < 1.1 * min(words.values())


@given(st.floats(0, 1))
def test_the_number_behind_a_word_lies_in_the_words_equal_bin(score: float) -> None:
    edges = (0.4, 0.55, 0.7, 0.85)
    word = QUALITY.with_thresholds(edges).word(score)
    mapped = to_level_scale(score, edges)
    index = QUALITY.words.index(word)
    assert index / 5 - 1e-9 <= mapped <= (index + 1) / 5 + 1e-9


def test_labels_of_two_metrics_never_mix(tmp_path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from data_tools.calibrate import calibrate

    for name in ("a", "b"):
        columns = {"quality": [0.5], "importance_raw": [0.9], "metric": [f"{name}-1"]}
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    with pytest.raises(ValueError, match="different metrics never mix"):
        calibrate(tmp_path.glob("*.parquet"), 0.995)
