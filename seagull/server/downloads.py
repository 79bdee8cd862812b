"""Better segmenters: which can be downloaded, and downloads that a person started on the page."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from typing import Literal

from seagull.files.download import DOWNLOADS, Download, DownloadError, cached, download
from seagull.regions.load import load_segmenter
from seagull.server.segmenting import KeptSegmenter, Segmenting

logger = logging.getLogger(__name__)

State = Literal["absent", "running", "ready", "failed"]


@dataclass(frozen=True)
class Progress:
    """How far a download is.

    Args:
        state: ``absent`` before it is asked for.
        received: bytes that are there.
        message: why it failed.
    """

    state: State = "absent"
    received: int = 0
    message: str | None = None


class Downloads:
    """Fetches segmenters, one at a time, and puts the fetched one in place of the one in use.

    Args:
        segmenting: whose segmenter is replaced.
        device: where the network runs, in torch's words.
    """

    def __init__(self, segmenting: Segmenting, device: str) -> None:
        self._segmenting = segmenting
        self._device = device
        self._lock = threading.Lock()
        self._progress: dict[str, Progress] = {}

    @property
    def offered(self) -> list[Download]:
        """The segmenters of ``seagull download``, smallest first."""
        return sorted(DOWNLOADS.values(), key=lambda entry: entry.size)

    def progress(self, entry: Download) -> Progress:
        """How far the download of a segmenter is."""
        known = self._progress.get(entry.name)
        if known is not None and known.state != "absent":
            return known
        return Progress("ready", entry.size) if cached(entry.name) else Progress()

    def start(self, entry: Download) -> bool:
        """Begins to fetch a segmenter, unless one is being fetched; whether it was begun."""
        with self._lock:
            if any(progress.state == "running" for progress in self._progress.values()):
                return False
            self._progress[entry.name] = Progress("running")
        # A daemon: the server may end before it; what was fetched is gone on with next time.
        threading.Thread(
            target=self._fetch, args=(entry,), name="seagull-download", daemon=True
        ).start()
        return True

    def _fetch(self, entry: Download) -> None:
        try:
            download(entry.name, lambda received, _: self._note(entry, received=received))
            segmenter = load_segmenter(entry.name, self._device)
        except (DownloadError, ValueError, OSError) as error:
            logger.warning("%s: %s", entry.name, error)
            self._note(entry, state="failed", message=str(error))
            return
        self._segmenting.segmenter = KeptSegmenter(lambda: segmenter)
        self._note(entry, state="ready", received=entry.size)

    def _note(self, entry: Download, **changed: object) -> None:
        self._progress[entry.name] = replace(self._progress[entry.name], **changed)  # type: ignore[arg-type]
