"""A growing JSON Lines file of comparisons that a later run goes on with.

Each line is a comparison with a ``run`` field: size and time of change of both files, the
fingerprint of the settings (``KeyedLines``), and the options that were given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from seagull.comparison.json import SCHEMA_ID, comparison_from_dict, comparison_to_dict
from seagull.comparison.types import Comparison
from seagull.files.streams import is_stream, open_output, write_json
from seagull.files.text import open_marked
from seagull.reports.jsonl import PhotoFile
from seagull.reports.keyed_lines import KeyedLines
from seagull.types import ModelInfo


@dataclass(frozen=True)
class RunSettings:
    """What the numbers of a run depend on, beside its photos.

    Args:
        model: which model.
        fingerprint: of the model and the options.
        options: those that were given, as JSON values by their names; None where a line does not
            say them.
    """

    model: ModelInfo
    fingerprint: str
    options: Mapping[str, Any] | None


@dataclass(frozen=True)
class PairState:
    """What tells one state of a pair, under some settings, from another.

    Args:
        before: the first photo's file.
        after: the second photo's file.
        settings: fingerprint of the model and the options.
    """

    before: PhotoFile
    after: PhotoFile
    settings: str


def comparison_line(comparison: Comparison, state: PairState, options: Mapping[str, Any]) -> str:
    """A comparison as a line of ASCII with what a later run recognises it by."""
    plain = comparison_to_dict(comparison)
    plain["run"] = {
        "before": _file(state.before),
        "after": _file(state.after),
        "settings": state.settings,
        "options": options,
    }
    return json.dumps(plain, ensure_ascii=True) + "\n"


class ComparisonLog:
    """A JSON Lines file of comparisons, or a stream that nothing is read back from.

    Args:
        path: a file, made if missing, with its half last line cut off if there is one; or ``-``,
            another name of stdout, a pipe or a device.

    Raises:
        ValueError: if the file holds something else than comparisons; it is left as it is.
        OSError: if it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stack = ExitStack()
        self._lines: KeyedLines[PairState] | None = None
        if is_stream(path):
            self._out = self._stack.enter_context(open_output(path))
        else:
            self._lines = self._stack.enter_context(KeyedLines(path, SCHEMA_ID, _key_of))

    def __enter__(self) -> ComparisonLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return self._stack.__exit__(kind, error, trace)

    def find(self, state: PairState) -> Comparison | None:
        """The comparison made of this state of the pair, if it is there.

        Raises:
            ValueError: with file and line, if the line is no valid comparison.
        """
        return None if self._lines is None else self._lines.find(state, comparison_from_dict)

    def __contains__(self, state: PairState) -> bool:
        return self._lines is not None and state in self._lines

    def add(self, comparison: Comparison, state: PairState, options: Mapping[str, Any]) -> None:
        """Writes a comparison as one line and hands it on at once.

        Args:
            comparison: of the pair.
            state: what a later run recognises it by.
            options: see ``RunSettings``.
        """
        line = comparison_line(comparison, state, options)
        if self._lines is None:
            write_json(line, self._out)
        else:
            self._lines.add(state, line)


def read_comparisons(path: Path) -> Iterator[tuple[Comparison, RunSettings]]:
    """The comparisons of a JSON Lines file with their settings; of a pair there twice, both.

    Raises:
        ValueError: naming the line, if one is no comparison; half a last line is one, too.
        OSError: if the file cannot be read.
    """
    with open_marked(path) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    plain = json.loads(line)
                    comparison = comparison_from_dict(plain)
                except (ValueError, RecursionError) as error:
                    raise ValueError(
                        f"{path}, line {number}: not a line of `seagull compare --jsonl`"
                    ) from error
                run = plain.get("run", {})
                mark, options = str(run.get("settings")), run.get("options")
                yield comparison, RunSettings(comparison.before.model, mark, options)


def _file(file: PhotoFile) -> dict[str, int]:
    return {"size": file.size, "mtime_ns": file.mtime_ns}


def _key_of(plain: dict[str, Any]) -> PairState | None:
    run = plain.get("run")
    if not isinstance(run, dict):
        return None
    before, after = (_photo_file(plain.get(side), run.get(side)) for side in ("before", "after"))
    return PairState(before, after, str(run.get("settings")))


def _photo_file(image: Any, file: Any) -> PhotoFile:
    path = image.get("path") if isinstance(image, dict) else None
    state = file if isinstance(file, dict) else {}
    return PhotoFile(str(path), state.get("size", -1), state.get("mtime_ns", -1))
