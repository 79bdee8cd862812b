"""What OpenAI's clients ask for: the list of models, and chat completions."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from seagull.inference.chat import TooLongError
from seagull.inference.sampling import Piece, Sampling
from seagull.photos import Photo
from seagull.server.assessment import Assessment
from seagull.server.chat_schemas import (
    ChatCompletion,
    ChatRequest,
    ModelList,
    ModelObject,
)
from seagull.server.completions import Completion, error_event
from seagull.server.conversation import (
    check_supported,
    picture_of,
    turns_of,
    wants_report,
)
from seagull.server.errors import ApiError, error_responses, internal_error
from seagull.server.outbox import Outbox
from seagull.server.photo_input import alpha_region
from seagull.server.schemas import RegionInput, RegionQuestions
from seagull.server.service import Service, service_of
from seagull.server.waiting import rest_of, unless_gone
from seagull.server.worker import Talk, log_fault
from seagull.types import Region

router = APIRouter(prefix="/v1", tags=["chat"], responses=error_responses())

SSE = "text/event-stream"


@router.get("/models")
async def models(service: Annotated[Service, Depends(service_of)]) -> ModelList:
    """The one model of the server."""
    info = service.assessor.info
    return ModelList(data=[ModelObject(id=info.name, revision=info.revision, trained=info.trained)])


@router.post(
    "/chat/completions",
    response_model=ChatCompletion,
    responses={200: {"content": {SSE: {"schema": {"type": "string"}}}}},
)
async def complete(
    asked: ChatRequest, request: Request, service: Annotated[Service, Depends(service_of)]
) -> Response:
    """The answer to a conversation about a photo, regions of it, or neither."""
    check_supported(asked)
    if asked.model not in service.model_names:
        raise ApiError(404, f"the model here is {service.assessor.info.name}", "model_not_found")
    report = wants_report(asked)
    found = await _photo(asked, request.state.owner, service)
    answer = _Answer(service, asked, *found)
    completion = Completion(service.assessor.info, logprobs=bool(asked.logprobs) and not report)
    pieces = answer.report() if report else answer.pieces()
    if not asked.stream:
        whole = completion.whole(await unless_gone(request, _all(pieces)))
        return JSONResponse(whole.model_dump())
    options = asked.stream_options
    with_usage = options is not None and bool(options.include_usage)
    events = _events(completion, pieces, request.state.id, with_usage=with_usage)
    first = await unless_gone(request, anext(events))
    return StreamingResponse(rest_of(events, first), media_type=SSE)


async def _photo(
    asked: ChatRequest, owner: str, service: Service
) -> tuple[Photo | None, Region | None]:
    """The photo of a conversation, and the region that its transparency marks, if asked for."""
    picture = picture_of(asked.messages)
    if picture is None:
        if asked.regions or asked.alpha_as_mask:
            raise ApiError(422, "regions lie in an image; send it in a message", "no_image")
        return None, None
    named = picture.uuid is not None
    if named and not (service.settings.keys or service.settings.is_local):
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
        taken = {region.id or str(n) for n, region in enumerate(asked.regions, start=1)}
        id = next(str(n) for n in range(1, len(taken) + 2) if str(n) not in taken)
        alpha = await service.decoding(lambda: alpha_region(content, id))
    else:
        photo = await service.photo(picture.url, owner)
    if asked.alpha_as_mask and alpha is None:
        raise ApiError(422, "alpha_as_mask needs the image itself, not its id", "no_image")
    if picture.url is not None and picture.uuid is not None:
        service.images.name(picture.uuid, photo, owner)
    return photo, alpha


class _Answer:
    """What answers a request: words made token by token, or a report."""

    def __init__(
        self, service: Service, asked: ChatRequest, photo: Photo | None, alpha: Region | None
    ) -> None:
        self._service = service
        self._asked = asked
        self._photo = photo
        self._alpha = alpha

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
            chat = service.assessor.chat(photo, regions, seed=asked.seed or 0)
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


async def _all(pieces: AsyncGenerator[Piece, None]) -> Sequence[Piece]:
    async with aclosing(pieces):
        return [piece async for piece in pieces]


async def _events(
    completion: Completion,
    pieces: AsyncGenerator[Piece, None],
    request_id: str,
    *,
    with_usage: bool,
) -> AsyncGenerator[bytes, None]:
    """Server-sent events; what is wrong with the request is raised before the first one."""
    async with aclosing(pieces):
        last = await anext(pieces)
        yield completion.opening() + completion.piece(last)
        try:
            async for last in pieces:
                if event := completion.piece(last):
                    yield event
            yield completion.closing(last, with_usage=with_usage)
        except Exception as error:  # the status is sent; the error is the last event
            log_fault(error, request_id)
            yield error_event(internal_error().body)
