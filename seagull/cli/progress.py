"""Progress on stderr: nothing for quick work, a bar for a person, nothing in a log file."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

PATIENCE_SECONDS = 2.0


class LateBar:
    """A bar that appears once work has taken two seconds, and leaves nothing behind.

    Args:
        what: written in front.
        total: steps or bytes in all; None if unknown.
        count_bytes: whether steps are bytes.
        wanted: False shows nothing at all.
    """

    def __init__(
        self, what: str, total: int | None, *, count_bytes: bool = False, wanted: bool = True
    ) -> None:
        counter: ProgressColumn = DownloadColumn() if count_bytes else MofNCompleteColumn()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            counter,
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            # rich would send what is printed on stdout to the bar's stderr.
            redirect_stdout=False,
        )
        self._task = self._bar.add_task(what, total=total)
        self._wanted = wanted and sys.stderr.isatty()
        self._since = time.monotonic()
        self._shown = False

    def __enter__(self) -> LateBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            self._bar.stop()

    def at(self, done: int, total: int | None = None, what: str | None = None) -> None:
        """Shows that ``done`` of the steps are done, of another kind of work if it is named."""
        self._bar.update(self._task, completed=done, total=total, description=what)
        if self._wanted and not self._shown and time.monotonic() - self._since > PATIENCE_SECONDS:
            self._bar.start()
            self._shown = True
