"""A growing JSON Lines file of reports that a later run goes on with.

Each line is a report with a ``run`` field: the photo file's size and time of change, and the
fingerprint of the settings (``KeyedLines``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from seagull.reports.json import report_from_dict, report_to_dict
from seagull.reports.keyed_lines import KeyedLines
from seagull.reports.schema import SCHEMA_ID
from seagull.types import QualityReport


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
        self._lines = KeyedLines(path, SCHEMA_ID, _key_of)

    def __enter__(self) -> ReportLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.__exit__(kind, error, trace)

    def __len__(self) -> int:
        return len(self._lines)

    def __contains__(self, key: tuple[PhotoFile, str]) -> bool:
        return key in self._lines

    def find(self, photo: PhotoFile, settings: str) -> QualityReport | None:
        """The report made of this state of the photo with these settings, if it is there.

        Raises:
            ValueError: with file and line, if the line is no valid report.
        """
        return self._lines.find((photo, settings), report_from_dict)

    def add(self, report: QualityReport, photo: PhotoFile, settings: str) -> None:
        """Appends a report as one line and hands it to the operating system at once."""
        self._lines.add((photo, settings), report_line(report, photo, settings))


def _key_of(plain: dict[str, Any]) -> tuple[PhotoFile, str] | None:
    run, image = plain.get("run"), plain.get("image")
    if not (isinstance(run, dict) and isinstance(image, dict)):
        return None
    photo = PhotoFile(str(image.get("path")), run.get("size", -1), run.get("mtime_ns", -1))
    return photo, str(run.get("settings"))
