"""Chat: several turns about one photo; the engine encodes the photo and its regions once.

The whole conversation is tokenised anew each turn, but only what differs from the turn before, or
from a kept conversation, is computed: a follow-up question costs its own tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from seagull.inference.engine import Engine
from seagull.inference.region_tokens import mask_digest
from seagull.inference.sampling import (
    Piece,
    Sampling,
    TokenLog,
    choose,
    cut,
    settled,
    token_log,
)
from seagull.inference.turn_cache import OwnerTurns
from seagull.inference.turns import Turns
from seagull.language.findings import Findings, context_turns
from seagull.photos import Photo
from seagull.types import Message, Region

TOLD_AT_ONCE = 8
"""A question that turns to more regions has no context turns: they would outweigh it."""


class TooLongError(ValueError):
    """A conversation that, with the answer asked for, is longer than the model takes."""


class Chat:
    """A conversation about a photo and regions of it, or about nothing that is seen.

    Args:
        engine: holds the model.
        photo: what is talked about; None: there is no photo.
        regions: that may be talked about; more can be added with ``add``.
        seed: of the sampling, where a temperature is given.
        findings: what is known of a region; context turns say it wherever the talk turns to
            regions, so that answers go with the numbers. These turns are not among ``messages``.
        kept: conversations to go on from, and where this one is kept; None keeps its turns within
            this object alone.
    """

    def __init__(
        self,
        engine: Engine,
        photo: Photo | None,
        regions: Sequence[Region] = (),
        *,
        seed: int = 0,
        findings: Callable[[Region], Findings] | None = None,
        kept: OwnerTurns | None = None,
    ) -> None:
        self.engine = engine
        self.photo = photo
        self.regions = list(regions)
        self.messages: list[Message] = []
        self._findings = findings
        self._found: dict[str, Findings] = {}
        self._generator = torch.Generator(engine.device).manual_seed(seed)
        self._turns = Turns(engine, "" if photo is None else photo.sha256, kept)

    def add(self, region: Region) -> None:
        """Makes another region known to the conversation.

        Raises:
            ValueError: if its id is taken.
        """
        if region.id in {existing.id for existing in self.regions}:
            raise ValueError(f"there already is a region {region.id}; give this one another id")
        self.regions.append(region)

    def ask(
        self,
        question: str,
        regions: Sequence[str] | None = None,
        *,
        max_new_tokens: int = 128,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
    ) -> Iterator[str]:
        """Streams the answer in pieces of text; the turn joins the conversation when it ends.

        Args:
            question: in the user's own words.
            regions: ids of the regions it is about; all known ones if None.
            max_new_tokens: most tokens to generate.
            temperature: 0 takes the best token each time; above, tokens are drawn.
            stop: the answer ends before the first of these strings.

        Raises:
            ValueError: if the question is empty, a region unknown or the temperature negative.
        """
        sampling = Sampling(max_new_tokens, temperature, stop=tuple(stop))
        pieces = self.speak(question, regions, sampling)
        return (piece.text for piece in pieces if piece.text)

    def speak(
        self, question: str, regions: Sequence[str] | None = None, sampling: Sampling | None = None
    ) -> Generator[Piece, None, None]:
        """Makes the answer step by step, a token each; the last piece says why it ended.

        Args:
            question, regions: see ``ask``.
            sampling: how tokens are chosen, when to stop, and what is reported of them.

        Raises:
            ValueError: if the question is empty or a region unknown.
            TooLongError: on the first step, if the model does not take so much.
        """
        if not question.strip():
            raise ValueError("the question is empty")
        names = tuple(region.id for region in self.regions) if regions is None else tuple(regions)
        regions_by_id = {region.id: region for region in self.regions}
        if unknown := [name for name in names if name not in regions_by_id]:
            raise ValueError(
                f"no region {', '.join(unknown)}; known are {', '.join(regions_by_id) or 'none'}"
            )
        messages = [*self.messages, Message("user", question.strip(), names)]
        return self._answer(messages, sampling or Sampling())

    def _answer(self, messages: list[Message], sampling: Sampling) -> Generator[Piece, None, None]:
        text, sent, finish = "", 0, None
        spoken = Piece("")
        for spoken in self._spoken(messages, sampling):
            text, stopped = cut(spoken.text, sampling.stop)
            sendable = len(text) if stopped else settled(text, sampling.stop)
            finish = "stop" if stopped else spoken.finish
            if finish is not None:
                break
            yield replace(spoken, text=text[sent:sendable])
            sent = max(sent, sendable)
        self.messages = [*messages, Message("assistant", text)]
        self._turns.keep()
        yield replace(spoken, text=text[sent:], finish=finish)

    def _spoken(self, messages: list[Message], sampling: Sampling) -> Iterator[Piece]:
        """The answer so far, after each token; the last piece is finished."""
        session = self.engine.open_text() if self.photo is None else self.engine.open(self.photo)
        items, names = self.engine.book.conversation(self._with_context(messages))
        prompt = session.prefix_length + len(items)
        self._check_length(prompt + sampling.max_new_tokens)
        regions_by_id = {region.id: region for region in self.regions}
        regions = [regions_by_id[name] for name in names]
        digests = [int.from_bytes(mask_digest(region)) for region in regions]
        reused = self._turns.resume(session, items, digests)
        tokens = self.engine.encode_regions(session, regions)
        piece = partial(Piece, prompt_tokens=prompt, reused_tokens=reused)
        answer_ids: list[int] = []
        while True:
            logits = self._turns.extend(session, (*items, *answer_ids), digests, tokens)
            token = choose(logits, sampling, self._generator)
            if token in self.engine.end_ids:
                text = self.engine.decode(answer_ids)
                yield piece(text, finish="stop", answer_tokens=len(answer_ids))
                return
            answer_ids.append(token)
            finish = "length" if len(answer_ids) >= sampling.max_new_tokens else None
            token_logs = self._token_logs(logits, token, sampling.alternatives)
            text = self.engine.decode(answer_ids)
            yield piece(text, token_logs, finish, answer_tokens=len(answer_ids))
            if finish:
                return

    def _token_logs(
        self, logits: Float[Tensor, " V"], token: int, alternatives: int | None
    ) -> tuple[TokenLog, ...]:
        if alternatives is None:
            return ()
        return (token_log(logits, token, alternatives, self.engine.decode_token),)

    def _with_context(self, messages: Sequence[Message]) -> list[Message]:
        """What the model sees of a conversation: with what is known of regions, if anything is.

        That comes wherever the talk turns to regions, where ``PromptStyle.render`` introduces them.
        A question about a single region sees the turns about it alone: a small model that
        learned from such conversations says of one region what context turns say of another.
        """
        if self._findings is None:
            return list(messages)
        subjects = _subjects(messages)
        turns: list[Message] = []
        previous: tuple[str, ...] = ()
        for message, names in zip(messages, subjects, strict=True):
            if len(subjects[-1]) == 1 and names != subjects[-1]:
                continue
            if names != previous and len(names) <= TOLD_AT_ONCE:
                turns += context_turns({name: self._find(name, self._findings) for name in names})
            previous = names
            turns.append(message)
        return turns

    def _find(self, name: str, findings: Callable[[Region], Findings]) -> Findings:
        if name not in self._found:
            self._found[name] = findings(
                next(region for region in self.regions if region.id == name)
            )
        return self._found[name]

    def _check_length(self, length: int) -> None:
        limit = self.engine.model.config.text.max_position_embeddings
        if length > limit:
            raise TooLongError(
                f"the conversation has become too long: {length} tokens with the answer, the model "
                f"takes {limit}; start a new one or ask for a shorter answer"
            )


def _subjects(messages: Sequence[Message]) -> list[tuple[str, ...]]:
    """The regions that each turn is about: those it names, or else those named last."""
    subjects = list[tuple[str, ...]]()
    for message in messages:
        previous = subjects[-1] if subjects else ()
        subjects.append(message.regions or previous)
    return subjects
