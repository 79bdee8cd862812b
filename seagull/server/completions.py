"""Answers in OpenAI's JSON: whole, and as the pieces of a stream."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Sequence
from typing import Any

from seagull.inference.sampling import Piece, TokenLog
from seagull.server.chat_schemas import (
    AnswerMessage,
    ChatCompletion,
    Choice,
    Logprobs,
    PromptTokens,
    TokenLogprob,
    TopLogprob,
    Usage,
)
from seagull.types import ModelInfo

END = b"data: [DONE]\n\n"


class Completion:
    """One answer in the making: what all its pieces have in common.

    Args:
        model: that answers.
        logprobs: whether probabilities of tokens are reported.
    """

    def __init__(self, model: ModelInfo, *, logprobs: bool) -> None:
        self._model = model
        self._logprobs = logprobs
        self._id = f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(time.time())

    def whole(self, pieces: Sequence[Piece]) -> ChatCompletion:
        """The answer of all pieces; the last one is finished."""
        last = pieces[-1]
        tokens = [token for piece in pieces for token in piece.tokens]
        return ChatCompletion(
            id=self._id,
            created=self._created,
            model=self._model.name,
            system_fingerprint=self._model.revision,
            choices=[
                Choice(
                    message=AnswerMessage(content="".join(piece.text for piece in pieces)),
                    logprobs=_logprobs(tokens) if self._logprobs else None,
                    finish_reason="length" if last.finish == "length" else "stop",
                )
            ],
            usage=usage(last),
        )

    def opening(self) -> bytes:
        """The stream's first event, which says who speaks."""
        return self._event({"role": "assistant", "content": ""}, None, None)

    def piece(self, piece: Piece) -> bytes:
        """The event of a piece; nothing, where it adds nothing."""
        logprobs = _logprobs(piece.tokens) if self._logprobs and piece.tokens else None
        if not piece.text and logprobs is None:
            return b""
        return self._event({"content": piece.text}, logprobs, None)

    def closing(self, last: Piece, *, with_usage: bool) -> bytes:
        """The stream's last events: why it ended, what it took if that was asked for, the end."""
        events = self._event({}, None, last.finish or "stop")
        if with_usage:
            events += _sse({**self._head(), "choices": [], "usage": usage(last).model_dump()})
        return events + END

    def _event(self, delta: dict[str, str], logprobs: Logprobs | None, finish: str | None) -> bytes:
        plain = None if logprobs is None else logprobs.model_dump()
        choice = {"index": 0, "delta": delta, "logprobs": plain, "finish_reason": finish}
        return _sse({**self._head(), "choices": [choice]})

    def _head(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model.name,
            "system_fingerprint": self._model.revision,
        }


def usage(last: Piece) -> Usage:
    """The tokens that an answer took, by its last piece."""
    total = last.prompt_tokens + last.answer_tokens
    return Usage(
        prompt_tokens=last.prompt_tokens,
        completion_tokens=last.answer_tokens,
        total_tokens=total,
        prompt_tokens_details=PromptTokens(cached_tokens=last.reused_tokens),
    )


def error_event(body: dict[str, Any]) -> bytes:
    """The last event of a stream that a fault has ended."""
    return _sse(body)


def _sse(plain: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(plain, ensure_ascii=True).encode("ascii") + b"\n\n"


def _logprobs(tokens: Iterable[TokenLog]) -> Logprobs:
    return Logprobs(
        content=[
            TokenLogprob(
                **_top(token).model_dump(),
                top_logprobs=[_top(other) for other in token.alternatives],
            )
            for token in tokens
        ]
    )


def _top(token: TokenLog) -> TopLogprob:
    # JSON has no minus infinity, which a token that is never said has.
    log = max(token.logprob, -9999.0)
    return TopLogprob(token=token.text, logprob=log, bytes=list(token.text.encode("utf-8")))
