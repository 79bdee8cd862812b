"""Run lengths: the same as COCO's for good input, and a clear refusal for any other."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from seagull.regions.rle import Rle, decode, encode, encode_runs

masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=40))


@given(masks)
def test_both_forms_decode_to_the_mask_they_encode(mask: np.ndarray) -> None:
    assert np.array_equal(decode(encode(mask), mask.shape), mask)
    assert np.array_equal(decode(encode_runs(mask), mask.shape), mask)
    assert Rle.from_dict(encode(mask).to_dict()) == encode(mask)
    assert Rle.from_dict(encode_runs(mask).to_dict()) == encode_runs(mask)


@given(masks)
def test_runs_are_those_of_coco(mask: np.ndarray) -> None:
    runs = encode_runs(mask)
    theirs = coco.frPyObjects({"size": list(mask.shape), "counts": list(runs.counts)}, *mask.shape)
    assert np.array_equal(coco.decode(theirs).astype(bool), mask)


def test_long_runs_survive() -> None:
    mask = np.zeros((3000, 2500), dtype=np.bool_)
    mask[1234:2900, 17:2300] = True
    mask[0, 0] = mask[-1, -1] = True
    assert np.array_equal(decode(encode(mask)), mask)


def decoded_or_refused(rle: Rle) -> bool:
    """Whether a mask of the right size came out; any error but a ValueError about RLE is raised."""
    try:
        mask = decode(rle)
    except ValueError as error:
        return str(error).startswith("rle:")
    return mask.shape == rle.size


@given(st.text(max_size=60), st.integers(1, 50), st.integers(1, 50))
def test_any_text_is_a_mask_of_that_size_or_refused(text: str, height: int, width: int) -> None:
    assert decoded_or_refused(Rle((height, width), text))


@given(st.text(alphabet=[chr(c) for c in range(48, 112)], min_size=1, max_size=60))
def test_any_well_formed_text_is_a_mask_or_refused(text: str) -> None:
    assert decoded_or_refused(Rle((7, 9), text))


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"size": [4, 4], "counts": [8, 7]}, "add up to 15"),
        ({"size": [4, 4], "counts": [8, 9]}, "add up to 17"),
        ({"size": [4, 4], "counts": [-1, 17]}, "negative"),
        ({"size": [4, 4], "counts": [2**62, 2**62, 2**63]}, "longer"),
        ({"size": [4, 4], "counts": [8.0, 8.0]}, "whole numbers"),
        ({"size": [4, 4], "counts": [True, 15]}, "whole numbers"),
        ({"size": [4, 4], "counts": []}, "add up to 0"),
        ({"size": [4, 4], "counts": ""}, "not a compressed"),
        ({"size": [4, 4], "counts": 3}, "string or a list"),
        ({"size": [4, 4], "counts": "oooo"}, "middle of a number"),
        ({"size": [4, 4], "counts": "oooooooooo0"}, "too large"),
        ({"size": [4], "counts": [4]}, "height, width"),
        ({"size": [0, 4], "counts": []}, "height, width"),
        ({"size": "44", "counts": []}, "height, width"),
        ({"size": [4, 4]}, "object"),
        ([16], "object"),
    ],
)
def test_what_does_not_fit_is_refused(plain: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decode(Rle.from_dict(plain))


def test_other_fields_beside_the_run_lengths_are_ignored() -> None:
    plain = {"size": [4, 4], "counts": [15, 1]}
    assert Rle.from_dict({**plain, "area": 1, "format": "rle"}) == Rle.from_dict(plain)


def test_a_mask_of_another_size_is_refused_with_both() -> None:
    with pytest.raises(ValueError, match=r"4 x 3 pixels, the photo 5 x 5"):
        decode(encode(np.ones((3, 4), dtype=np.bool_)), (5, 5))


@pytest.mark.parametrize("counts", ["0", [10**10], [0] * 3])
def test_gigabytes_are_refused_before_they_are_made(counts: str | list[int]) -> None:
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than"):
        decode(Rle.from_dict({"size": [100_000, 100_000], "counts": counts}))
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()
