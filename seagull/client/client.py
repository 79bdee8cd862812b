"""SeagullClient: a server's photos, regions, assessments and conversations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any
from urllib.parse import quote

from seagull.client.chat import RemoteChat
from seagull.client.comparing import put_comparisons_together, read_comparison, with_paths
from seagull.client.errors import ServerError
from seagull.client.http import Http
from seagull.client.models import ServedModel, served_models
from seagull.client.regions import found_region, region_requests, request_regions, with_own
from seagull.client.segmenter import RemoteSegmenter
from seagull.client.streaming import assessed_lines, begun, put_together
from seagull.client.uploads import SentImage, Upload, Uploads
from seagull.comparison.types import Comparison
from seagull.photos import Photo, PhotoSource
from seagull.regions.asked import AskedRegions
from seagull.regions.segmenter import Point
from seagull.regions.spec import RegionSpec
from seagull.reports.json import report_from_dict
from seagull.types import AssessmentTask, Box, ModelInfo, QualityReport, Region, RegionAssessment

ALL_TASKS = tuple(AssessmentTask)


class SeagullClient:
    """A Seagull server, used like a loaded model; nothing here needs torch.

    A photo is sent once, however often it is asked about, and sent again by itself when the server
    has forgotten it. A busy server is asked again after the time that it names. One client may be
    used from several threads.

    Args:
        url: where the server is.
        api_key: if the server wants one.
        timeout: seconds to wait for each part of an answer.
        retries: how often a busy server is asked again.

    Raises:
        ValueError: if the address or the key cannot be used. Every method raises besides
            ``PhotoError`` for a photo that cannot be read, ``ServerError`` where the server
            refuses, and ``ServerUnavailable`` where no answer can be had.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        api_key: str | None = None,
        timeout: float = 300.0,
        retries: int = 10,
    ) -> None:
        self._http = Http(url, api_key, timeout=timeout, retries=retries)
        self._uploads = Uploads(self._http)
        self._served: ServedModel | None = None
        self.segmenter = RemoteSegmenter(self)
        """The server's segmenter, for code that takes one."""

    def __enter__(self) -> SeagullClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections to the server."""
        self._http.close()

    @property
    def url(self) -> str:
        """The server's address."""
        return self._http.url

    def models(self) -> list[ServedModel]:
        """The models that the server has."""
        return served_models(self._http.get("/v1/models"))

    @property
    def served(self) -> ServedModel:
        """The server's first model; asked once."""
        if self._served is None:
            models = self.models()
            if not models:
                raise ServerError(f"{self.url} has no model", 200)
            self._served = models[0]
        return self._served

    @property
    def info(self) -> ModelInfo:
        """What reports say of the server's model."""
        return self.served.info

    def upload(self, image: Photo | PhotoSource) -> SentImage:
        """The photo on the server: sent now unless it was before.

        Args:
            image: a path, PIL image, array (H, W, 3), encoded bytes, opened file or ``Photo``.
        """
        return self._uploads.sent(Upload(image))

    def assess(
        self,
        image: Photo | PhotoSource,
        regions: AskedRegions | None = None,
        *,
        tasks: Sequence[AssessmentTask | str] = ALL_TASKS,
        text: bool = False,
        read_out: str = "head",
        everything: bool = False,
        max_regions: int = 32,
    ) -> QualityReport:
        """Assesses regions of a photo, as ``Assessor.assess`` does.

        Args:
            image: as ``upload`` takes it.
            regions: as ``Assessor.assess`` takes them; points and refined boxes are made by the
                server's segmenter. None means the whole photo, or, with ``everything``, no others.
            tasks: any of ``quality``, ``importance``, ``distortion``.
            text: also answers in words.
            read_out: ``head`` or ``language_model``.
            everything: also the regions that the server's segmenter finds.
            max_regions: most of these.

        Raises:
            ValueError: as ``Assessor.assess``.
        """
        upload = Upload(image)
        options = _options(tasks, text, read_out)
        automatic = {"everything": True, "max_regions": max_regions} if everything else {}

        def ask(sent: SentImage) -> QualityReport:
            reports = []
            image = {"image": sent.id}
            for body, owns in region_requests(image, sent.size, regions, options, automatic):
                answer = self._http.post("/v1/assess", body)
                reports.append(_own(report_from_dict(_plain(answer)), owns))
            return put_together(reports)

        report = self._uploads.using(upload, ask)
        return replace(report, image=replace(report.image, path=upload.path))

    def assess_each(
        self,
        image: Photo | PhotoSource,
        regions: AskedRegions | None = None,
        *,
        tasks: Sequence[AssessmentTask | str] = ALL_TASKS,
        text: bool = False,
        read_out: str = "head",
        everything: bool = False,
        max_regions: int = 32,
    ) -> Iterator[RegionAssessment]:
        """The assessments of regions, each as soon as the server has it; arguments as ``assess``.

        Raises:
            ServerError: also in the middle, if the server could not go on; what came is whole.
        """
        options = _options(tasks, text, read_out) | {"stream": True}
        automatic = {"everything": True, "max_regions": max_regions} if everything else {}

        def ask(sent: SentImage) -> Iterator[RegionAssessment]:
            image = {"image": sent.id}
            for body, owns in region_requests(image, sent.size, regions, options, automatic):
                lines = self._http.lines("/v1/assess", body)
                for place, assessment in enumerate(assessed_lines(lines, self.url)):
                    yield with_own(assessment, owns[place] if place < len(owns) else None)

        return self._uploads.using(Upload(image), lambda sent: begun(ask(sent)))

    def compare(
        self,
        before: Photo | PhotoSource,
        after: Photo | PhotoSource,
        regions: AskedRegions | None = None,
        *,
        everything: bool = False,
        max_regions: int = 32,
        resize: str | None = None,
    ) -> Comparison:
        """Compares the same regions of two photos of one scene, as ``seagull.compare`` does.

        Args:
            before: the first photo, as ``upload`` takes it.
            after: the second one.
            regions: as ``assess`` takes them, in pixels of the photos' common size; None means, as
                there, those that are found in the first photo, or the whole one if none is.
            everything: also the regions that the server's segmenter finds in the first photo.
            max_regions: most of these.
            resize: ``before`` or ``after``: which photo is resized to the other one's size, if
                sizes differ. Without it, photos of different sizes are refused.

        Raises:
            ValueError: as ``seagull.compare``.
        """
        uploads = Upload(before), Upload(after)
        options = {} if resize is None else {"resize": resize}
        left_out = regions is None and not everything
        wanted = everything or left_out
        automatic = {"everything": True, "max_regions": max_regions} if wanted else {}

        def ask(first: SentImage, second: SentImage) -> Comparison:
            photos = {"before": first.id, "after": second.id}
            size = (second if resize == "before" else first).size
            try:
                return self._compared(photos, size, regions, options, automatic)
            except ServerError as error:
                if not left_out or error.code != "no_regions":
                    raise
            return self._compared(photos, size, [RegionSpec(whole=True)], options, {})

        comparison = self._uploads.using(
            uploads[0],
            lambda first: self._uploads.using(uploads[1], lambda second: ask(first, second)),
        )
        return with_paths(comparison, *uploads)

    def _compared(self, photos: dict[str, str], *asked: Any) -> Comparison:
        """The comparison of sent photos; arguments as ``region_requests``."""
        parts = []
        for body, owns in region_requests(photos, *asked):
            parts.append(read_comparison(self._http.post("/v1/compare", body), owns))
        return put_comparisons_together(parts)

    def segment(
        self,
        image: Photo | PhotoSource,
        points: Sequence[Point | Sequence[float]] = (),
        box: Box | Sequence[float] | None = None,
    ) -> Region:
        """The region that points, or the object that a box, means.

        Args:
            image: as ``upload`` takes it.
            points: ``(x, y)`` or ``(x, y, label)`` in pixels, label 1 inside and 0 outside.
            box: ``x1, y1, x2, y2`` in pixels, end exclusive.

        Raises:
            ValueError: if neither is given, or nothing is found there.
        """
        if not points and box is None:
            raise ValueError("give points or a box that mean the region")
        what: dict[str, Any] = {"points": [list(point) for point in points]} if points else {}
        what |= {} if box is None else {"box": list(box)}

        def ask(sent: SentImage) -> Region:
            answer = self._http.post("/v1/segment", {"image": sent.id} | what)
            return found_region(answer, sent.size)

        return self._uploads.using(Upload(image), ask)

    def regions(self, image: Photo | PhotoSource, *, limit: int = 32) -> list[Region]:
        """The regions that the server's segmenter finds in a photo, best first."""

        def ask(sent: SentImage) -> list[Region]:
            path = f"/v1/images/{quote(sent.id, safe='')}/regions?max_regions={limit}"
            entries = self._http.get(path)["regions"]
            return [found_region(entry, sent.size) for entry in entries]

        return self._uploads.using(Upload(image), ask)

    def chat(self, image: Photo | PhotoSource, regions: AskedRegions = ()) -> RemoteChat:
        """A conversation about a photo and regions of it, as ``Assessor.chat`` makes one."""
        upload = Upload(image)
        none_given = isinstance(regions, Sequence) and not regions
        size = self._uploads.sent(upload).size
        asked = [] if none_given else [plain for plain, _ in request_regions(regions, size)]
        return RemoteChat(self._http, self._uploads, upload, self.served.id, asked)


def _options(tasks: Sequence[AssessmentTask | str], text: bool, read_out: str) -> dict[str, Any]:
    names = [tasks] if isinstance(tasks, str) else [str(task) for task in tasks]
    return {"tasks": names, "text": text, "read_out": read_out}


def _plain(answer: dict[str, Any]) -> dict[str, Any]:
    """The report itself, without pictures beside it."""
    return {key: value for key, value in answer.items() if key not in ("overlay", "heatmap")}


def _own(report: QualityReport, owns: Sequence[Region | None]) -> QualityReport:
    """The report, of the regions that were sent as such."""
    sent = [*owns, *[None] * (len(report.regions) - len(owns))]
    pairs = zip(report.regions, sent, strict=True)
    return replace(report, regions=tuple(with_own(assessed, region) for assessed, region in pairs))
