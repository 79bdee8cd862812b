"""The server's segmenter, for code that makes regions with a local one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seagull.photos import Photo
from seagull.regions.everything import Candidate, Selection
from seagull.regions.segmenter import Point
from seagull.types import Box, Region

if TYPE_CHECKING:
    from seagull.client.client import SeagullClient

UNNAMED = "server"


class RemoteSegmenter:
    """See ``seagull.regions.segmenter.Segmenter``.

    Args:
        client: of the server.
    """

    def __init__(self, client: SeagullClient) -> None:
        self._client = client

    @property
    def name(self) -> str:
        """The name that the server gives it."""
        return self._client.served.segmenter or UNNAMED

    @property
    def notice(self) -> str | None:
        """None: which segmenter a server has is its operator's choice."""
        return None

    def open(self, photo: Photo) -> _RemotePhoto:
        """The segmenter with this photo set; it is sent when it is first asked about."""
        return _RemotePhoto(self._client, photo)


class _RemotePhoto:
    def __init__(self, client: SeagullClient, photo: Photo) -> None:
        self._client = client
        self._photo = photo

    def segment(self, points: Sequence[Point], box: Box | None = None) -> Candidate:
        """See ``PhotoSegmenter``."""
        return _candidate(self._client.segment(self._photo, points, box))

    def everything(self, selection: Selection) -> list[Candidate]:
        """See ``PhotoSegmenter``; of the selection, the server takes the number."""
        found = self._client.regions(self._photo, limit=selection.limit)
        return [_candidate(region) for region in found]


def _candidate(region: Region) -> Candidate:
    return Candidate(region.mask, 0.0 if region.confidence is None else region.confidence)
