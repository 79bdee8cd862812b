"""Tells where validation looks at photos that are trained on."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seagull.records.files import FaultyRecord, each_record
from seagull.records.sources import RecordFile, source_files
from seagull.training.config import Source
from seagull.training.data.index_cache import load_index
from seagull.training.data.records import RecordIndex, photo_mark

logger = logging.getLogger(__name__)


def warn_of_shared_photos(
    index: RecordIndex, validation: Sequence[Source], *, checked: bool = False
) -> None:
    """Warns if photos of validation are trained on; they are told by their paths.

    Args:
        index: of the records that are trained on.
        validation: sources that are assessed during training.
        checked: whether records that cannot be used are left out.
    """
    files = [file for source in validation for file in source_files(source.path, source.split)]
    if not files:
        return
    photos = np.unique(np.concatenate([_photos(file, checked) for file in files]))
    if shared := int(np.isin(photos, index.photos).sum()):
        logger.warning(
            "data.validation: %d of its %d photos are trained on, too; what it measures does not "
            "hold for photos that were not",
            shared, len(photos),
        )  # fmt: skip


def _photos(file: RecordFile, checked: bool) -> NDArray[np.int64]:
    """Marks of the photos of a file's records, which are not looked at."""
    if (kept := load_index(file, checked=checked)) is not None:
        return kept.image
    marks = array("q")
    for _, record in each_record(file.path):
        if not isinstance(record, FaultyRecord):
            marks.append(photo_mark(file, record.image))
    return np.array(marks, dtype=np.int64)
