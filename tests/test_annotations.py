"""Shapes that annotations claim are checked in tests; the product itself needs no checker."""

from pathlib import Path

import pytest
import torch
from jaxtyping import TypeCheckError

import seagull
from seagull.model import SeagullForConditionalGeneration
from seagull.model.pooling import pool


def test_a_shape_that_is_not_the_annotated_one_is_told() -> None:
    with pytest.raises(TypeCheckError, match="weights"):
        pool(torch.ones(1, 3, 4, 4), torch.ones(1, 2, 4, 5))


def test_methods_of_the_model_are_checked_too(tiny_model: SeagullForConditionalGeneration) -> None:
    with pytest.raises(TypeCheckError, match="photo"):
        tiny_model.encode(torch.zeros(1, 4, 32, 32))


def test_the_product_does_not_import_the_checker() -> None:
    files = Path(seagull.__file__).parent.rglob("*.py")
    assert not [path.name for path in files if "beartype" in path.read_text(encoding="utf-8")]
