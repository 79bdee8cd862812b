"""The same key gives the same numbers, another key gives others, and both are well distributed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_tools.keys import Key

KEY = Key(7, "distort", "photo-1", "noise")


def test_the_stream_is_pinned() -> None:
    """Published data sets depend on these numbers: they must never change."""
    assert KEY.digest().hex() == "7a1a9f691c282d638307898313218465"
    assert [int(word) for word in KEY.raw(2)] == [837042904585293338, 14193308639854897681]
    assert KEY.gaussian((3,)).tolist() == pytest.approx([-0.509811, -0.704691, 0.751356], abs=1e-6)


@pytest.mark.parametrize(
    "other",
    [
        Key(8, "distort", "photo-1", "noise"),
        Key(7, "masks", "photo-1", "noise"),
        Key(7, "distort", "photo-2", "noise"),
        Key(7, "distort", "photo-1", "blur"),
        KEY.with_variant("ladder"),
    ],
)
def test_every_part_of_a_key_matters(other: Key) -> None:
    assert not np.array_equal(KEY.raw(4), other.raw(4))


def test_parts_cannot_run_into_each_other() -> None:
    assert Key(1, "ab", "c", "d").digest() != Key(1, "a", "bc", "d").digest()


def test_a_longer_field_begins_like_a_shorter_one() -> None:
    assert np.array_equal(KEY.gaussian((50,)), KEY.gaussian((203,))[:50])


def test_gaussian_numbers_have_the_moments_of_a_normal_distribution() -> None:
    field = KEY.gaussian((400, 500)).astype(np.float64)
    assert field.mean() == pytest.approx(0, abs=0.01)
    assert field.std() == pytest.approx(1, abs=0.01)
    assert (field**3).mean() == pytest.approx(0, abs=0.03)
    assert (field**4).mean() == pytest.approx(3, abs=0.06)
    assert np.corrcoef(field[:, :-1].reshape(-1), field[:, 1:].reshape(-1))[0, 1] == pytest.approx(
        0, abs=0.01
    )


def test_uniform_numbers_fill_the_open_interval_evenly() -> None:
    values = KEY.uniform((100_000,))
    assert 0 < values.min() < 0.001
    assert 0.999 < values.max() < 1
    counts, _ = np.histogram(values, bins=10, range=(0, 1))
    assert np.all(np.abs(counts - 10_000) < 500)


@given(st.integers(0, 2**32), st.text(max_size=20), st.integers(1, 1000))
def test_an_index_lies_in_its_range(seed: int, image_id: str, count: int) -> None:
    assert 0 <= Key(seed, "s", image_id, "k").index(count) < count


def test_choices_follow_the_weights() -> None:
    weights = {"a": 3.0, "never": 0.0, "b": 1.0}
    drawn = [Key(0, "s", str(index), "k").choose(weights) for index in range(2000)]
    assert set(drawn) == {"a", "b"}
    assert drawn.count("a") == pytest.approx(1500, abs=80)


def test_impossible_choices_are_refused() -> None:
    with pytest.raises(ValueError, match="not all zero"):
        KEY.choose({"a": 0.0})
    with pytest.raises(ValueError, match="at least one"):
        KEY.index(0)
