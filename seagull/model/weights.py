"""Checks that the weights of a model folder fit its configuration, by their headers alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open

from seagull.model.config import SeagullConfig
from seagull.model.errors import ModelError
from seagull.model.fresh import build_model
from seagull.model.head import HEAD_FILE

OWN_PARTS = ("vision_encoder.", "projector.", "mfe.")
"""Beginnings of our own keys; transformers checks those of a language model."""


def check_weights(folder: Path, config: SeagullConfig) -> None:
    """Passes if the weights' headers fit a model of that configuration.

    The model is built without memory and only the headers of the files are read, so a
    configuration that asks for terabytes is refused like any other that does not fit.

    Args:
        folder: holds ``*.safetensors``.
        config: of the model.

    Raises:
        ModelError: if no model can be built, a file is damaged, or keys are missing, left over or
            of another shape.
    """
    expected = _expected_shapes(folder, config)
    stored = _stored_shapes(folder)
    packed = "language_model." if getattr(config, "quantization_config", None) else "\0"
    missing = [key for key in expected if key not in stored and key.startswith(OWN_PARTS)]
    left_over = [key for key in stored if key not in expected and key.startswith(OWN_PARTS)]
    misshapen = [
        key
        for key, shape in stored.items()
        if expected.get(key, shape) != shape and not key.startswith(packed)
    ]
    refuse_faults(
        folder, {"missing": missing, "left over": left_over, "of another shape": misshapen}
    )


def refuse_faults(folder: Path, faults: Mapping[str, Collection[str]]) -> None:
    """Passes if no kind of fault has a key.

    Raises:
        ModelError: otherwise; it names the first keys of each kind.
    """
    descriptions = [f"{len(keys)} {kind} ({_some(keys)})" for kind, keys in faults.items() if keys]
    if descriptions:
        raise ModelError(
            f"{folder}: the weights do not fit the configuration: {'; '.join(descriptions)}"
        )


def _expected_shapes(folder: Path, config: SeagullConfig) -> dict[str, tuple[int, ...]]:
    try:
        state = build_model(config, device="meta").state_dict()
    except Exception as error:  # each part of a model complains about its numbers in its own way
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(f"{folder}: config.json describes no possible model: {reason}") from error
    return {key: tuple(value.shape) for key, value in state.items()}


def _stored_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted(set(folder.glob("*.safetensors")) - {folder / HEAD_FILE}):
        try:
            with safe_open(file, "pt") as opened:
                names = list(opened.keys())
                shapes |= {name: tuple(opened.get_slice(name).get_shape()) for name in names}
        except (SafetensorError, OSError) as error:
            raise ModelError(
                f"{file}: damaged, cut off, or no safetensors file ({error}); copy it again"
            ) from error
    return shapes


def _some(keys: Collection[str], limit: int = 3) -> str:
    names = sorted(keys)
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")
