"""The ``chat`` command: questions about regions of one photo, answers as they are made."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from seagull.cli.errors import complain
from seagull.cli.models import ModelRequest, load_assessor, refuse_baseline
from seagull.cli.requests import RegionRequest
from seagull.cli.services import Services
from seagull.photos import Photo, read_photo
from seagull.regions.build import build_regions
from seagull.regions.parse import parse_box, parse_point
from seagull.regions.segmenter import Segmenter
from seagull.regions.spec import RegionSpec
from seagull.reports.text import printable
from seagull.types import Region

if TYPE_CHECKING:
    from seagull.inference.assessor import Assessor
    from seagull.inference.chat import Chat

HELP = """\
Ask anything about the regions; every question goes to all of them, or to those named in
front: "@1 @3 Which one is sharper?"
  /regions               list them
  /add box x1,y1,x2,y2   one more region
  /add point x,y         the same, for the thing at a point
  /help                  this text
  /quit                  leave (or Ctrl-D)"""
PROMPT = "> "
MANY_REGIONS = 8
"""Most regions of a question. Of nine and more the shipped model leaves some out and makes up
others (nano, one photo, a grid of boxes: all of eight are told, of twelve a "region 13")."""
_NAMES = re.compile(r"@([\w.-]+),?\s+")


@dataclass(frozen=True)
class ChatRequest:
    """Everything asked of one ``chat`` run."""

    photo: str
    regions: RegionRequest
    model: ModelRequest
    questions: tuple[str, ...]
    max_tokens: int
    temperature: float


def run_chat(request: ChatRequest, services: Services) -> None:
    """Talks until the questions end.

    Raises:
        ValueError: if photo, regions or model cannot be used, or a given question cannot be asked.
    """
    request.regions.check()
    specs = request.regions.specs() or [RegionSpec("1", whole=True)]
    photo = read_photo(request.photo)
    plain = [spec.build(photo) for spec in specs if not spec.needs_segmenter]
    refuse_baseline(request.model, "which answers in numbers only")
    assessor = load_assessor(request.model, services)
    talk = _Talk(request, services, assessor, photo, specs, plain)
    if request.questions:
        for question in request.questions:
            talk.ask(question)
        return
    typed = sys.stdin.isatty()
    if typed:
        typer.echo(talk.listing())
        typer.echo("Ask about them; /help for help, /quit to leave.")
    asked = False
    for line in _typed_lines() if typed else _piped_lines():
        asked = asked or bool(line.strip())
        if not talk.take(line, forgiving=typed):
            return
    if not (typed or asked):
        raise ValueError("no question was asked; give --ask QUESTION, or one a line on stdin")


class _Talk:
    """A conversation and the commands inside it."""

    def __init__(
        self,
        request: ChatRequest,
        services: Services,
        assessor: Assessor,
        photo: Photo,
        specs: list[RegionSpec],
        plain: list[Region],
    ) -> None:
        self._request = request
        self._services = services
        self._assessor = assessor
        self._photo = photo
        self._specs = list(specs)
        self._segmenter: Segmenter | None = None
        self._regions = self._build(specs) if len(plain) < len(specs) else list(plain)
        self._chat: Chat = assessor.chat(photo, self._regions)

    def take(self, line: str, *, forgiving: bool) -> bool:
        """Answers a line or follows its command; False means the end.

        Args:
            line: a question, or a command with its slash.
            forgiving: whether a mistake is told and the conversation goes on.
        """
        line = line.strip()
        try:
            if line.startswith("/"):
                return self._command(line)
            if line:
                self.ask(line)
        except ValueError as error:
            if not forgiving:
                raise
            complain(str(error))
        return True

    def ask(self, question: str) -> None:
        """Prints the answer piece by piece.

        Raises:
            ValueError: if the question names an unknown region, is empty, or is about too many.
        """
        names, words = _addressed(question)
        known = [region.id for region in self._regions]
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"there is no region {unknown[0]!r}; regions: {', '.join(known)}")
        if not words:
            raise ValueError("the question is empty; write it after the regions' names")
        if (about := len(names) or len(known)) > MANY_REGIONS:
            raise ValueError(
                f"a question about {about} regions at once goes beyond what models learn, which is "
                f"{MANY_REGIONS}; name those it is about: @1 @2 ..."
            )
        pieces = self._chat.ask(
            words,
            names or None,
            max_new_tokens=self._request.max_tokens,
            temperature=self._request.temperature,
        )
        try:
            for piece in pieces:
                _say(_safe(piece))
        except KeyboardInterrupt:
            # At the keyboard, Ctrl-C ends a long answer; elsewhere it ends the program.
            if not sys.stdin.isatty():
                raise
        _say("\n")

    def listing(self) -> str:
        """The regions, one a line."""
        return "\n".join(
            f"  region {printable(region.id)}: {region.source} {','.join(map(str, region.box))}, "
            f"{region.area_fraction:.1%} of the photo"
            for region in self._regions
        )

    def _command(self, line: str) -> bool:
        name, _, rest = line[1:].partition(" ")
        if name in ("quit", "exit", "q"):
            return False
        if name == "help":
            typer.echo(HELP)
        elif name == "regions":
            typer.echo(self.listing())
        elif name == "add":
            self._add(rest.strip())
        else:
            raise ValueError(f"unknown command /{name}; /help lists them")
        return True

    def _add(self, text: str) -> None:
        kind, _, value = text.partition(" ")
        taken = {spec.id for spec in self._specs}
        id = next(str(number) for number in range(1, len(taken) + 2) if str(number) not in taken)
        if kind == "box":
            form = self._request.regions.box_format
            spec = RegionSpec(id, box=parse_box(value, form), box_format=form)
        elif kind == "point":
            spec = RegionSpec(id, points=(parse_point(value),))
        else:
            raise ValueError("write /add box x1,y1,x2,y2 or /add point x,y")
        (region,) = self._build([spec])
        self._chat.add(region)
        self._regions.append(region)
        self._specs.append(spec)
        typer.echo(f"region {id} added")

    def _build(self, specs: list[RegionSpec]) -> list[Region]:
        if self._segmenter is None and any(spec.needs_segmenter for spec in specs):
            self._segmenter = self._services.segmenter(
                self._request.regions.segmenter, self._request.model.device
            )
            if self._segmenter.notice:
                complain(self._segmenter.notice)
        return list(build_regions(self._photo, specs, segmenter=self._segmenter).regions)


def _addressed(question: str) -> tuple[list[str], str]:
    """The regions named in front of a question, and the question without them."""
    names, rest = [], question.strip() + " "
    while match := _NAMES.match(rest):
        names.append(match[1])
        rest = rest[match.end() :]
    return names, rest.strip()


def _safe(piece: str) -> str:
    """A piece of an answer without control characters; line breaks stay."""
    return "\n".join(printable(line) for line in piece.split("\n"))


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _typed_lines() -> Iterator[str]:
    with suppress(ImportError):
        import readline  # noqa: F401 - importing it gives input() its line editing
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            typer.echo()
            return


def _piped_lines() -> Iterator[str]:
    for number, line in enumerate(sys.stdin):
        # PowerShell begins what it pipes with a byte order mark.
        yield line if number else line.removeprefix("\ufeff")
