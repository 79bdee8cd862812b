"""What the commands need from the heavy parts; each method imports its own on first use."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from seagull.baselines.place import baseline_folder
from seagull.devices import choose_device
from seagull.memory import keep_freed_memory

if TYPE_CHECKING:
    from seagull.client import SeagullClient
    from seagull.inference.assessor import Assessor
    from seagull.inference.known import ModelEntry
    from seagull.regions.segmenter import Segmenter

NANO = "nano"

Progress = Callable[[int, int], None]


@contextmanager
def collection_paused() -> Iterator[None]:
    """Keeps the garbage collector from going through the many objects that imports make."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Services:
    """The way from the commands to models and downloads; tests put their own in its place."""

    def load(self, model: str, *, device: str, dtype: str, quantization: str | None) -> Assessor:
        """The assessor of a model's name or folder, or a trained baseline's in its place."""
        # A known name means the model of that name, whatever lies in the current folder.
        if model != NANO and (folder := baseline_folder(model)) is not None:
            return self._load_baseline(folder, device, dtype, quantization)
        with collection_paused():
            from seagull.inference.load import load

            _silence_bars()
            assessor = load(model, device=device, dtype=dtype, quantization=quantization)
        if assessor.engine.device.type == "cpu":
            # With a GPU, what loading a large model frees had better be given back.
            keep_freed_memory()
        return assessor

    def _load_baseline(
        self, folder: Path, device: str, dtype: str, quantization: str | None
    ) -> Assessor:
        from seagull.baselines.assessor import load_baseline

        if dtype not in ("auto", "float32") or quantization is not None:
            raise ValueError(
                f"{folder}: a baseline computes in float32; leave out --dtype and --quantization"
            )
        return cast("Assessor", load_baseline(folder, device=device))

    def connect(self, url: str, api_key: str | None) -> SeagullClient:
        """The client of a server."""
        from seagull.client import SeagullClient

        return SeagullClient(url, api_key=api_key)

    def models(self) -> Sequence[ModelEntry]:
        """The models that can be named."""
        from seagull.inference.known import known_models

        return known_models()

    def segmenter(self, name: str | None, device: str) -> Segmenter:
        """The segmenter of a name or path, or the best one that is there."""
        from seagull.regions.load import load_segmenter

        return load_segmenter(name, choose_device("auto" if device == "balanced" else device))

    def cache_folder(self) -> Path:
        """Where downloads are kept."""
        from seagull.files.download import cache_dir

        return cache_dir()

    def downloads(self) -> dict[str, str]:
        """Names that ``download`` takes, each with a line about it."""
        from seagull.files.download import DOWNLOADS

        nano = {NANO: "base weights of seagull-nano: EfficientNet-Lite0 and SmolLM2-135M-Instruct"}
        return nano | {name: entry.about for name, entry in DOWNLOADS.items()}

    def download(self, name: str, progress: Progress, say: Callable[[str], None]) -> Path:
        """Fetches base weights or a checkpoint into the cache and returns where they are.

        Args:
            name: one of ``downloads``.
            progress: called with bytes done and bytes in all.
            say: called with a line about each step.
        """
        if name == NANO:
            from seagull.model.nano import download_nano

            _silence_bars()
            return download_nano(say)
        from seagull.files.download import download

        return download(name, progress)

    def convert(self, reference: Path, out: Path, vision: Path | None) -> None:
        """Writes the released checkpoint in Seagull's own format."""
        from seagull.model.convert import convert_checkpoint

        convert_checkpoint(reference, out, vision=vision)


def _silence_bars() -> None:
    """Keeps bars of single tensors off stderr, where people look for what is wrong."""
    from transformers.utils import logging

    logging.disable_progress_bar()
