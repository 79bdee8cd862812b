"""Metrics of the pyiqa package as baselines, where the user has installed it.

pyiqa and many of its weights are for non-commercial use; nothing here needs it, and what licence it
states is said when it is used.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

import torch

from seagull.evaluation.predictions import Prediction
from seagull.evaluation.predictors import crop, digest, framed
from seagull.photos import Photo
from seagull.types import AssessmentTask, Region

BOX_DRAWN = ":box-drawn"
"""Behind a metric's name: the photo with the rectangle drawn, instead of the crop."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class PyiqaPredictor:
    """Quality by a no-reference metric; higher is better throughout.

    The metric is shown the region's rectangle alone, or the whole photo with the rectangle drawn
    on it.

    Args:
        metric: made by ``pyiqa.create_metric``.
        metric_name: by which it was made.
        version: of pyiqa.
        box_drawn: show the photo with the rectangle drawn.
    """

    metric: Any
    metric_name: str
    version: str
    box_drawn: bool = False
    # Each metric has a scale of its own.
    same_scale: bool = False
    tasks: frozenset[AssessmentTask] = frozenset({AssessmentTask.QUALITY})

    @property
    def name(self) -> str:
        """``pyiqa:NAME`` or ``pyiqa:NAME:box-drawn``."""
        return f"pyiqa:{self.metric_name}" + (BOX_DRAWN if self.box_drawn else "")

    @property
    def fingerprint(self) -> str:
        """Of the metric and the package's version."""
        marks = (BOX_DRAWN,) if self.box_drawn else ()
        return digest("pyiqa", self.metric_name, self.version, *marks)

    def predict(
        self, photo: Photo, regions: Sequence[Region], tasks: Sequence[AssessmentTask]
    ) -> list[Prediction]:
        """One prediction a region."""
        if AssessmentTask.QUALITY not in tasks:
            return [Prediction() for _ in regions]
        return [Prediction(quality=self._score(photo, region)) for region in regions]

    def _score(self, photo: Photo, region: Region) -> float:
        show = framed if self.box_drawn else crop
        pixels = torch.from_numpy(show(photo.pixels, region.box)).permute(2, 0, 1)[None]
        with torch.inference_mode():
            value = float(self.metric(pixels.float() / 255))
        return -value if self.metric.lower_better else value


def load_pyiqa(name: str, device: str = "cpu") -> PyiqaPredictor:
    """The baseline of a pyiqa metric, after a line about licences.

    Args:
        name: of the metric, or with ``:box-drawn`` behind it.
        device: to compute on.

    Raises:
        ValueError: if pyiqa is not installed, cannot be imported, or has no such no-reference
            metric.
    """
    name, box_drawn = name.removesuffix(BOX_DRAWN), name.endswith(BOX_DRAWN)
    try:
        import pyiqa
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "pyiqa":
            raise ValueError(
                f"the baseline pyiqa:{name} needs the package pyiqa (non-commercial licence): "
                "pip install pyiqa"
            ) from error
        raise ValueError(
            f"the baseline pyiqa:{name}: pyiqa is installed, but cannot be imported: {error}; "
            "repair what it needs (pip check says what)"
        ) from error
    if name not in pyiqa.list_models():
        raise ValueError(f"pyiqa has no metric {name!r}; its list_models() names them")
    logger.warning(
        "pyiqa:%s: the package pyiqa states the licence %s; the weights of %s, if it has any, have "
        "their authors' own, which often allows no commercial use: look it up before you use its "
        "numbers",
        name, _licence(), name,
    )  # fmt: skip
    metric = pyiqa.create_metric(name, device=torch.device(device))
    if getattr(metric, "metric_mode", "NR") != "NR":
        raise ValueError(f"pyiqa:{name} compares with a reference; name a no-reference metric")
    version = str(getattr(pyiqa, "__version__", "unknown"))
    return PyiqaPredictor(metric, name, version, box_drawn=box_drawn)


def _licence() -> str:
    """What the installed package says of itself, in one line."""
    try:
        about = metadata("pyiqa")
    except PackageNotFoundError:
        return "unknown"
    fields = (name for name in ("License-Expression", "License") if name in about)
    stated = next((about[name] for name in fields if about[name]), "unknown")
    return " ".join(stated.split())[:120]
