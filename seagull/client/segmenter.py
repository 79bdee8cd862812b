"""The server's segmenter, for code that makes regions with a local one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from seagull.client.models import ServedModel
from seagull.photos import Photo
from seagull.regions.everything import Candidate, Selection
from seagull.regions.segmenter import Point
from seagull.types import Box, Region

UNNAMED = "server"
"""Stands for a segmenter whose name the server has not said yet."""


class Server(Protocol):
    """The part of a client that is used here."""

    @property
    def served(self) -> ServedModel:
        """What the server says of its model."""
        ...

    def segment(self, image: Photo, points: Sequence[Point], box: Box | None) -> Region:
        """The region that points or a box mean."""
        ...

    def regions(self, image: Photo, *, limit: int) -> list[Region]:
        """The automatic regions, best first."""
        ...


class RemoteSegmenter:
    """See ``seagull.regions.segmenter.Segmenter``.

    Args:
        server: that is asked.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._name: str | None = None

    @property
    def name(self) -> str:
        """The name that the server gives it, as far as it is known."""
        return self._name or self._server.served.segmenter or UNNAMED

    @property
    def notice(self) -> str | None:
        """None: which segmenter a server has is its operator's choice."""
        return None

    def open(self, photo: Photo) -> _RemotePhoto:
        """The segmenter with this photo set; it is sent when it is first asked about."""
        return _RemotePhoto(self, photo)

    def segment(self, photo: Photo, points: Sequence[Point], box: Box | None) -> Candidate:
        """The region meant by points or a box."""
        return self._candidate(self._server.segment(photo, points, box))

    def everything(self, photo: Photo, limit: int) -> list[Candidate]:
        """At most so many automatic regions, best first."""
        found = self._server.regions(photo, limit=limit)
        return [self._candidate(region) for region in found]

    def _candidate(self, region: Region) -> Candidate:
        self._name = region.segmenter or self._name
        return Candidate(region.mask, 0.0 if region.confidence is None else region.confidence)


class _RemotePhoto:
    def __init__(self, segmenter: RemoteSegmenter, photo: Photo) -> None:
        self._segmenter = segmenter
        self._photo = photo

    def segment(self, points: Sequence[Point], box: Box | None = None) -> Candidate:
        """See ``PhotoSegmenter``."""
        return self._segmenter.segment(self._photo, points, box)

    def everything(self, selection: Selection) -> list[Candidate]:
        """See ``PhotoSegmenter``; of the selection, the server takes the number."""
        return self._segmenter.everything(self._photo, selection.limit)
