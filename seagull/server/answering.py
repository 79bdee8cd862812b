"""One chat request, from its messages to the pieces of its answer."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from seagull.inference.chat import TooLongError
from seagull.inference.sampling import Piece, Sampling
from seagull.photos import Photo
from seagull.server.assessment import Assessment
from seagull.server.chat_schemas import ChatRequest
from seagull.server.conversation import picture_of, turns_of
from seagull.server.errors import ApiError
from seagull.server.outbox import Outbox
from seagull.server.photo_input import alpha_region
from seagull.server.schemas import RegionInput, RegionQuestions
from seagull.server.service import Service
from seagull.server.worker import Talk
from seagull.types import Region


async def chat_photo(
    asked: ChatRequest, owner: str, service: Service
) -> tuple[Photo | None, Region | None]:
    """The photo of a conversation, and the region that its transparency marks, if asked for.

    Raises:
        ApiError: if there is none where one is needed, or it cannot be used.
    """
    picture = picture_of(asked.messages)
    if picture is None:
        if asked.regions or asked.alpha_as_mask:
            raise ApiError(422, "regions lie in an image; send it in a message", "no_image")
        return None, None
    if picture.uuid is not None and not service.settings.knows_owners:
        raise ApiError(
            400, "a uuid needs an API key here, which says whose it is", "uuid_needs_key"
        )
    alpha = None
    if picture.url is None:
        photo = service.images.named(str(picture.uuid), owner)
        if photo is None:
            raise ApiError(404, "no image of this uuid is here (any more); send it again",
                           "image_not_found")  # fmt: skip
    elif asked.alpha_as_mask and not picture.url.startswith("img_"):
        content = await service.content(picture.url)
        photo = await service.decoded(content)
        taken_ids = {region.id or str(n) for n, region in enumerate(asked.regions, start=1)}
        numbers = map(str, range(1, len(taken_ids) + 2))
        id = next(number for number in numbers if number not in taken_ids)
        alpha = await service.decoding(lambda: alpha_region(content, id))
    else:
        photo = await service.photo(picture.url, owner)
    if asked.alpha_as_mask and alpha is None:
        raise ApiError(422, "alpha_as_mask needs the image itself, not its id", "no_image")
    if picture.url is not None and picture.uuid is not None:
        service.images.name(picture.uuid, photo, owner)
    return photo, alpha


class Answer:
    """What answers a request: words made token by token, or a report.

    Args:
        service: what is shared.
        asked: the request.
        photo: that it is about, if it is about one.
        alpha: the region that the photo's transparency marks, if that was asked for.
        owner: whose request it is.
    """

    def __init__(
        self,
        service: Service,
        asked: ChatRequest,
        photo: Photo | None,
        alpha: Region | None,
        owner: str,
    ) -> None:
        self._service = service
        self._asked = asked
        self._photo = photo
        self._alpha = alpha
        self._owner = owner

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """The answer in words.

        Raises:
            ApiError: before the first piece, if the request cannot be met.
        """
        service, asked, photo = self._service, self._asked, self._photo
        count = len(asked.regions) + (self._alpha is not None)
        amount = 0 if photo is None else service.mask_bytes(photo, count)
        with service.masks.lend(amount):
            regions = await self._regions()
            kept = service.kept_turns(self._owner)
            chat = service.assessor.chat(photo, regions, seed=asked.seed or 0, kept=kept)
            *before, last = turns_of(asked.messages, [region.id for region in regions])
            chat.messages = before
            outbox = Outbox[Piece]()
            sampling, question = _sampling(asked), last
            service.worker.submit(
                Talk(lambda: chat.speak(question.content, question.regions, sampling), outbox)
            )
            try:
                async with aclosing(outbox.items()) as pieces:
                    async for piece in pieces:
                        yield piece
            except TooLongError as error:
                raise ApiError(400, str(error), "context_length_exceeded") from error

    async def report(self) -> AsyncGenerator[Piece, None]:
        """The quality report as one piece; no token is made for it."""
        if self._photo is None:
            raise ApiError(422, "a report is about an image; send it in a message", "no_image")
        if self._alpha is not None:
            raise ApiError(422, "a report takes regions, not alpha_as_mask", "invalid_region")
        turns_of(self._asked.messages, [_id(n, r) for n, r in enumerate(self._asked.regions, 1)])
        questions = RegionQuestions(regions=self._asked.regions, tasks=self._asked.tasks)
        report = await Assessment(self._service, self._photo, questions).whole()
        yield Piece(json.dumps(report, allow_nan=False), finish="stop")

    async def _regions(self) -> list[Region]:
        if self._photo is None:
            return []
        regions = await self._service.regions(self._photo, self._asked.regions, None)
        return regions if self._alpha is None else [*regions, self._alpha]


def _id(place: int, region: RegionInput) -> str:
    return region.id or str(place)


def _sampling(asked: ChatRequest) -> Sampling:
    most = asked.max_completion_tokens or asked.max_tokens or Sampling.max_new_tokens
    stop = [asked.stop] if isinstance(asked.stop, str) else asked.stop or ()
    return Sampling(
        max_new_tokens=most,
        temperature=asked.temperature or 0.0,
        top_p=asked.top_p or 1.0,
        stop=tuple(stop),
        alternatives=(asked.top_logprobs or 0) if asked.logprobs else None,
    )
