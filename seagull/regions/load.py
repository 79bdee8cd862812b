"""Which segmenter: by name or path, or the best one that is there."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable
from pathlib import Path

from seagull.files.download import DOWNLOADS, cached
from seagull.regions.classical import ClassicalSegmenter
from seagull.regions.segmenter import Segmenter

CLASSICAL = "classical"
"""Name of the segmenter without weights."""

NOTICE = (
    "no SAM checkpoint is there, so regions come from GrabCut and colour merging; "
    "`seagull download sam2.1-tiny` gets better ones"
)

_CHECKPOINT_ENDINGS = (".pth", ".pt", ".safetensors")


def load_segmenter(name_or_path: str | Path | None = None, device: str = "cpu") -> Segmenter:
    """The segmenter of that name or checkpoint.

    Args:
        name_or_path: ``classical``; a name of ``seagull download`` (``sam2.1-tiny``); a checkpoint
            file of segment-anything; a folder with a transformers SAM or SAM 2; or None for the
            first downloaded SAM, and without one the classical segmenter with a notice.
        device: where a network runs, in torch's words.

    Raises:
        ValueError: if there is no such segmenter, or its file cannot be used.
    """
    if name_or_path is None:
        for name in DOWNLOADS:
            if path := cached(name):
                return _from_path(path, device)
        return ClassicalSegmenter(notice=NOTICE)
    if name_or_path == CLASSICAL:
        return ClassicalSegmenter()
    if name_or_path in DOWNLOADS:
        path = cached(str(name_or_path))
        if path is None:
            raise ValueError(
                f"{name_or_path} is not downloaded; run `seagull download {name_or_path}`"
            )
        return _from_path(path, device)
    return _from_path(Path(name_or_path), device)


def segmenter_loader(
    name_or_path: str | Path | None = None, device: str = "cpu"
) -> Callable[[], Segmenter]:
    """A function that loads the segmenter when first called and returns the same one after."""
    return functools.cache(functools.partial(load_segmenter, name_or_path, device))


def _from_path(path: Path, device: str) -> Segmenter:
    if path.is_dir():
        from seagull.regions.sam_hf import HfSamSegmenter

        return HfSamSegmenter.from_folder(path, device)
    if path.is_file() and path.suffix in _CHECKPOINT_ENDINGS:
        try:
            from seagull.regions.sam import SamSegmenter
        except ImportError as error:
            raise ValueError(
                f"{path}: reading it needs segment-anything; pip install 'seagull-iqa[sam]'"
            ) from error
        return SamSegmenter.from_checkpoint(path, device)
    names = [CLASSICAL, *DOWNLOADS]
    near = difflib.get_close_matches(str(path), names, n=2)
    raise ValueError(
        f"there is no segmenter {str(path)!r}; give a checkpoint "
        f"({', '.join(_CHECKPOINT_ENDINGS)}), a folder with config.json, or one of "
        f"{', '.join(near or names)}"
    )
