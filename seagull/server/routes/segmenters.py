"""Who finds the regions, and how to get a better one."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from seagull.files.download import Download
from seagull.regions.classical import ClassicalSegmenter
from seagull.server.downloads import Downloads, State
from seagull.server.errors import ApiError, busy, error_responses
from seagull.server.service import Service, service_of

router = APIRouter(prefix="/v1/segmenters", tags=["regions"], responses=error_responses())


class DownloadObject(BaseModel):
    """A segmenter that can be downloaded."""

    name: str
    about: str = Field(description="What it is, whose, and its licence.")
    bytes: int
    state: State
    received: int = Field(description="Bytes that are there.")
    message: str | None = Field(description="Why it failed.")


class SegmenterObject(BaseModel):
    """The segmenter in use, and those that can be had."""

    name: str
    has_weights: bool = Field(description="False: it follows colours and edges, not objects.")
    can_download: bool = Field(description="Whether this server lets clients start a download.")
    downloads: list[DownloadObject]


def downloads_of(request: Request) -> Downloads:
    """The downloads of the server that a request is for."""
    return cast(Downloads, request.app.state.downloads)


@router.get("")
async def segmenters(
    service: Annotated[Service, Depends(service_of)],
    downloads: Annotated[Downloads, Depends(downloads_of)],
) -> SegmenterObject:
    """The segmenter in use, and how far downloads of better ones are."""
    name = await run_in_threadpool(lambda: service.segmenting.segmenter.name)
    return SegmenterObject(
        name=name,
        has_weights=name != ClassicalSegmenter().name,
        can_download=_may_fetch(service),
        downloads=[_entry(downloads, offered) for offered in downloads.offered],
    )


@router.post("/{name}", status_code=202)
async def fetch_segmenter(
    name: Annotated[str, Path(max_length=64)],
    service: Annotated[Service, Depends(service_of)],
    downloads: Annotated[Downloads, Depends(downloads_of)],
) -> DownloadObject:
    """Begins to download a segmenter, which is used as soon as it is whole.

    Only a server that this machine alone reaches does it: what is fetched is kept in the cache of
    the user who started it.
    """
    entry = next((known for known in downloads.offered if known.name == name), None)
    if entry is None:
        offered = ", ".join(known.name for known in downloads.offered)
        raise ApiError(404, f"there is no segmenter {name:.64}; there are {offered}")
    if not _may_fetch(service):
        raise ApiError(
            403,
            f"this server downloads nothing for clients; run `seagull download {name}` where it "
            "runs, and start it again",
        )
    if downloads.progress(entry).state != "ready" and not downloads.start(entry):
        raise busy("another segmenter is being downloaded")
    return _entry(downloads, entry)


def _may_fetch(service: Service) -> bool:
    """Keys mean other users: a proxy may have led them to a loopback address."""
    return service.settings.is_local and not service.settings.keys


def _entry(downloads: Downloads, offered: Download) -> DownloadObject:
    progress = downloads.progress(offered)
    return DownloadObject(
        name=offered.name,
        about=offered.about,
        bytes=offered.size,
        state=progress.state,
        received=progress.received,
        message=progress.message,
    )
