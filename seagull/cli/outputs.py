"""Where results go: a table or JSON on stdout, CSV, JSON Lines and pictures in files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from rich.console import Console

from seagull.files.streams import is_stream, leads_to_stdout, open_output, write_json
from seagull.photos import Photo, read_photo
from seagull.photos.lists import names_a_pattern
from seagull.reports.csv import CsvReports
from seagull.reports.json import report_to_json
from seagull.reports.table import report_table
from seagull.types import AssessmentTask, QualityReport

if TYPE_CHECKING:
    from PIL import Image

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")


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
        check_stdout({"csv": self.csv, "jsonl": self.jsonl}, self.json)
        check_file("csv", self.csv)
        check_file("jsonl", self.jsonl)
        for option in ("overlay", "heatmap"):
            check_picture(option, getattr(self, option), self.several)
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
        folders = [Path(one).resolve() for one in arguments if Path(one).is_dir()]
        for option in ("overlay", "heatmap"):
            path = getattr(self, option)
            for folder in folders if path is not None else ():
                if path.resolve().is_relative_to(folder):
                    raise ValueError(
                        f"--{option} {path}: inside {folder}, where the next run would take the "
                        "pictures for photos; name a folder outside"
                    )

    @property
    def table(self) -> bool:
        """Whether tables are printed: unless something else takes the results of a long run."""
        elsewhere = self.several and (self.jsonl or self.csv)
        on_stdout = any(path and leads_to_stdout(path) for path in (self.csv, self.jsonl))
        return not (self.json or on_stdout or elsewhere)


class Output(Protocol):
    """Takes one report after the other."""

    def add(self, report: QualityReport, photo: Photo | None, path: Path) -> None:
        """Writes a report; ``photo`` is None for a photo that was done by an earlier run."""
        ...


class Outputs:
    """All outputs of a run, opened together and closed together."""

    def __init__(self, request: OutputRequest, root: Path) -> None:
        self._stack = ExitStack()
        self._all: list[Output] = []
        if request.table:
            self._all.append(_Tables())
        if request.csv is not None:
            file = self._stack.enter_context(open_output(request.csv))
            self._all.append(_Csv(CsvReports(file)))
        for kind in ("overlay", "heatmap"):
            if (target := getattr(request, kind)) is not None:
                self._all.append(_Pictures(kind, target, root, request.several))
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

    def add(self, report: QualityReport, photo: Photo | None, path: Path) -> None:
        """Writes a report everywhere."""
        for output in self._all:
            output.add(report, photo, path)


class _Tables:
    def __init__(self) -> None:
        # A pipe has no width; rich's guess of 80 columns would fold the last column early.
        self._console = Console(width=None if sys.stdout.isatty() else 110, highlight=False)

    def add(self, report: QualityReport, photo: Photo | None, path: Path) -> None:
        self._console.print(report_table(report))


class _Csv:
    def __init__(self, reports: CsvReports) -> None:
        self._reports = reports

    def add(self, report: QualityReport, photo: Photo | None, path: Path) -> None:
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

    def add(self, report: QualityReport, photo: Photo | None, path: Path) -> None:
        self._results.add(lambda indent: report_to_json(report, indent=indent))


class _Pictures:
    def __init__(self, kind: str, target: Path, root: Path, several: bool) -> None:
        self._kind, self._target, self._root = kind, target, root
        self._folder = several or not target.suffix or target.is_dir()

    def add(self, report: QualityReport, photo: Photo | None, path: Path) -> None:
        target = self._path(path)
        if photo is None and target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        picture = self._draw(report, photo or read_photo(path))
        partial = target.with_name(f".{target.name}.part{target.suffix}")
        try:
            picture.save(partial, quality=92)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def _path(self, photo: Path) -> Path:
        if not self._folder:
            return self._target
        below = os.path.relpath(photo.absolute(), self._root)
        return self._target / f"{below}.{self._kind}.png"

    def _draw(self, report: QualityReport, photo: Photo) -> Image.Image:
        from seagull.reports.overlay import draw_heatmap, draw_overlay

        draw = draw_overlay if self._kind == "overlay" else draw_heatmap
        return draw(photo.pixels, report)


def several_photos(arguments: list[str]) -> bool:
    """Whether the arguments can mean more than one photo, whatever they mean today."""
    return len(arguments) > 1 or Path(arguments[0]).is_dir() or names_a_pattern(arguments[0])


def heatmap_beside(overlay: Path, several: bool) -> Path:
    """Where the heat map goes that ``--everything --overlay`` brings along."""
    if several or not overlay.suffix or overlay.is_dir():
        return overlay
    return overlay.with_name(f"{overlay.stem}.heatmap{overlay.suffix}")


def common_folder(photos: list[Path]) -> Path:
    """The deepest folder that holds all photos; names of pictures start from it."""
    return Path(os.path.commonpath([photo.absolute().parent for photo in photos]))


def check_stdout(paths: Mapping[str, Path | None], json: bool) -> None:
    """Passes if at most one output writes to stdout.

    Args:
        paths: by option, where each output goes.
        json: whether JSON goes to stdout.

    Raises:
        ValueError: naming the options.
    """
    taken = [f"--{name} {path}" for name, path in paths.items() if path and leads_to_stdout(path)]
    taken += ["--json"] if json else []
    if len(taken) > 1:
        raise ValueError(f"{' and '.join(taken)} both write to stdout; give one a file")


def check_file(option: str, path: Path | None) -> None:
    """Passes if a file can be written there, or nothing is to be.

    Raises:
        ValueError: naming the option.
    """
    if path is None or is_stream(path):
        return
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise ValueError(f"--{option} {path}: {what}; name a file in a folder that exists")


def check_picture(option: str, path: Path | None, several: bool) -> None:
    """Passes if pictures can be written there: a file of one photo's, a folder of several's.

    Raises:
        ValueError: naming the option.
    """
    if path is None:
        return
    if several and path.suffix.lower() in PICTURE_ENDINGS and not path.is_dir():
        raise ValueError(f"--{option} {path}: several photos need a folder here, not one file")
    if several and path.exists() and not path.is_dir():
        raise ValueError(f"--{option} {path}: it is a file; several photos need a folder here")
    if several or not path.suffix or path.is_dir():
        return
    if path.suffix.lower() not in PICTURE_ENDINGS:
        raise ValueError(f"--{option} {path}: pictures end in {', '.join(PICTURE_ENDINGS)}")
    if not path.parent.is_dir():
        raise ValueError(f"--{option} {path}: there is no folder {path.parent}; make it first")
