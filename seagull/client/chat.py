"""A conversation held with a server; the calls are those of ``seagull.inference.chat.Chat``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from seagull.client.http import Http
from seagull.client.streaming import begun, sse_events
from seagull.client.uploads import SentImage, Upload, Uploads
from seagull.types import Message


class RemoteChat:
    """A conversation about a photo and regions of it.

    Args:
        http: to the server.
        uploads: has sent the photo, and sends it again.
        upload: the photo.
        model: by which id it is asked for.
        regions: that are talked about, in JSON.

    Attributes:
        messages: questions and answers so far.
    """

    def __init__(
        self,
        http: Http,
        uploads: Uploads,
        upload: Upload,
        model: str,
        regions: Sequence[dict[str, Any]] = (),
    ) -> None:
        self._http = http
        self._uploads = uploads
        self._upload = upload
        self._model = model
        self.regions = list(regions)
        self.messages: list[Message] = []

    def ask(
        self,
        question: str,
        *,
        max_new_tokens: int = 128,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> Iterator[str]:
        """Streams the answer in pieces of text; the turn joins the conversation when it ends.

        Args:
            question: in the user's own words, about all regions of the conversation.
            max_new_tokens: most tokens to generate.
            temperature: 0 takes the best token each time; above, tokens are drawn.
            stop: the answer ends before the first of these strings.
            seed: of the drawing.

        Raises:
            ValueError: if the question is empty.
            ServerError, ServerUnavailable: if the server refuses, or cannot go on.
        """
        if not question.strip():
            raise ValueError("the question is empty")
        asked = [*self.messages, Message("user", question.strip())]
        options: dict[str, Any] = {"max_tokens": max_new_tokens, "temperature": temperature}
        options |= {"stop": list(stop)} if stop else {}
        options |= {} if seed is None else {"seed": seed}
        return self._answer(asked, options)

    def _answer(self, asked: list[Message], options: dict[str, Any]) -> Iterator[str]:
        pieces: list[str] = []

        def ask(sent: SentImage) -> Iterator[dict[str, Any]]:
            body = {"model": self._model, "messages": _messages(asked, sent), "stream": True}
            body |= options | ({"regions": self.regions} if self.regions else {})
            lines = self._http.lines("/v1/chat/completions", body)
            return begun(sse_events(lines, self._http.url))

        for event in self._uploads.using(self._upload, ask):
            for choice in event.get("choices", ()):
                if piece := choice.get("delta", {}).get("content"):
                    pieces.append(piece)
                    yield piece
        self.messages = [*asked, Message("assistant", "".join(pieces))]


def _messages(asked: Sequence[Message], sent: SentImage) -> list[dict[str, Any]]:
    """The conversation as OpenAI's API has it; the photo is the first part of the first turn."""
    image = {"type": "image_url", "image_url": None, "uuid": sent.id}
    plain: list[dict[str, Any]] = [
        {"role": message.role, "content": message.content} for message in asked
    ]
    plain[0]["content"] = [image, {"type": "text", "text": asked[0].content}]
    return plain
