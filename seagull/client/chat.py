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
        regions: that may be talked about, in JSON with their ids.

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
        self._regions = list(regions)
        self.messages: list[Message] = []

    def ask(
        self,
        question: str,
        regions: Sequence[str] | None = None,
        *,
        max_new_tokens: int = 128,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        seed: int = 0,
    ) -> Iterator[str]:
        """Streams the answer as parts of its text; the turn joins the conversation when it ends.

        Args:
            question: in the user's own words.
            regions: ids of the regions it is about; all of the conversation if None.
            max_new_tokens: most tokens to generate.
            temperature: 0 takes the best token each time; above, tokens are drawn.
            stop: the answer ends before the first of these strings.
            seed: of the drawing.

        Raises:
            ValueError: if the question is empty or a region unknown.
            ServerError, ServerUnavailable: if the server refuses, or cannot go on.
        """
        if not question.strip():
            raise ValueError("the question is empty")
        known_ids = [str(region["id"]) for region in self._regions]
        ids = known_ids if regions is None else list(regions)
        if unknown := [id for id in ids if id not in known_ids]:
            raise ValueError(
                f"no region {', '.join(unknown)}; known are {', '.join(known_ids) or 'none'}"
            )
        asked = [*self.messages, Message("user", question.strip(), tuple(ids))]
        options: dict[str, Any] = {"max_tokens": max_new_tokens, "temperature": temperature}
        options |= {"stop": list(stop)} if stop else {}
        return self._answer(asked, options | {"seed": seed})

    def _answer(self, asked: list[Message], options: dict[str, Any]) -> Iterator[str]:
        texts: list[str] = []

        def ask(sent: SentImage) -> Iterator[dict[str, Any]]:
            body = {"model": self._model, "messages": _messages(asked, sent), "stream": True}
            body |= options | {"regions": self._regions}
            lines = self._http.lines("/v1/chat/completions", body)
            return begun(sse_events(lines, self._http.url))

        for event in self._uploads.using(self._upload, ask):
            for choice in event["choices"]:
                if text := choice["delta"].get("content"):
                    texts.append(text)
                    yield text
        self.messages = [*asked, Message("assistant", "".join(texts))]


def _messages(asked: Sequence[Message], sent: SentImage) -> list[dict[str, Any]]:
    """The conversation as OpenAI's API has it; the photo is the first part of the first turn."""
    plain: list[dict[str, Any]] = [
        {"role": message.role, "content": message.content}
        | ({"regions": list(message.regions)} if message.role == "user" else {})
        for message in asked
    ]
    image = {"type": "image_url", "image_url": {"url": sent.id}}
    plain[0]["content"] = [image, {"type": "text", "text": asked[0].content}]
    return plain
