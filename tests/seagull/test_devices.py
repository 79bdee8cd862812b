"""Devices and number types: one table of names, and errors that say what there is."""

import pytest
import torch

from seagull.devices import DTYPES, DeviceError, choose_device, choose_dtype, dtype_name


def test_short_and_long_names_mean_the_same_type() -> None:
    for short, long in DTYPES.items():
        assert choose_dtype(short, "cpu") is choose_dtype(long, "cuda") is getattr(torch, long)


def test_auto_is_bfloat16_on_a_gpu_only() -> None:
    assert choose_dtype("auto", "cpu") is torch.float32
    assert choose_dtype("auto", "cuda:1") is torch.bfloat16


def test_an_unknown_type_names_the_known_ones() -> None:
    assert dtype_name("int8") is None
    with pytest.raises(DeviceError, match="float32, bfloat16, float16"):
        choose_dtype("int8", "cpu")


@pytest.mark.parametrize("there", [True, False])
def test_auto_takes_a_gpu_where_there_is_one(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert choose_device("auto") == ("cuda" if there else "cpu")
    if not there:
        with pytest.raises(DeviceError, match="no GPU that torch can use"):
            choose_device("cuda:1")
    with pytest.raises(DeviceError, match="unknown device 'gpu'"):
        choose_device("gpu")
