"""BaselineAssessor: a trained baseline that answers as the model does, in numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seagull.baselines.card import depth_name
from seagull.baselines.config import BaselineConfig
from seagull.baselines.depth.sources import DepthSource, depth_source
from seagull.baselines.errors import BaselineError
from seagull.baselines.folder import load_network, read_about, revision, with_depth
from seagull.baselines.network import BaselineNetwork
from seagull.baselines.place import baseline_folder
from seagull.baselines.views import READ_SEED, Layers, as_tensor, make_views, shown, stacked
from seagull.devices import choose_device
from seagull.levels import IMPORTANCE, QUALITY
from seagull.photos import Photo, read_photo
from seagull.photos.photo import PhotoSource
from seagull.regions.asked import AskedRegions, asked_regions
from seagull.regions.spec import RegionSpec
from seagull.types import (
    AssessmentTask,
    LevelScore,
    ModelInfo,
    QualityReport,
    Region,
    RegionAssessment,
)

AT_ONCE = 32
"""Crops that go through the network together."""
STD = 0.1
"""Half a level: nothing tells how sure a baseline is, and reports say so (``fixed_std``)."""
SCALES = {AssessmentTask.QUALITY: QUALITY, AssessmentTask.IMPORTANCE: IMPORTANCE}


class BaselineAssessor:
    """Reads regions of photos with a trained baseline.

    Args:
        network: in evaluation mode, on its device.
        config: that it was trained with.
        depth: where depth comes from, for systems that see depth.
        info: for reports.
    """

    has_head = False

    def __init__(
        self,
        network: BaselineNetwork,
        config: BaselineConfig,
        depth: DepthSource | None,
        info: ModelInfo,
    ) -> None:
        self.network, self.config, self.depth, self.info = network, config, depth, info
        self.tasks = tuple(AssessmentTask(name) for name in config.tasks)

    @torch.inference_mode()
    def read(self, photo: Photo, regions: Sequence[Region]) -> NDArray[np.float64]:
        """Numbers of regions, (R, tasks), kept in [0, 1]; a whole photo's windows are averaged.

        Raises:
            BaselineError: if there is no depth map of the photo.
        """
        depth = None if self.depth is None else self.depth(photo)
        layers = stacked(photo.pixels, depth)
        read = self._under_masks if self.config.protocol == "mask" else self._crops
        return np.clip(read(layers, regions).cpu().numpy(), 0.0, 1.0)

    def _under_masks(self, layers: Layers, regions: Sequence[Region]) -> Tensor:
        """The photo is encoded once for all its regions."""
        cut, masks = shown(layers, regions, self.config, 1, np.random.default_rng(READ_SEED))
        views = make_views(as_tensor(cut), torch.zeros(len(regions), dtype=torch.long), masks)
        return self.network(views.to(self._device)).double()

    def _crops(self, layers: Layers, regions: Sequence[Region]) -> Tensor:
        """All crops in a few passes, averaged region by region."""
        cut: list[Layers] = []
        counts: list[int] = []
        for region in regions:
            # Anew for each region: its windows do not depend on what else is asked.
            rng = np.random.default_rng(READ_SEED)
            own, _ = shown(layers, [region], self.config, self.config.view.windows, rng)
            cut, counts = cut + own, [*counts, len(own)]
        read = []
        for start in range(0, len(cut), AT_ONCE):
            some = as_tensor(cut[start : start + AT_ONCE])
            views = make_views(some, torch.arange(len(some)))
            read.append(self.network(views.to(self._device)).double())
        return torch.stack([part.mean(dim=0) for part in torch.cat(read).split(counts)])

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def assess(
        self,
        image: Photo | PhotoSource,
        regions: AskedRegions | None = None,
        *,
        tasks: Sequence[AssessmentTask | str] = tuple(AssessmentTask),
        text: bool = False,
        segmenter: str | None = None,
        read_out: str = "head",
    ) -> QualityReport:
        """The report on regions of a photo, as ``seagull.inference.assessor.Assessor`` gives it.

        Tasks that the baseline does not know are left open in the report.

        Args:
            image: as there. ``regions``: likewise; None is the whole photo.
            tasks: what is asked.
            text, read_out: a baseline has no words, so only the defaults are taken.
            segmenter: name of what made the regions.

        Raises:
            PhotoError: if the photo cannot be read.
            BaselineError: if words or only unknown tasks are asked for, or depth is missing.
        """
        if text or read_out != "head":
            raise BaselineError(f"{self.info.name} answers in numbers only; leave out words")
        asked = {AssessmentTask(task) for task in tasks}
        if not asked & set(self.tasks):
            raise BaselineError(
                f"{self.info.name} reads {' and '.join(self.tasks)}; that was not asked for"
            )
        photo = image if isinstance(image, Photo) else read_photo(image)
        own = asked_regions(photo, [RegionSpec(whole=True)] if regions is None else regions)
        numbers = self.read(photo, own)
        names = sorted({region.segmenter for region in own if region.segmenter})
        return QualityReport(
            image=photo.info,
            model=self.info,
            segmenter=segmenter or ", ".join(names) or None,
            regions=tuple(self._assessments(own, numbers, asked)),
        )

    def _assessments(
        self, regions: Sequence[Region], numbers: NDArray[np.float64], asked: set[AssessmentTask]
    ) -> Iterator[RegionAssessment]:
        for region, row in zip(regions, numbers, strict=True):
            levels = {
                task: LevelScore.from_normal(SCALES[task], float(value), STD)
                for task, value in zip(self.tasks, row, strict=True)
                if task in asked and region.answers(task)
            }
            yield RegionAssessment(
                region,
                quality=levels.get(AssessmentTask.QUALITY),
                importance=levels.get(AssessmentTask.IMPORTANCE),
            )

    def chat(self, image: object, regions: object = ()) -> object:
        """Refuses: a baseline has no language model.

        Raises:
            BaselineError: always.
        """
        raise BaselineError(f"{self.info.name} answers in numbers only; chat with another model")


def load_baseline(wanted: str | Path, *, device: str = "auto", **depth: str) -> BaselineAssessor:
    """The assessor of a trained baseline.

    Args:
        wanted: its model folder, or the folder of its run.
        device: ``auto``, ``cpu``, ``cuda`` ...
        depth: settings of ``DepthSettings`` to change, e.g. ``source="maps", maps=FOLDER``.

    Raises:
        BaselineError: if there is none, or it cannot be used.
        DeviceError: if there is no such device.
        ConfigError: if the depth settings cannot be used.
    """
    folder = baseline_folder(wanted)
    if folder is None:
        raise BaselineError(f"{wanted}: no baseline's folder; `seagull train` writes OUTPUT/model")
    config = read_about(folder).config
    if depth:
        config = with_depth(config, **depth)
    place = choose_device("auto" if device == "balanced" else device)
    network = load_network(folder, config).to(place)
    source = depth_source(config.depth, place) if config.sees_depth else None
    return BaselineAssessor(
        network, config, source, ModelInfo(_name(config), revision(folder), True, STD)
    )


def _name(config: BaselineConfig) -> str:
    more = f", depth: {depth_name(config)}" if config.sees_depth else ""
    return f"{config.system} (reconstruction{more})"
