"""Progress and results on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.table import Table

from data_tools.pipeline import Watcher
from data_tools.plan import PlanSummary, read_plan
from data_tools.state import STAGES, OutputTree
from data_tools.status import Status
from data_tools.validate import Validation

_COUNTED = {"reference": "references", "masks": "references"}


class Progress:
    """A bar per pass: references done, rate, time left."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, markup=False)
        self.bar = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.task: TaskID | None = None
        self.finished = 0
        self.sizes: list[int] = []
        self.cells = 0
        self.counting = "distort"

    def __enter__(self) -> Progress:
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def say(self, text: str) -> None:
        """Prints a line above the bar."""
        self.console.print(text)

    @staticmethod
    def watcher_for_plan() -> Watcher:
        """A watcher that prints the plan only."""
        console = Console(stderr=True, highlight=False, markup=False)
        return Watcher(on_plan=lambda summary: print_plan(console, summary))

    def watcher(self, tree: OutputTree) -> Watcher:
        """The watcher that moves the bar."""

        def on_pass(stages: tuple[str, ...], shards: int, done: int) -> None:
            self.sizes = read_plan(tree)["shards"]
            self.counting = "distort" if "distort" in stages else stages[-1]
            self.finished = 0
            total = sum(self.sizes) if "pack" not in stages else shards
            self.task = self.bar.add_task(" + ".join(stages), total=total, rate="")
            if done == shards:
                self.bar.update(self.task, completed=total)
                self.say(f"{' + '.join(stages)}: all {shards} shards are finished")

        def on_tick(shards: Sequence[int]) -> None:
            if self.task is None or self.counting == "pack":
                return
            lines = sum(_lines(tree, self.counting, shard) for shard in shards)
            self._move(self.finished + lines)

        def on_result(result: object) -> None:
            shard = getattr(result, "shard", 0)
            self.finished += 1 if self.counting == "pack" else self.sizes[shard]
            if self.task is not None:
                self._move(self.finished)

        return Watcher(
            on_plan=lambda summary: print_plan(self.console, summary),
            on_pass=on_pass,
            on_result=on_result,
            on_tick=on_tick,
        )

    def counted(self, name: str) -> Callable[[int, int], None]:
        """What moves a bar of that name: takes how many are done, and of how many."""

        def on_progress(done: int, total: int) -> None:
            if done == 1 or self.task is None:
                self.task = self.bar.add_task(name, total=total, rate="")
            self._move(done)

        return on_progress

    def _move(self, completed: int) -> None:
        assert self.task is not None
        self.bar.update(self.task, completed=completed)
        speed = self.bar.tasks[self.task].speed
        self.bar.update(self.task, rate=f"{speed:.2f}/s" if speed else "")


def _lines(tree: OutputTree, stage: str, shard: int) -> int:
    try:
        return tree.journal(stage, shard).read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def print_plan(console: Console, summary: PlanSummary) -> None:
    """Prints what was planned."""
    rejected = ", ".join(f"{count} {reason}" for reason, count in summary.rejected.items())
    console.print(
        f"plan: {summary.photos} photos ({summary.added} new) in {summary.shards} shards"
        + (
            f", {summary.images} distorted images, about {summary.bytes / 1e9:.2f} GB"
            if summary.images
            else ""
        )
        + (f"; rejected: {rejected}" if rejected else "")
        + (f"\n{summary.left_out}" if summary.left_out else "")
        + (f"\n{summary.cost}" if summary.cost else "")
    )


def print_status(status: Status) -> None:
    """Prints the status as a table, failures below."""
    console = Console(highlight=False, markup=False)
    table = Table("stage", "shards", "references", "failed", "held back", "GB", "hours of work")
    for stage in STAGES:
        row = status.stages[stage]
        table.add_row(
            stage,
            f"{row['shards']}/{status.shards}",
            str(int(row.get("done", 0))),
            str(int(row.get("failed", 0))),
            str(int(row.get("held", 0))),
            f"{row.get('bytes', 0) / 1e9:.3f}",
            f"{sum(row['seconds'].values()) / 3600:.3f}",
        )
    console.print(f"{status.references} references in {status.shards} shards", table, sep="\n")
    for work in status.running:
        console.print(f"under work: {work}")
    for reason, count in status.rejected.items():
        console.print(f"rejected when planned: {count} {reason}")
    for failure in status.failures:
        console.print(
            f"quarantine: {failure.stage} {failure.id} {failure.cell} "
            f"({failure.kind}, {failure.attempts} attempts): {failure.message}",
        )


def print_validation(found: Validation) -> None:
    """Prints what a validation found."""
    console = Console(highlight=False, markup=False)
    there = sum(found.cells.values())
    console.print(
        f"validate: {there} of {found.expected} images of {found.references} references, "
        f"{found.quarantined} references in quarantine"
    )
    for name in found.missing:
        console.print(f"  missing: {name}")
    if found.missing_count > len(found.missing):
        console.print(f"  ... and {found.missing_count - len(found.missing)} more")
    for problem in found.problems[:50]:
        console.print(f"  wrong: {problem}")
    for kind, (total, good) in found.ladders.items():
        share = found.no_effect.get(kind, 0.0)
        console.print(
            f"  {kind}: {good / total:.1%} of {total} region ladders ordered (SRCC <= -.98), "
            f"{share:.1%} of rows show nothing"
        )
