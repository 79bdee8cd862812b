"""Reports as JSON Lines on stdout, a pipe or a device: written once, never read back."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from seagull.files.streams import is_stream, open_output, write_json
from seagull.reports.jsonl import PhotoFile, ReportLog, report_line
from seagull.types import QualityReport


class ReportStream:
    """The lines of a ``ReportLog`` where nothing can be gone on with.

    Args:
        path: ``-`` or another name of stdout, a pipe, or a device.

    Raises:
        OSError: if it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._stack = ExitStack()
        self._out = self._stack.enter_context(open_output(path))

    def __enter__(self) -> ReportStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return self._stack.__exit__(kind, error, trace)

    def __contains__(self, key: tuple[PhotoFile, str]) -> bool:
        return False

    def find(self, photo: PhotoFile, settings: str) -> QualityReport | None:
        """None: no report can be found again."""
        return None

    def add(self, report: QualityReport, photo: PhotoFile, settings: str) -> None:
        """Writes a report as one line and hands it on at once."""
        write_json(report_line(report, photo, settings), self._out)


Reports = ReportLog | ReportStream


def open_reports(path: Path) -> Reports:
    """Where reports are written line by line: a file that a run goes on with, or a stream.

    Raises:
        ValueError: if a file holds something else than reports.
        OSError: if it cannot be read or written.
    """
    return ReportStream(path) if is_stream(path) else ReportLog(path)
