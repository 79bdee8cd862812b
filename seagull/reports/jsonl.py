"""A growing JSON Lines file of reports that a later run goes on with.

Each line is a report with a ``run`` field: the photo file's size and time of change, and the
fingerprint of the settings. A run that was killed leaves at most half a line, which is cut off.
Several runs may write to one file at the same time.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from seagull.files.appending import LineFile
from seagull.files.text import open_marked
from seagull.reports.json import report_from_dict, report_to_dict
from seagull.reports.schema import SCHEMA_ID
from seagull.types import QualityReport

_START = f'{{"schema": "{SCHEMA_ID}"'.encode()

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PhotoFile:
    """What tells one state of a photo file from another."""

    path: str
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> PhotoFile:
        """The file's present state.

        Raises:
            OSError: if it cannot be looked at.
        """
        status = path.stat()
        return cls(str(path), status.st_size, status.st_mtime_ns)


def report_line(report: QualityReport, photo: PhotoFile, settings: str) -> str:
    """A report as a line of ASCII, with the state of its photo and the fingerprint of settings."""
    plain = report_to_dict(report)
    plain["run"] = {"size": photo.size, "mtime_ns": photo.mtime_ns, "settings": settings}
    return json.dumps(plain, ensure_ascii=True) + "\n"


class ReportLog:
    """A JSON Lines file of reports, open for looking up and appending.

    Args:
        path: the file; made if missing, with its half last line cut off if there is one. Other
            processes may append to it meanwhile; what they add is not looked up here.

    Raises:
        ValueError: if the file holds something else than reports; it is left as it is.
        OSError: if it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[tuple[PhotoFile, str], int] = {}
        if path.exists():
            _check(path)  # A file of something else is not even opened for writing.
        self._file = LineFile(path, _is_torn)
        try:
            with self._file.locked():
                self._scan()
                if self._file.mend():
                    logger.warning("%s: cut off the half line that an interrupted run left", path)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> ReportLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: tuple[PhotoFile, str]) -> bool:
        return key in self._places

    def find(self, photo: PhotoFile, settings: str) -> QualityReport | None:
        """The report made of this state of the photo with these settings, if it is there.

        Raises:
            ValueError: if the line is no valid report.
        """
        place = self._places.get((photo, settings))
        if place is None:
            return None
        return report_from_dict(json.loads(self._file.line_at(place)))

    def add(self, report: QualityReport, photo: PhotoFile, settings: str) -> None:
        """Appends a report as one line and hands it to the operating system at once."""
        line = report_line(report, photo, settings).encode("ascii")
        self._places[photo, settings] = self._file.append(line)

    def _scan(self) -> None:
        with open_marked(self.path) as lines:
            place = lines.tell()
            for number, line in enumerate(lines, start=1):
                plain = _parsed(line)
                if plain is not None:
                    self._remember(plain, place)
                elif line.strip() and (line.endswith(b"\n") or not _is_torn(line)):
                    raise ValueError(_other(self.path, number))
                place += len(line)

    def _remember(self, plain: dict[str, Any], place: int) -> None:
        run, image = plain.get("run"), plain.get("image")
        if isinstance(run, dict) and isinstance(image, dict):
            photo = PhotoFile(str(image.get("path")), run.get("size", -1), run.get("mtime_ns", -1))
            self._places[photo, str(run.get("settings"))] = place


def _check(path: Path) -> None:
    """Passes if the file begins as a file of reports does; it may hold half of the first one."""
    with open_marked(path) as lines:
        first = next((line for line in lines if line.strip()), b"")
    if first and _parsed(first) is None and (first.endswith(b"\n") or not _begins(first)):
        raise ValueError(_other(path, 1))


def _other(path: Path, number: int) -> str:
    return f"{path}, line {number}: not a {SCHEMA_ID}; give another file or remove the line"


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        plain = json.loads(line)
    except ValueError:
        return None
    return plain if isinstance(plain, dict) and plain.get("schema") == SCHEMA_ID else None


def _is_torn(line: bytes) -> bool:
    """Whether a last line is half a report of ours: nothing else is ever cut off."""
    return _parsed(line) is None and _begins(line)


def _begins(line: bytes) -> bool:
    return line[: len(_START)] == _START[: len(line)]
