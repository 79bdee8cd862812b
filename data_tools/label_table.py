"""The label table: one row per ROI and cell, as Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data_tools.distort.setting import DistortionSetting
from data_tools.labels import RoiLabels

SCHEMA = pa.schema(
    [
        ("id", pa.dictionary(pa.int32(), pa.string())),
        ("roi", pa.dictionary(pa.int32(), pa.string())),
        ("type", pa.dictionary(pa.int32(), pa.string())),
        ("k", pa.int8()),
        ("kind", pa.dictionary(pa.int32(), pa.string())),
        ("direction", pa.dictionary(pa.int32(), pa.string())),
        ("parameter", pa.float64()),
        ("severity", pa.dictionary(pa.int32(), pa.string())),
        ("quality", pa.float32()),
        ("importance_raw", pa.float32()),
        ("image_quality", pa.float32()),
        ("metric", pa.dictionary(pa.int32(), pa.string())),
    ]
)
"""Sorted by id, roi, type, k. ``quality``: metric of the ROI's crop; ``importance_raw``: metric of
the reference with only this ROI distorted; ``image_quality``: of the whole image; ``metric``: id
and version of what gave them."""


def labels_path(image_id: str) -> str:
    """Where a reference's label rows lie until they are packed."""
    return f"_work/labels/{image_id}.parquet"


class LabelTable:
    """Collects the labels of one reference.

    Args:
        image_id: the reference.
        rois: ids of its regions, in the order of the labels.
    """

    def __init__(self, image_id: str, rois: Sequence[str]) -> None:
        self.image_id = image_id
        self.rois = list(rois)
        self._cells: list[tuple[DistortionSetting, RoiLabels, float]] = []

    def add(self, setting: DistortionSetting, labels: RoiLabels, image_quality: float) -> None:
        """Adds the labels of one cell."""
        self._cells.append((setting, labels, image_quality))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self._cells) * len(self.rois)

    def to_parquet(self) -> bytes:
        """The table as a Parquet file; the same labels give the same bytes."""
        cells = sorted(self._cells, key=lambda cell: (cell[0].type.value, cell[0].k))
        count, settings = len(self.rois), [setting for setting, _, _ in cells]
        by_roi = {
            "quality": np.stack([labels.quality for _, labels, _ in cells], axis=1),
            "importance_raw": np.stack([labels.importance_raw for _, labels, _ in cells], axis=1),
        }
        columns: dict[str, Any] = {
            "id": [self.image_id] * self.rows,
            "roi": [roi for roi in self.rois for _ in cells],
            "type": [setting.type.value for setting in settings] * count,
            "image_quality": np.asarray([image for _, _, image in cells] * count, np.float32),
            "metric": [f"{labels.metric}-{labels.version}" for _, labels, _ in cells] * count,
        }
        for name in ("k", "kind", "direction", "parameter", "severity"):
            columns[name] = [getattr(setting, name) for setting in settings] * count
        for name, values in by_roi.items():
            columns[name] = values.astype(np.float32).ravel()
        arrays = [
            pa.array(columns[field.name], type=pa.string()).dictionary_encode()
            if pa.types.is_dictionary(field.type)
            else pa.array(columns[field.name], type=field.type)
            for field in SCHEMA
        ]
        return table_bytes(pa.Table.from_arrays(arrays, schema=SCHEMA))


def table_bytes(table: pa.Table) -> bytes:
    """A table as zstd-compressed Parquet."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def read_labels(path: Path, columns: Sequence[str] | None = None) -> dict[str, list[Any]]:
    """The columns of a label file as plain lists."""
    table = pq.read_table(path, columns=list(columns) if columns else None)
    found: dict[str, list[Any]] = table.to_pydict()
    return found


def iter_label_batches(paths: Iterator[Path], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Tables of several label files, one at a time in memory."""
    for path in paths:
        yield pq.read_table(path, columns=list(columns))
