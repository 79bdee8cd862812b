"""Arrays from whatever holds numbers: NumPy, torch (on any device), JAX, TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_array(value: Any) -> NDArray[np.generic] | None:
    """The value as a NumPy array if it is an array or a tensor; None for everything else.

    Pillow images, lists and numbers are none.
    """
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        # torch, told by what it can do: nothing here needs it installed.
        value = value.detach().cpu()
        return np.asarray(value.float() if value.dtype.is_floating_point else value)
    if hasattr(value, "__array__") and hasattr(value, "dtype") and hasattr(value, "shape"):
        return np.asarray(value)
    return None
