"""One request's regions, from how they are asked for to their report, whole or line by line."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.concurrency import run_in_threadpool

from seagull.inference.assessor import segmenter_names
from seagull.photos import Photo
from seagull.reports.json import report_to_dict
from seagull.server.errors import ApiError, internal_error
from seagull.server.region_input import Wanted
from seagull.server.reporting import json_line, pictures, region_entry
from seagull.server.schemas import RegionQuestions
from seagull.server.service import Service
from seagull.server.worker import log_fault
from seagull.types import AssessmentTask, QualityReport, RegionAssessment


class Assessment:
    """One request's regions, from how they are asked for to their report.

    Args:
        service: what is shared.
        photo: the photo.
        asked: regions, tasks and pictures.
        request_id: under which a fault is logged.

    Raises:
        ApiError: 413, if the regions' masks would take too much memory; 422, if a heat map is to
            show what is not asked.
    """

    def __init__(
        self, service: Service, photo: Photo, asked: RegionQuestions, request_id: str = ""
    ) -> None:
        if asked.heatmap and "quality" not in asked.tasks:
            raise ApiError(422, "heatmap shows quality: add quality to tasks")
        self._service = service
        self._photo = photo
        self._asked = asked
        self._id = request_id
        self._wanted = Wanted.of(asked)
        self._bytes = service.mask_bytes(photo, self._wanted.most)

    async def whole(self) -> dict[str, Any]:
        """The report with the pictures asked for.

        Raises:
            ApiError: if a region cannot be made.
        """
        service = self._service
        with service.masks.lend(self._bytes):
            async with aclosing(self._run()) as steps:
                *_, report = [report async for report in steps]
            # Masks become run lengths there, which takes its time with large photos.
            plain = await service.decoding(lambda: report_to_dict(report))
            return plain | await self._pictures(report)

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """The report as lines of JSON, see ``StreamLine``.

        Raises:
            ApiError: if a region cannot be made; nothing was yielded then.
        """
        with self._service.masks.lend(self._bytes):
            async with aclosing(self._run()) as steps:
                report = await anext(steps)
                yield json_line({"type": "report", "report": report_to_dict(report)})
                try:
                    async for report in steps:
                        entry = await run_in_threadpool(region_entry, report, report.regions[-1])
                        yield json_line({"type": "region", "region": entry})
                    last = {"type": "done", "regions": len(report.regions)}
                    yield json_line(last | await self._pictures(report))
                except Exception as error:  # the status is sent; the error is the last line
                    log_fault(error, self._id)
                    yield json_line({"type": "error", **internal_error().body})

    async def _run(self) -> AsyncGenerator[QualityReport, None]:
        """The report without regions, then with one more each time."""
        service, asked = self._service, self._asked
        regions = await service.regions(self._photo, self._wanted.given, self._wanted.selection)
        done: list[RegionAssessment] = []
        names, model = segmenter_names(regions), service.assessor.info
        yield QualityReport(self._photo.info, model, names, ())
        tasks = [AssessmentTask(task) for task in asked.tasks]
        outbox = service.assess(self._photo, regions, tasks, asked.text, asked.read_out)
        async with aclosing(outbox.items()) as assessed:
            async for assessment in assessed:
                done.append(assessment)
                service.metrics.regions.inc()
                yield QualityReport(self._photo.info, model, names, tuple(done))

    async def _pictures(self, report: QualityReport) -> dict[str, str]:
        overlay, heatmap = self._asked.overlay, self._asked.heatmap
        if not overlay and not heatmap:
            return {}
        return await self._service.decoding(
            lambda: pictures(self._photo, report, overlay=overlay, heatmap=heatmap)
        )
