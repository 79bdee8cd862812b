"""The ``download`` and ``convert`` commands."""

from __future__ import annotations

from pathlib import Path

import typer

from seagull.cli.errors import complain
from seagull.cli.names import unknown_name
from seagull.cli.progress import LateBar
from seagull.cli.services import Services


def run_download(name: str | None, services: Services) -> None:
    """Fetches one thing and prints where it is; without a name, prints the names.

    Raises:
        ValueError: if the name is unknown or the download fails.
    """
    known = services.downloads()
    if name is None:
        for known_name, about in known.items():
            typer.echo(f"{known_name:<12} {about}")
        return
    if name not in known:
        raise unknown_name("download", name, list(known))
    with LateBar(name, None, count_bytes=True) as bar:
        where = services.download(name, bar.at, complain)
    typer.echo(where)


def run_convert(reference: Path, out: Path, vision: Path | None, services: Services) -> None:
    """Converts the released checkpoint and prints where the result is.

    Raises:
        ValueError: if a path cannot be used or keys are missing or left over.
    """
    if not reference.is_dir():
        raise ValueError(f"{reference}: not a folder; give the folder of the released checkpoint")
    if vision is not None and not vision.is_file():
        raise ValueError(f"{vision}: there is no such file; --vision takes the tower's weights")
    if out.exists():
        raise ValueError(f"{out}: it exists already; name a new folder, nothing is overwritten")
    services.convert(reference, out, vision)
    typer.echo(out)
