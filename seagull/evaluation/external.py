"""Metrics of the pyiqa package as baselines, where the user has installed it.

pyiqa and many of its weights are for non-commercial use; nothing here needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from seagull.evaluation.predictions import Prediction
from seagull.evaluation.predictors import crop, digest
from seagull.photos import Photo
from seagull.types import AssessmentTask, Region


@dataclass(frozen=True, eq=False)
class PyiqaPredictor:
    """Quality of the region's rectangle by a no-reference metric; higher is better throughout.

    Args:
        metric: made by ``pyiqa.create_metric``.
        metric_name: by which it was made.
        version: of pyiqa.
    """

    metric: Any
    metric_name: str
    version: str
    # Each metric has a scale of its own.
    same_scale: bool = False
    tasks: frozenset[AssessmentTask] = frozenset({AssessmentTask.QUALITY})

    @property
    def name(self) -> str:
        """``pyiqa:NAME``."""
        return f"pyiqa:{self.metric_name}"

    @property
    def fingerprint(self) -> str:
        """Of the metric and the package's version."""
        return digest("pyiqa", self.metric_name, self.version)

    def predict(
        self, photo: Photo, regions: Sequence[Region], tasks: Sequence[AssessmentTask]
    ) -> list[Prediction]:
        """One prediction a region."""
        if AssessmentTask.QUALITY not in tasks:
            return [Prediction() for _ in regions]
        return [Prediction(quality=self._score(photo, region)) for region in regions]

    def _score(self, photo: Photo, region: Region) -> float:
        pixels = torch.from_numpy(crop(photo.pixels, region.box)).permute(2, 0, 1)[None]
        with torch.inference_mode():
            value = float(self.metric(pixels.float() / 255))
        return -value if self.metric.lower_better else value


def load_pyiqa(name: str, device: str = "cpu") -> PyiqaPredictor:
    """The baseline of a pyiqa metric.

    Raises:
        ValueError: if pyiqa is not installed, or has no such no-reference metric.
    """
    try:
        import pyiqa
    except ImportError as error:
        raise ValueError(
            f"the baseline pyiqa:{name} needs the package pyiqa (non-commercial licence): "
            "pip install pyiqa"
        ) from error
    if name not in pyiqa.list_models():
        raise ValueError(f"pyiqa has no metric {name!r}; its list_models() names them")
    metric = pyiqa.create_metric(name, device=torch.device(device))
    if getattr(metric, "metric_mode", "NR") != "NR":
        raise ValueError(f"pyiqa:{name} compares with a reference; name a no-reference metric")
    return PyiqaPredictor(metric, name, str(getattr(pyiqa, "__version__", "unknown")))
