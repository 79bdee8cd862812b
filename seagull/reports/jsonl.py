"""A growing JSON Lines file of reports that a later run goes on with.

Each line is a report with a ``run`` field: the photo file's size and time of change, and the
fingerprint of the settings. A run that was killed leaves at most half a line, which is cut off.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

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


class ReportLog:
    """A JSON Lines file of reports, open for looking up and appending.

    Args:
        path: the file; made if missing, with its half last line cut off if there is one.

    Raises:
        ValueError: if the file holds something else than reports; it is left as it is.
        OSError: if it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[tuple[PhotoFile, str], int] = {}
        keep, repair = self._scan() if path.exists() else (0, False)
        self._file: BinaryIO = path.open("r+b" if path.exists() else "w+b")
        if repair:
            logger.warning("%s: cut off the half line that an interrupted run left", path)
            self._file.truncate(keep)
        self._file.seek(0, 2)
        if keep and not repair and not self._ends_with_newline():
            self._file.write(b"\n")

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
        self._file.seek(place)
        return report_from_dict(json.loads(self._file.readline()))

    def add(self, report: QualityReport, photo: PhotoFile, settings: str) -> None:
        """Appends a report as one line and hands it to the operating system at once."""
        plain = report_to_dict(report)
        plain["run"] = {"size": photo.size, "mtime_ns": photo.mtime_ns, "settings": settings}
        self._file.seek(0, 2)
        self._places[photo, settings] = self._file.tell()
        self._file.write((json.dumps(plain, ensure_ascii=True) + "\n").encode("ascii"))
        self._file.flush()

    def _scan(self) -> tuple[int, bool]:
        """Bytes worth keeping, and whether the rest must be cut off."""
        place = 0
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                plain = _parsed(line)
                if plain is None and line.strip():
                    if line.endswith(b"\n") or not _is_torn(line):
                        raise ValueError(
                            f"{self.path}, line {number}: not a {SCHEMA_ID}; give another file "
                            "or remove the line"
                        )
                    return place, True
                if plain is not None:
                    self._remember(plain, place)
                place += len(line)
        return place, False

    def _remember(self, plain: dict[str, Any], place: int) -> None:
        run, image = plain.get("run"), plain.get("image")
        if isinstance(run, dict) and isinstance(image, dict):
            photo = PhotoFile(str(image.get("path")), run.get("size", -1), run.get("mtime_ns", -1))
            self._places[photo, str(run.get("settings"))] = place

    def _ends_with_newline(self) -> bool:
        self._file.seek(-1, 2)
        return self._file.read(1) == b"\n"


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        plain = json.loads(line)
    except ValueError:
        return None
    return plain if isinstance(plain, dict) and plain.get("schema") == SCHEMA_ID else None


def _is_torn(line: bytes) -> bool:
    """Whether the line is the beginning of one of ours: nothing else is ever cut off."""
    return line[: len(_START)] == _START[: len(line)]
