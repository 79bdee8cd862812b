"""What all routes share: the model's worker, the threads of pictures, the photos that are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from seagull.inference.turn_cache import OwnerTurns, TurnCache
from seagull.photos import Photo
from seagull.regions.everything import Selection
from seagull.regions.segmenter import Segmenter
from seagull.server.budget import Budget
from seagull.server.errors import ApiError
from seagull.server.fetching import fetch
from seagull.server.images import ImageStore
from seagull.server.metrics import Metrics
from seagull.server.outbox import Outbox
from seagull.server.photo_input import data_bytes, decode_photo
from seagull.server.region_input import check_amount, make_regions, needs_segmenter
from seagull.server.schemas import RegionInput
from seagull.server.segmenting import Segmenting
from seagull.server.settings import ServerSettings
from seagull.server.threads import run_in
from seagull.server.worker import Assess, Call, ModelWorker
from seagull.types import AssessmentTask, Region, RegionAssessment

if TYPE_CHECKING:
    from seagull.inference.assessor import Assessor

T = TypeVar("T")


class Service:
    """One server's model, segmenter, photos and limits.

    Args:
        assessor: the model.
        load_segmenter: makes the segmenter when it is first needed, and the same one after.
        settings: how the server runs.
        model_names: further names by which clients may ask for the model.
    """

    def __init__(
        self,
        assessor: Assessor,
        load_segmenter: Callable[[], Segmenter],
        settings: ServerSettings,
        model_names: Sequence[str] = (),
    ) -> None:
        limits = settings.limits
        self.assessor = assessor
        self.settings = settings
        self.limits = limits
        self.model_names = (assessor.info.name, *model_names)
        self.metrics = Metrics()
        seconds = settings.image_minutes * 60
        self.images = ImageStore(seconds, settings.cache_bytes)
        self.turns = TurnCache(settings.cache_bytes, limits.kept_conversations, seconds)
        self.worker = ModelWorker(
            assessor,
            pass_regions=limits.pass_regions,
            talks=limits.talks,
            after=self.clear_up,
        )
        self.segmenting = Segmenting(load_segmenter)
        # What is kept, what the model's sessions hold, and what requests bring along.
        photos = 2 * settings.cache_bytes + limits.photos_bytes
        self.photos = Budget(photos, "memory for photos")
        self.masks = Budget(limits.masks_bytes, "memory for masks")
        self.in_progress = Budget(limits.in_progress, "requests in progress")
        self._decoders = ThreadPoolExecutor(limits.decoding, thread_name_prefix="seagull-decoder")
        assessor.engine.sessions.budget = settings.cache_bytes

    def start(self) -> None:
        """Starts the model's thread."""
        self.worker.start()

    def close(self) -> None:
        """Ends all threads once what waits is done."""
        self.worker.close()
        self.segmenting.close()
        self._decoders.shutdown()

    @property
    def ready(self) -> bool:
        """Whether the model's thread runs, without which nothing can be answered."""
        return self.worker.alive

    async def photo(self, text: str, owner: str) -> Photo:
        """The photo that a request means by an id, a data URI or an address.

        Raises:
            ApiError: if there is none, or it cannot be used.
        """
        if text.startswith("img_"):
            return self.images.get(text, owner)
        return await self.decoded(await self.content(text))

    async def content(self, text: str) -> bytes:
        """The bytes of the file in a data URI or at an address.

        Raises:
            ApiError: if there are none.
        """
        if text.startswith("data:"):
            return await run_in_threadpool(data_bytes, text)
        limits = self.limits
        return await fetch(
            text, self.settings.domains, seconds=limits.fetch_seconds, most=limits.body_bytes
        )

    async def decoded(self, content: bytes) -> Photo:
        """The photo in the bytes of a file; only a few are decoded at the same time."""
        return await self.decoding(lambda: decode_photo(content, self.limits.pixels, self.photos))

    async def decoding(self, function: Callable[[], T]) -> T:
        """What a function makes that goes through a picture's pixels; see ``run_in``."""
        return await run_in(self._decoders, function)

    async def encoded(self, photo: Photo) -> None:
        """Lets the model encode a photo, unless it has."""
        await self.call(lambda: self.assessor.engine.open(photo))

    async def call(self, function: Callable[[], T]) -> T:
        """What a function makes in the model's thread."""
        outbox = Outbox[Any]()
        self.worker.submit(Call(function, outbox))
        result: T = await outbox.only()
        return result

    def mask_bytes(self, photo: Photo, regions: int) -> int:
        """Memory that so many regions of a photo take.

        Raises:
            ApiError: 413, if it is more than one request may have.
        """
        amount = photo.width * photo.height * regions
        if amount > self.limits.mask_bytes:
            raise ApiError(
                413,
                f"{regions} regions of a photo of {photo.width} x {photo.height} pixels take more "
                "memory than one request may; ask about fewer, or send a smaller photo",
                "regions_too_large",
            )
        return amount

    async def regions(
        self, photo: Photo, asked: Sequence[RegionInput], selection: Selection | None
    ) -> list[Region]:
        """The regions asked for.

        Raises:
            ApiError: if one cannot be made.
        """
        check_amount(asked, photo.size, self.limits.mask_bytes)
        if selection is None and not needs_segmenter(asked):
            return await self.decoding(lambda: make_regions(photo, asked, None))
        return await self.segmenting.run(
            lambda segmenter: make_regions(photo, asked, segmenter, selection)
        )

    def assess(
        self,
        photo: Photo,
        regions: Sequence[Region],
        tasks: Sequence[AssessmentTask],
        text: bool,
        how: str,
    ) -> Outbox[RegionAssessment]:
        """The assessments of regions, as they are made."""
        outbox = Outbox[RegionAssessment]()
        self.worker.submit(Assess(photo, regions, tasks, text, how, outbox))
        return outbox

    def kept_turns(self, owner: str) -> OwnerTurns | None:
        """The conversations that an owner's requests go on from; None where owners are unknown."""
        return self.turns.of(owner) if self.settings.knows_owners else None

    def clear_up(self) -> None:
        """Forgets what is too old or too much; runs in the model's thread."""
        sessions = self.assessor.engine.sessions
        for owner, digest in self.images.drop_expired():
            self.turns.drop(owner, digest)
            if not self.images.holds(digest):
                sessions.drop(digest)
        self.turns.drop_expired()
        sessions.shorten(self.limits.kept_regions)


def service_of(request: Request) -> Service:
    """The service that a request is for."""
    service: Service = request.app.state.service
    return service
