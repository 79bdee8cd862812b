"""The ``download`` and ``convert`` commands."""

from __future__ import annotations

import re
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


def missing_shards(folder: Path) -> list[str]:
    """Names of weight files ``NAME-00002-of-00003.ENDING`` of which only others are there."""
    names = {path.name for path in folder.iterdir()}
    sets = {
        (found[1], int(found[2]), found[3])
        for found in (re.fullmatch(r"(.+)-\d{5}-of-(\d{5})(\.\w+)", name) for name in names)
        if found
    }
    wanted = [
        f"{stem}-{number:05d}-of-{count:05d}{ending}"
        for stem, count, ending in sorted(sets)
        for number in range(1, count + 1)
    ]
    return [name for name in wanted if name not in names]


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
    if missing := missing_shards(reference):
        raise ValueError(
            f"{reference}: {len(missing)} of its weight files are missing ({missing[0]}"
            f"{' ...' if missing[1:] else ''}); copy or download them"
        )
    services.convert(reference, out, vision)
    typer.echo(out)
