"""Where comparisons go: a table or JSON on stdout, pictures, graphs and summaries in files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from rich.console import Console

from seagull.cli.output_checks import (
    check_distinct,
    check_file,
    check_outside,
    check_picture,
    check_stdout,
)
from seagull.cli.outputs import JsonResults
from seagull.cli.pictures import failing_alone, is_drawn_from, is_folder, write_picture
from seagull.comparison.folder import read_pair
from seagull.comparison.gates import GateResult
from seagull.comparison.graph import distortion_graph
from seagull.comparison.json import comparison_to_json
from seagull.comparison.junit import junit_xml
from seagull.comparison.markdown import markdown_summary
from seagull.comparison.page import folder_page, page_pictures, pair_page
from seagull.comparison.pairs import PhotoPair
from seagull.comparison.picture import draw_side_by_side
from seagull.comparison.results import PairResult
from seagull.comparison.summary import Summary
from seagull.comparison.table import comparison_table, headline_text
from seagull.comparison.types import Comparison
from seagull.comparison.words import only_whole, whole_text
from seagull.files.replacing import replacing
from seagull.files.streams import is_stream, leads_to_stdout, open_output
from seagull.photos import Photo, Pixels

MOST_SHOWN = 8
"""Pairs of a folder that the page shows with pictures, the worst ones."""
_FILES = ("jsonl", "html", "markdown", "junit")

Photos = tuple[Photo, Photo]


@dataclass(frozen=True)
class CompareOutputs:
    """The output options. ``several``: whether folders are compared."""

    json: bool = False
    jsonl: Path | None = None
    overlay: Path | None = None
    html: Path | None = None
    markdown: Path | None = None
    junit: Path | None = None
    graph: Path | None = None
    several: bool = False

    def check(self, arguments: Sequence[Path]) -> None:
        """Passes if every output can be written, and none lies among what is read.

        Args:
            arguments: the two photos or folders.

        Raises:
            ValueError: naming the option that cannot be met.
        """
        check_stdout(dict(self._paths), self.json)
        check_distinct(dict(self._paths), ("overlay", "graph"), self.several)
        for name, path in self._paths:
            if name in _FILES or (name == "graph" and not self.several):
                check_file(name, path)
        check_picture("overlay", self.overlay, self.several)
        if self.several and self.graph is not None and self.graph.is_file():
            raise ValueError(f"--graph {self.graph}: it is a file; folders need a folder here")
        if self.overlay is not None:
            check_outside("overlay", self.overlay, [str(one) for one in arguments])
        for name, path in self._paths:
            if path.is_file() and any(one.is_file() and path.samefile(one) for one in arguments):
                raise ValueError(f"--{name} {path}: this is a photo; name another file")

    @property
    def _paths(self) -> list[tuple[str, Path]]:
        names = ("jsonl", "overlay", "html", "markdown", "junit", "graph")
        return [(name, path) for name in names if (path := getattr(self, name)) is not None]

    @property
    def prints(self) -> bool:
        """Whether stdout is for people."""
        return not self.json and not any(leads_to_stdout(path) for _, path in self._paths)


class ComparisonWriter:
    """Writes comparisons as they come, and summaries at the end.

    Args:
        request: the output options.
        root: the folder of the photos before; names of pictures start from it.
        resize: see ``same_size``; photos are read again for pictures of an earlier run's pairs.
    """

    def __init__(self, request: CompareOutputs, root: Path, resize: str | None) -> None:
        self._request, self._root, self._resize = request, root, resize
        self._worst: list[tuple[PhotoPair, Comparison]] = []
        self._stack = ExitStack()
        # A pipe has no width; rich's guess of 80 columns would fold the last column early.
        self._console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
        self._json = JsonResults(request.several, self._stack) if request.json else None

    def __enter__(self) -> ComparisonWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def add(self, comparison: Comparison, pair: PhotoPair, photos: Photos | None) -> list[str]:
        """Writes one comparison; ``photos`` is None for one of an earlier run.

        Returns:
            A line for each file about this pair alone that cannot be written.

        Raises:
            OSError: if the disk is full, or another output cannot be written.
        """
        self._print(comparison)
        wrong: list[str] = []
        if self._request.graph is not None:
            with failing_alone(pair.after, "graph", wrong):
                target = self._target(self._request.graph, pair, "graph.json")
                _write(target, json.dumps(distortion_graph(comparison), indent=2) + "\n")
        if self._request.overlay is not None:
            with failing_alone(pair.after, "overlay", wrong):
                self._draw(self._request.overlay, comparison, pair, photos)
        if self._request.html is not None:
            self._worst.append((pair, comparison))
            self._worst.sort(key=lambda item: item[1].change.quality)
            del self._worst[MOST_SHOWN:]
        return wrong

    def _print(self, comparison: Comparison) -> None:
        request = self._request
        if self._json is not None:
            self._json.add(lambda indent: comparison_to_json(comparison, indent=indent))
        elif request.prints and not (request.several and request.jsonl):
            self._console.print(headline_text(comparison), soft_wrap=True)
            if not request.several and (note := whole_text([only_whole(comparison)])):
                self._console.print(note, soft_wrap=True)
            self._console.print(comparison_table(comparison))

    def summarise(
        self,
        results: Sequence[PairResult],
        summary: Summary,
        gates: Sequence[GateResult],
        problems: Sequence[str],
    ) -> None:
        """Writes what is said of all comparisons together."""
        request = self._request
        _write_texts(request, results, summary, gates, problems)
        if request.html is not None:
            shown = [
                (one, page_pictures(_pixels(read_pair(pair, self._resize)[0]), one))
                for pair, one in self._worst
            ]
            if request.several:
                page = folder_page(results, summary, shown, gates, problems)
            else:
                page = pair_page(*shown[0])
            _write(request.html, page)

    def _target(self, path: Path, pair: PhotoPair, ending: str) -> Path:
        """Where a pair's file goes: in a folder it is called after the photo before."""
        if not is_folder(path, self._request.several):
            return path
        below = os.path.relpath(pair.before.absolute(), self._root)
        target = path / f"{below}.{ending}"
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _draw(
        self, path: Path, comparison: Comparison, pair: PhotoPair, photos: Photos | None
    ) -> None:
        """Draws a comparison; one of an earlier run only if its picture is not there."""
        target = self._target(path, pair, "compare.png")
        source = comparison_to_json(comparison)
        if photos is None and is_drawn_from(target, source):
            return
        shown = photos or read_pair(pair, self._resize)[0]
        write_picture(draw_side_by_side(_pixels(shown), comparison), target, source)


def write_failed(request: CompareOutputs, problems: Sequence[str]) -> None:
    """Writes the summaries of a run in which nothing was compared: what went wrong, alone."""
    _write_texts(request, (), None, (), problems)
    if request.html is not None:
        _write(request.html, folder_page((), None, (), (), problems))


def _write_texts(
    request: CompareOutputs,
    results: Sequence[PairResult],
    summary: Summary | None,
    gates: Sequence[GateResult],
    problems: Sequence[str],
) -> None:
    if request.markdown is not None:
        _write(request.markdown, markdown_summary(results, summary, gates, problems))
    if request.junit is not None:
        _write(request.junit, junit_xml(results, gates, problems))


def _pixels(photos: Photos) -> tuple[Pixels, Pixels]:
    return photos[0].pixels, photos[1].pixels


def _write(path: Path, text: str) -> None:
    """Writes a whole file at once: a reader never sees half of it."""
    if is_stream(path):
        with open_output(path) as out:
            out.write(text)
        return
    with replacing(path) as partial, open_output(partial) as out:
        out.write(text)
