"""`seagull-data`: parse, call, print."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, TypeVar

import typer

from data_tools import cli_convert, cli_one
from data_tools.config import DataConfig
from data_tools.pipeline import EXIT_FAULT, EXIT_HOLES, EXIT_INTERRUPTED, Run
from data_tools.plan import read_plan
from data_tools.progress import Progress
from data_tools.state import OutputTree, read_json
from data_tools.status import read_status
from data_tools.steps import run_all
from seagull.files.config import load_settings
from seagull.files.streams import guarded, prepare_streams

T = TypeVar("T")

app = typer.Typer(
    name="seagull-data",
    help="Makes region-level quality data sets from a folder of photos.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_convert.app, name="convert")

Config = Annotated[Path, typer.Argument(help="settings file (YAML)")]
Output = Annotated[Path, typer.Argument(help="output folder of a run")]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(help="input=PHOTOS output=DIR and any key=value"),
]
Redo = Annotated[bool, typer.Option("--redo", help="make anew what changed settings decide")]


@contextmanager
def _for_people() -> Iterator[None]:
    try:
        yield
    except (typer.Exit, BrokenPipeError):  # Exit is a RuntimeError; main sees to a closed stdout
        raise
    except (ValueError, OSError, RuntimeError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_FAULT) from None


@app.callback()
def setup(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log what happens")] = False,
) -> None:
    """Makes region-level quality data sets from a folder of photos."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(message)s"
    )


@app.command()
def run(config: Config, overrides: Overrides = None, redo: Redo = False) -> None:
    """Every stage: plan, reference, masks, distort, label, chat, pack, validate, report."""
    with _for_people():
        found = load_settings(DataConfig, config, overrides or [])
        _stages(found, redo, "pack")
        good = _validate(OutputTree(Path(found.output)), found, deep=False)
        _report(Path(found.output))
        if not good:
            raise typer.Exit(EXIT_FAULT)
        raise typer.Exit(_exit_code(found))


@app.command()
def plan(config: Config, overrides: Overrides = None, redo: Redo = False) -> None:
    """Look at the photos; print counts, bytes and what is rejected. Makes nothing else."""
    with _for_people():
        found = load_settings(DataConfig, config, overrides or [])
        work = Run(found, Progress.watcher_for_plan(), redo=redo)
        with work.opened():
            work.plan()


def _add_stage(name: str, text: str) -> None:
    def command(config: Config, overrides: Overrides = None, redo: Redo = False) -> None:
        with _for_people():
            found = load_settings(DataConfig, config, overrides or [])
            _stages(found, redo, name)
            raise typer.Exit(_exit_code(found))

    app.command(name, help=text)(command)


_add_stage("reference", "Plan, and render the references.")
_add_stage("masks", "Find the regions of every reference.")
_add_stage("label", "Distort and score every region of every image.")
_add_stage("chat", "Write the conversations.")
_add_stage("pack", "Write Parquet tables, image shards, compatibility files and the data card.")


@app.command()
def distort(
    config: Annotated[Path, typer.Argument(help="settings file, or one photo")],
    overrides: Overrides = None,
    redo: Redo = False,
) -> None:
    """Make the distorted images; or, given one photo: type=blur k=10 output=FILE.png."""
    with _for_people():
        if config.suffix.lower() not in (".yaml", ".yml"):
            typer.echo(cli_one.distort_one(config, overrides or []))
            return
        found = load_settings(DataConfig, config, overrides or [])
        _stages(found, redo, "distort")
        raise typer.Exit(_exit_code(found))


@app.command()
def versions(config: Config, overrides: Overrides = None, redo: Redo = False) -> None:
    """Make scenes with whole-photo, one-region and mixed distortions, and their records."""
    from data_tools.versions.run import run_versions

    with _for_people():
        found = load_settings(DataConfig, config, overrides or [])
        result = _at_work(
            found, redo, lambda work, progress: run_versions(work, progress.counted("versions"))
        )
        counts = ", ".join(f"{count} in {name}" for name, count in result.records.items())
        typer.echo(f"{result.pictures} versions of {result.references} references; {counts}")
        for name, reason in result.failed.items():
            typer.echo(f"failed: {name}: {reason}", err=True)
        raise typer.Exit(_exit_code(found) or (EXIT_HOLES if result.failed else 0))


