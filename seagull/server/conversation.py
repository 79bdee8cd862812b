"""A chat request's messages become turns, and the one photo that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seagull.reports.schema import SCHEMA_ID
from seagull.server.chat_schemas import ChatMessage, ChatRequest, ImagePart
from seagull.server.errors import ApiError
from seagull.types import Message

REPORT_FORMAT = "quality_report"
"""Name under which a response format may ask for a report without sending its schema."""


@dataclass(frozen=True)
class Picture:
    """Where the photo of a conversation comes from.

    Args:
        url: a data URI, an id or an address; None: it was sent before.
        uuid: its owner's name for it, if it has one.
    """

    url: str | None
    uuid: str | None


def check_supported(asked: ChatRequest) -> None:
    """Passes a request that asks for nothing that is not supported.

    Raises:
        ApiError: 400, naming the field.
    """
    refused = {
        "n": asked.n not in (None, 1),
        "tools": bool(asked.tools),
        "functions": bool(asked.functions),
        "logit_bias": bool(asked.logit_bias),
        "audio": asked.audio is not None,
        "presence_penalty": bool(asked.presence_penalty),
        "frequency_penalty": bool(asked.frequency_penalty),
    }
    if wrong := [name for name, is_set in refused.items() if is_set]:
        raise ApiError(
            400, f"{wrong[0]} is not supported here; leave it out", "unsupported_parameter"
        )
    if asked.top_logprobs is not None and not asked.logprobs:
        raise ApiError(400, "top_logprobs goes with logprobs: true", "invalid_parameter")


def wants_report(asked: ChatRequest) -> bool:
    """Whether the answer is to be a quality report.

    Raises:
        ApiError: 400, if it is to have another form.
    """
    form = asked.response_format
    if form is None or form.type == "text":
        return False
    schema = form.json_schema
    is_report = schema is not None and (
        schema.name == REPORT_FORMAT
        if schema.schema_ is None
        else schema.schema_.get("$id") == SCHEMA_ID
    )
    if not is_report:
        raise ApiError(
            400,
            f"the only JSON that is made here is {SCHEMA_ID}: response_format json_schema with "
            f"that schema, or with the name {REPORT_FORMAT} and no schema",
            "unsupported_response_format",
        )
    return True


def picture_of(messages: Sequence[ChatMessage]) -> Picture | None:
    """The one photo of a conversation; None: it has none.

    Raises:
        ApiError: 400, if there are several; 422, if a part names none.
    """
    parts = [
        part
        for message in messages
        if not isinstance(message.content, str)
        for part in message.content
        if isinstance(part, ImagePart)
    ]
    if not parts:
        return None
    urls = [part.image_url.url for part in parts if part.image_url is not None]
    names = [part.uuid for part in parts if part.uuid is not None]
    if any(part.image_url is None and part.uuid is None for part in parts):
        raise ApiError(422, "an image part has an image_url, a uuid, or both", "no_image")
    unnamed = [part for part in parts if part.uuid is None]
    if len(set(names)) > 1 or len(set(urls)) > 1 or (names and unnamed):
        raise ApiError(
            400, "a conversation is about one image; send others in conversations of their own",
            "several_images",
        )  # fmt: skip
    return Picture(urls[0] if urls else None, names[0] if names else None)


def turns_of(messages: Sequence[ChatMessage], regions: Sequence[str]) -> list[Message]:
    """The turns, in alternation, the user's first and last.

    What a system or developer message says is put before the user's first words: the model has
    learned no other place for it. Turns of one role that follow each other are one turn.

    Args:
        messages: as sent.
        regions: ids of all regions, which user turns are about unless they say otherwise.

    Raises:
        ApiError: 422, if the turns are not those of a conversation that waits for an answer.
    """
    region_ids = set(regions)
    turns: list[Message] = []
    system_texts: list[str] = []
    for message in messages:
        text = _text(message)
        if message.role in ("system", "developer"):
            system_texts.append(text)
            continue
        names = tuple(regions if message.regions is None else message.regions)
        if unknown := [name for name in names if name not in region_ids]:
            raise ApiError(422, f"a message names region {unknown[0]!r:.60}, which is not among "
                           "the regions", "invalid_region")  # fmt: skip
        user = message.role == "user"
        if turns and turns[-1].role == message.role:
            last = turns.pop()
            text, names = f"{last.content}\n{text}".strip(), names or last.regions
        turns.append(Message(message.role, text, names if user else ()))
    if not turns or turns[0].role != "user" or turns[-1].role != "user":
        raise ApiError(422, "a conversation begins and ends with a message of the user's")
    if system_texts:
        first = turns[0]
        text = "\n\n".join(part for part in (*system_texts, first.content) if part)
        turns[0] = Message("user", text, first.regions)
    if not turns[-1].content.strip():
        raise ApiError(422, "the last message has no words; ask something")
    return turns


def _text(message: ChatMessage) -> str:
    if isinstance(message.content, str):
        return message.content.strip()
    words = [part.text for part in message.content if not isinstance(part, ImagePart)]
    return "\n".join(words).strip()
