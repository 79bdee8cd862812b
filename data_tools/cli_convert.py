"""`seagull-data convert`: other data sets to instruction records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from data_tools.compat import rois_path, scores_path
from data_tools.converters import LeftOut, OpinionColumns, convert_opinions
from data_tools.pipeline import EXIT_FAULT, EXIT_HOLES
from data_tools.published import convert_published
from data_tools.region_sets import convert_regions
from data_tools.state import OutputTree
from seagull.files.streams import is_stream, leads_to_stdout
from seagull.records import InstructionRecord, write_records
from seagull.tables.opinions import FORMS
from seagull.tables.rows import number_of

app = typer.Typer(help="Bring other data sets into instruction records.", no_args_is_help=True)
Target = Annotated[Path, typer.Argument(help="JSONL file of records to write")]


@app.command()
def opinions(
    table: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL or Parquet, a row per photo")],
    target: Target,
    columns: Annotated[
        list[str] | None,
        typer.Argument(help="image=, mos=, std=, name=, reference= (columns); lowest=, highest="),
    ] = None,
    images: Annotated[Path | None, typer.Option(help="folder of the photos")] = None,
    metric: Annotated[str, typer.Option(help="what the labels are called")] = "mos",
    form: Annotated[
        str | None, typer.Option("--format", help=f"the set's own form: {', '.join(FORMS)}")
    ] = None,
) -> None:
    """Opinion scores of whole photos (KonIQ, SPAQ, KADID, BIQ2021 ... tables)."""
    _write(
        table,
        target,
        lambda left_out: convert_opinions(
            table, _columns(columns, form), images, _place(target), metric, left_out
        ),
    )


def _columns(pairs: list[str] | None, form: str | None) -> OpinionColumns:
    values: dict[str, Any] = {"form": form}
    known = [item.name for item in fields(OpinionColumns) if item.name != "form"]
    for pair in pairs or []:
        name, sign, value = pair.partition("=")
        if not sign or name not in known:
            raise ValueError(f"{pair!r}: give {', '.join(f'{item}=' for item in known)}")
        values[name] = number_of(value) if name in ("lowest", "highest") else value
    return OpinionColumns(**values)


@app.command()
def regions(
    annotations: Annotated[Path, typer.Argument(help="COCO-like JSON with labels")],
    images: Annotated[Path, typer.Argument(help="folder of the photos")],
    target: Target,
) -> None:
    """Labelled regions of photos in COCO's form."""
    _write(
        annotations,
        target,
        lambda left_out: convert_regions(annotations, images, _place(target), left_out),
    )


@app.command("seagull-100w")
def seagull_100w(
    root: Annotated[Path, typer.Argument(help="folder with Dist.Images and Labels")],
    target: Target,
    renamed: Annotated[
        list[str] | None, typer.Argument(help="our_field=name_in_file where they differ")
    ] = None,
    name: Annotated[str, typer.Option(help="prefix of the label files")] = "SEAGULL-100w",
) -> None:
    """The published SEAGULL-100w tree (its label JSON is streamed, of any size)."""
    pairs = dict(field.partition("=")[::2] for field in renamed or [])
    rois, scores = root / rois_path(name), root / scores_path(name)
    settings = OutputTree(root).settings()
    if not settings.is_file():
        note = f"there is no {settings}, so quality is taken as it stands, and not as raw scores"
        typer.echo(note, err=True)
    _write(
        scores,
        target,
        lambda left_out: convert_published(root, rois, scores, _place(target), pairs, left_out),
    )


def _place(target: Path) -> Path:
    """The file that photos are named relative to; for a stream, one in the current folder."""
    return Path("-") if is_stream(target) else target


def _write(
    source: Path, target: Path, make: Callable[[LeftOut], Iterable[InstructionRecord]]
) -> None:
    """Writes the records whole or not at all; what was left out is said at the end."""
    left_out = LeftOut()
    try:
        if not source.exists():
            raise ValueError(f"there is no {source}")
        count = _write_whole(source, target, make(left_out), left_out)
    except BrokenPipeError:  # main sees to a closed stdout
        raise
    except (ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_FAULT) from None
    typer.echo(f"{count} records in {target}", err=leads_to_stdout(target))
    _say_left_out(source, left_out)
    if left_out.faults:
        raise typer.Exit(EXIT_HOLES)


def _write_whole(
    source: Path, target: Path, records: Iterable[InstructionRecord], left_out: LeftOut
) -> int:
    """A file appears under its name when it is whole; stdout and pipes are written as they are."""
    if is_stream(target):
        return _counted(source, write_records(target, records), left_out)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(target.name + ".part")
    try:
        count = _counted(source, write_records(scratch, records), left_out)
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
    return count


def _counted(source: Path, count: int, left_out: LeftOut) -> int:
    if not count:
        notes = "; ".join(left_out.notes())
        raise ValueError(f"{source}: there is no record in it{notes and f': {notes}'}")
    return count


def _say_left_out(source: Path, left_out: LeftOut) -> None:
    for note in left_out.notes():
        typer.echo(f"{source}: {note}", err=True)