@app.command()
def validate(
    output: Output,
    deep: Annotated[
        bool, typer.Option("--deep", help="re-read every file, and decode every image")
    ] = False,
) -> None:
    """Check that everything planned is there and whole."""
    with _for_people():
        tree = OutputTree(output)
        if not _validate(tree, _stored_config(tree), deep=deep):
            raise typer.Exit(EXIT_FAULT)


@app.command()
def report(output: Output) -> None:
    """Write one HTML page with pictures, curves and numbers."""
    with _for_people():
        _report(output)


@app.command()
def status(output: Output) -> None:
    """Print where a run stands; reads no image."""
    from data_tools.progress import print_status

    with _for_people():
        print_status(read_status(OutputTree(output)))


@app.command("retry-failed")
def retry_failed(output: Output) -> None:
    """Try the references in quarantine again, and nothing else."""
    with _for_people():
        tree = OutputTree(output)
        # The run's own words for both folders may be relative, and the output may have moved.
        planned = read_plan(tree)["input"]
        config = replace(_stored_config(tree), input=planned, output=str(output))
        work = Run(config)
        with work.opened():
            count = work.retry_failed()
        typer.echo(f"{count} failed references are tried again")
        if count:
            _stages(config, False, "pack")
        raise typer.Exit(_exit_code(config))


def _stored_config(tree: OutputTree) -> DataConfig:
    from seagull.files.config import build_settings

    stored = read_json(tree.config())
    if stored is None:
        raise ValueError(f"{tree.root} is no output folder of a run")
    return build_settings(DataConfig, stored)


def _stages(config: DataConfig, redo: bool, last: str) -> None:
    _at_work(config, redo, lambda work, progress: run_all(work, last))


def _at_work(config: DataConfig, redo: bool, task: Callable[[Run, Progress], T]) -> T:
    """Does a task in the output folder, with progress; the first Ctrl-C lets it end in order."""
    with Progress() as progress:
        work = Run(config, progress.watcher(OutputTree(Path(config.output))), redo=redo)

        def on_signal(number: int, frame: FrameType | None) -> None:
            del number, frame
            work.watcher.stop.ask()
            progress.say(
                "ending at once"
                if work.watcher.stop.killing
                else "finishing the references under work; once more to end at once"
            )

        with _signals(on_signal):
            try:
                with work.opened():
                    return task(work, progress)
            except KeyboardInterrupt:
                progress.say("interrupted; the same command goes on from here")
                raise typer.Exit(EXIT_INTERRUPTED) from None


@contextmanager
def _signals(handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, old in zip(numbers, before, strict=True):
            signal.signal(number, old)


def _exit_code(config: DataConfig) -> int:
    work = Run(config)
    failures, left_out = work.failures(), work.annotations_left_out()
    if left_out:
        typer.echo(f"{left_out} annotations of {config.masks.given} are left out", err=True)
    if failures:
        typer.echo(
            f"complete, but {failures} references are in quarantine: "
            f"`seagull-data status {config.output}` lists them, `retry-failed` tries them again",
            err=True,
        )
    return EXIT_HOLES if failures or left_out else 0


def _validate(tree: OutputTree, config: DataConfig, *, deep: bool) -> bool:
    from data_tools.progress import print_validation
    from data_tools.validate import validate, write_validation

    found = validate(tree, config, deep=deep)
    write_validation(tree, found)
    print_validation(found)
    return found.good


def _report(output: Path) -> None:
    from data_tools.report.page import write_report

    typer.echo(f"report: {write_report(OutputTree(output))}")


def main() -> None:
    """Runs the ``seagull-data`` command and exits with its code."""
    prepare_streams()
    try:
        guarded(app)
    except OSError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(EXIT_FAULT)


if __name__ == "__main__":
    main()
