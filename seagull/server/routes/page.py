"""The page at ``/``, and the files it is made of."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from seagull.server.errors import ApiError

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parents[1] / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}
# Everything comes from this server; nothing may be put into the page, nor the page into another.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    # Kept, but asked about each time: a new version of the page is seen at once.
    "cache-control": "no-cache",
}


@cache
def page_files() -> dict[str, Path]:
    """The page's files by their place below it, such as ``scripts/app.js``."""
    return {
        path.relative_to(FOLDER).as_posix(): path
        for path in FOLDER.rglob("*")
        if path.suffix in _TYPES
    }


@router.get("/")
async def page() -> FileResponse:
    """The page."""
    return _file("index.html")


@router.get("/page/{place:path}")
async def page_file(place: str) -> FileResponse:
    """A file of the page."""
    return _file(place)


def _file(place: str) -> FileResponse:
    path = page_files().get(place)
    if path is None:
        raise ApiError(404, f"there is no file {place:.80} here")
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=_HEADERS)
