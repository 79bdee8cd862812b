"""Pictures of results: where they go, and what each of them says it was drawn from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from seagull.cli.errors import NO_ROOM, reason_of
from seagull.files.replacing import replacing
from seagull.photos import Photo, PhotoError, read_photo
from seagull.reports.json import report_to_json
from seagull.types import QualityReport

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
_DRAWN_FROM = "seagull:drawn-from"


class Pictures:
    """Draws reports of photos.

    Args:
        kind: ``overlay`` or ``heatmap``.
        target: the picture's file, or the folder of pictures.
        root: names of pictures in a folder start from it.
        several: whether more than one report may come.
    """

    def __init__(self, kind: str, target: Path, root: Path, several: bool) -> None:
        self.kind = kind
        self._target, self._root = target, root
        self._folder = is_folder(target, several)

    def add(self, report: QualityReport, photo: Photo | None, path: Path) -> None:
        """Draws a report; for one of an earlier run (no ``photo``), unless its picture is there.

        Raises:
            OSError: if the picture cannot be written.
            PhotoError: if the photo of an earlier run's report cannot be read any more.
        """
        target = self._target
        if self._folder:
            target = picture_path(target, path, self._root, self.kind)
        source = f"{self.kind} {report_to_json(report)}"
        if photo is None and is_drawn_from(target, source):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        write_picture(self._draw(report, photo or read_photo(path)), target, source)

    def _draw(self, report: QualityReport, photo: Photo) -> Image.Image:
        from seagull.reports.overlay import draw_heatmap, draw_overlay

        draw = draw_overlay if self.kind == "overlay" else draw_heatmap
        return draw(photo.pixels, report)


def is_folder(target: Path, several: bool) -> bool:
    """Whether a path given for pictures means a folder of them."""
    return several or not target.suffix or target.is_dir()


def common_folder(photos: Sequence[Path]) -> Path:
    """The deepest folder that holds all photos; names of pictures start from it."""
    # abspath takes out "..", by which a picture would leave its folder.
    return Path(os.path.commonpath([os.path.abspath(photo.parent) for photo in photos]))  # noqa: PTH100


def picture_path(folder: Path, photo: Path, root: Path, kind: str) -> Path:
    """Where a photo's picture goes in a folder of pictures."""
    return folder / f"{os.path.relpath(photo, root)}.{kind}.png"


def write_picture(picture: Image.Image, target: Path, source: str) -> None:
    """Writes a picture; a PNG file says what it was drawn from.

    Args:
        picture: to be written.
        target: its file.
        source: all that it shows, see ``is_drawn_from``.

    Raises:
        OSError: if it cannot be written.
    """
    info = PngInfo()
    info.add_text(_DRAWN_FROM, _digest(source))
    with replacing(target) as partial:
        picture.save(partial, quality=92, pnginfo=info)


def is_drawn_from(target: Path, source: str) -> bool:
    """Whether there is a picture that says it was drawn from this source.

    Raises:
        OSError: if no file can have this path.
    """
    if not target.is_file():
        return False
    try:
        with Image.open(target) as picture:
            return picture.info.get(_DRAWN_FROM) == _digest(source)
    except (OSError, ValueError, Image.DecompressionBombError):  # some other file
        return False


@contextmanager
def failing_alone(photo: Path, what: str, wrong: list[str]) -> Iterator[None]:
    """Adds a line to ``wrong`` if a file about one photo cannot be written.

    Raises:
        OSError: if the disk is full or the output's reader has gone, which ends a run.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, PhotoError) as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise
        wrong.append(f"{photo}: its {what} is not written: {reason_of(error)}")


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()
