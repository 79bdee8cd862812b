"""Where results go: a table or JSON on stdout, CSV, JSON Lines and pictures in files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from rich.console import Console

from seagull.cli.output_checks import (
    check_distinct,
    check_file,
    check_outside,
    check_picture,
    check_stdout,
    check_unmatched,
)
from seagull.cli.pictures import Pictures, failing_alone, is_folder
from seagull.files.streams import leads_to_stdout, open_output, write_json
from seagull.photos import Photo
from seagull.photos.lists import names_a_pattern
from seagull.reports.csv import CsvReports
from seagull.reports.json import report_to_json
from seagull.reports.table import report_table
from seagull.types import AssessmentTask, QualityReport

_PICTURES = ("overlay", "heatmap")


@dataclass(frozen=True)
class OutputRequest:
    """The output options. ``several``: whether more than one report may come."""

    json: bool = False
    csv: Path | None = None
    jsonl: Path | None = None
    overlay: Path | None = None
    heatmap: Path | None = None
    several: bool = False

    def check(self, tasks: tuple[AssessmentTask, ...]) -> None:
        """Passes if every output can be written.

        Raises:
            ValueError: naming the option that cannot be met.
        """
        paths = {name: getattr(self, name) for name in ("csv", "jsonl", *_PICTURES)}
        check_stdout({"csv": self.csv, "jsonl": self.jsonl}, self.json)
        check_distinct(paths, _PICTURES, self.several)
        check_file("csv", self.csv)
        check_file("jsonl", self.jsonl)
        for option in _PICTURES:
            check_picture(option, paths[option], self.several)
        if self.heatmap is not None and AssessmentTask.QUALITY not in tasks:
            raise ValueError("--heatmap shows quality: add quality to --tasks")

    def check_apart(self, photos: list[Path], arguments: list[str]) -> None:
        """Passes if no output would overwrite a photo or be found among the photos later.

        Raises:
            ValueError: naming the option.
        """
        for option in ("csv", "jsonl", "overlay", "heatmap"):
            path = getattr(self, option)
            if path is not None and path.is_file() and any(path.samefile(one) for one in photos):
                raise ValueError(f"--{option} {path}: this is a photo; name another file")
        for option in _PICTURES:
            if (path := getattr(self, option)) is not None:
                check_outside(option, path, arguments)
                if self.several:
                    check_unmatched(option, path, photos, arguments)

    @property
    def table(self) -> bool:
        """Whether tables are printed: unless something else takes the results of a long run."""
        elsewhere = self.several and (self.jsonl or self.csv)
        on_stdout = any(path and leads_to_stdout(path) for path in (self.csv, self.jsonl))
        return not (self.json or on_stdout or elsewhere)


class Output(Protocol):
    """Takes one report after the other."""

    def add(self, report: QualityReport) -> None:
        """Writes a report."""
        ...


class Outputs:
    """All outputs of a run, opened together and closed together."""

    def __init__(self, request: OutputRequest, root: Path) -> None:
        self._stack = ExitStack()
        self._all: list[Output] = []
        self._pictures: list[Pictures] = []
        if request.table:
            self._all.append(_Tables())
        if request.csv is not None:
            file = self._stack.enter_context(open_output(request.csv))
            self._all.append(_Csv(CsvReports(file)))
        for kind in _PICTURES:
            if (target := getattr(request, kind)) is not None:
                self._pictures.append(Pictures(kind, target, root, request.several))
        if request.json:
            self._all.append(_Json(JsonResults(request.several, self._stack)))

    def __enter__(self) -> Outputs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def add(self, report: QualityReport, photo: Photo | None, path: Path) -> list[str]:
        """Writes a report everywhere.

        Returns:
            A line for each picture of it that cannot be written.

        Raises:
            OSError: if the disk is full, or another output cannot be written.
        """
        for output in self._all:
            output.add(report)
        wrong: list[str] = []
        for pictures in self._pictures:
            with failing_alone(path, pictures.kind, wrong):
                pictures.add(report, photo, path)
        return wrong


class _Tables:
    def __init__(self) -> None:
        # A pipe has no width; rich's guess of 80 columns would fold the last column early.
        self._console = Console(width=None if sys.stdout.isatty() else 110, highlight=False)

    def add(self, report: QualityReport) -> None:
        self._console.print(report_table(report))


class _Csv:
    def __init__(self, reports: CsvReports) -> None:
        self._reports = reports

    def add(self, report: QualityReport) -> None:
        self._reports.add(report)


class JsonResults:
    """JSON on stdout: one object, or one array of several, valid even when the run ends early.

    Args:
        several: whether more than one result may come.
        stack: whose end closes the array.
    """

    def __init__(self, several: bool, stack: ExitStack) -> None:
        self._several = several
        self._count = 0
        if several:
            write_json("[")
            stack.callback(lambda: write_json("\n]\n"))

    def add(self, to_json: Callable[[int | None], str]) -> None:
        """Writes a result, made by ``to_json`` of the indent."""
        if not self._several:
            write_json(to_json(2) + "\n")
            return
        write_json(("," if self._count else "") + "\n" + to_json(None))
        self._count += 1


class _Json:
    def __init__(self, results: JsonResults) -> None:
        self._results = results

    def add(self, report: QualityReport) -> None:
        self._results.add(lambda indent: report_to_json(report, indent=indent))


def several_photos(arguments: list[str]) -> bool:
    """Whether the arguments can mean more than one photo, whatever they mean today."""
    return len(arguments) > 1 or Path(arguments[0]).is_dir() or names_a_pattern(arguments[0])


def heatmap_beside(overlay: Path, several: bool) -> Path:
    """Where the heat map goes that ``--everything --overlay`` brings along."""
    if is_folder(overlay, several):
        return overlay
    return overlay.with_name(f"{overlay.stem}.heatmap{overlay.suffix}")
