"""Devices and number types by the names that people give them. Importing this needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
"""torch's names of the number types, by their short ones."""


class DeviceError(ValueError):
    """A device or number type is not known, or not to be had here."""


def choose_device(wanted: str) -> str:
    """The device to compute on.

    Args:
        wanted: ``auto`` (a GPU if there is one), ``cpu``, ``cuda``, ``cuda:1`` ..., or ``balanced``
            for several GPUs.

    Raises:
        DeviceError: if there is no such device.
    """
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "balanced":
        return wanted
    try:
        kind = torch.device(wanted).type
    except RuntimeError as error:
        raise DeviceError(f"unknown device {wanted!r}; try auto, cpu, cuda or cuda:0") from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            f"device {wanted!r} was asked for, but there is no GPU that torch can use"
        )
    return wanted


def dtype_name(wanted: str) -> str | None:
    """torch's name of a number type, by its short or its long name; None if it is not known."""
    name = DTYPES.get(wanted, wanted)
    return name if name in DTYPES.values() else None


def choose_dtype(wanted: str, device: str) -> torch.dtype:
    """The number type to compute in.

    Args:
        wanted: ``auto`` (bfloat16 on a GPU, float32 on a CPU), or a short or long name.
        device: of the computation.

    Raises:
        DeviceError: if the name is not known.
    """
    import torch

    if wanted == "auto":
        return torch.float32 if device == "cpu" else torch.bfloat16
    if (name := dtype_name(wanted)) is None:
        raise DeviceError(f"unknown dtype {wanted!r}; there are auto, {', '.join(DTYPES.values())}")
    dtype: torch.dtype = getattr(torch, name)
    return dtype


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16; False where torch cannot tell."""
    import torch

    ask: Callable[[], Mapping[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)
    known = ask()
    return any(bool(known.get(name)) for name in ("avx512_bf16", "amx_bf16"))
