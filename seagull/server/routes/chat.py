"""What OpenAI's clients ask for: the list of models, and chat completions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from seagull.inference.sampling import Piece
from seagull.server.answering import Answer, chat_photo
from seagull.server.chat_schemas import ChatCompletion, ChatRequest, ModelList, ModelObject
from seagull.server.completions import Completion, error_event
from seagull.server.conversation import check_supported, wants_report
from seagull.server.errors import ApiError, error_responses, internal_error
from seagull.server.service import Service, service_of
from seagull.server.waiting import rest_of, unless_gone
from seagull.server.worker import log_fault

router = APIRouter(prefix="/v1", tags=["chat"], responses=error_responses())

SSE = "text/event-stream"
_EVENT = {
    "type": "object",
    "description": "One event.",
    "required": ["data"],
    "properties": {
        "data": {
            "type": "string",
            "description": "A chat.completion.chunk in JSON, an error that ended the answer, or "
            "last [DONE].",
        }
    },
}


@router.get("/models")
async def models(service: Annotated[Service, Depends(service_of)]) -> ModelList:
    """The one model of the server."""
    info = service.assessor.info
    name = service.segmenting.segmenter.name
    model = ModelObject(id=info.name, revision=info.revision, trained=info.trained, segmenter=name)
    return ModelList(data=[model])


@router.post(
    "/chat/completions",
    response_model=ChatCompletion,
    responses={200: {"content": {SSE: {"schema": _EVENT}}}},
)
async def complete(
    asked: ChatRequest, request: Request, service: Annotated[Service, Depends(service_of)]
) -> Response:
    """The answer to a conversation about a photo, regions of it, or neither."""
    check_supported(asked)
    if asked.model not in service.model_names:
        raise ApiError(404, f"the model here is {service.assessor.info.name}", "model_not_found")
    report = wants_report(asked)
    owner: str = request.state.owner
    photo, alpha = await chat_photo(asked, owner, service)
    answer = Answer(service, asked, photo, alpha, owner)
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
