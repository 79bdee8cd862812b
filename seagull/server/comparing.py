"""Two photos and regions become a comparison; the model's worker assesses both photos."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from seagull.comparison.changes import compare_reports
from seagull.comparison.json import comparison_to_dict
from seagull.comparison.measured import measured
from seagull.comparison.photos import AFTER, BEFORE, same_size
from seagull.comparison.types import Resized
from seagull.inference.assessor import segmenter_names
from seagull.photos import Photo
from seagull.server.budget import Budget
from seagull.server.errors import ApiError
from seagull.server.region_input import Wanted
from seagull.server.schemas import ComparisonChoice
from seagull.server.service import Service
from seagull.types import AssessmentTask, QualityReport, Region

_PHOTOS_DIFFER = "photos_differ"


async def compared(
    service: Service, before: Photo, after: Photo, asked: ComparisonChoice
) -> dict[str, Any]:
    """The comparison of two photos in its JSON form.

    Regions of both photos wait for the model like those of other requests and go through its
    passes together; a photo that it has encoded is not encoded again.

    Raises:
        ApiError: 422 if the photos differ in size, or a region cannot be made; 413 if the regions'
            masks would take too much memory; 429 without memory.
    """
    wanted = Wanted.of(asked)
    first, second, resized = await service.decoding(
        lambda: at_one_size(before, after, asked.resize, service.photos)
    )
    with service.masks.lend(service.mask_bytes(first, wanted.most)):
        regions = await service.regions(first, wanted.given, wanted.selection)
        reports = await _reports(service, (first, second), regions)
        # It goes through all pixels and masks, so only a few do so at the same time.
        return await service.decoding(
            lambda: comparison_to_dict(
                compare_reports(*reports, (first.pixels, second.pixels), measured(), resized)
            )
        )


async def _reports(
    service: Service, photos: tuple[Photo, Photo], regions: Sequence[Region]
) -> tuple[QualityReport, QualityReport]:
    """The reports on the same regions of both photos."""
    tasks = tuple(AssessmentTask)
    outboxes = [service.assess(photo, regions, tasks, text=False, how="head") for photo in photos]
    model, names = service.assessor.info, segmenter_names(regions)
    try:
        before, after = [
            QualityReport(photo.info, model, names, await outbox.all_items())
            for photo, outbox in zip(photos, outboxes, strict=True)
        ]
    finally:
        for outbox in outboxes:
            outbox.cancel()
    service.metrics.regions.inc(2 * len(regions))
    return before, after


def at_one_size(
    before: Photo, after: Photo, resize: str | None, memory: Budget
) -> tuple[Photo, Photo, Resized | None]:
    """Both photos at one size; what a resized one takes is counted for as long as it is held.

    Raises:
        ApiError: 422, if they cannot be brought to one size; 429 without memory.
    """
    like = {BEFORE: after, AFTER: before}.get(resize or "")
    amount = 0 if like is None or before.size == after.size else int(like.pixels.nbytes)
    memory.take(amount)
    try:
        first, second, resized = same_size(before, after, resize)
    except BaseException as error:
        memory.give(amount)
        if isinstance(error, ValueError):
            raise ApiError(422, str(error), _PHOTOS_DIFFER) from error
        raise
    if resized is not None:
        resized_photo = first if resized.photo == BEFORE else second
        weakref.finalize(resized_photo, memory.give, amount)
        assert resized_photo.sha256  # computed here, in a thread that may take its time
    return first, second, resized
