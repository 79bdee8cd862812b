"""SEAGULL-100w's label files: written beside our tree, and read, streaming, from the published one.

The published tree's folders and file names are known; the names of the fields inside its JSONs are
not (no public page shows them), so both ways go through a map of names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import ijson

from seagull.files.text import open_marked, to_json

FIELDS: Mapping[str, str] = {
    "image": "image",
    "roi": "roi_id",
    "quality": "quality",
    "importance": "importance",
    "type": "distortion_type",
    "k": "distortion_parameter",
    "severity": "severity",
    "id": "image_id",
    "size": "size",
    "counts": "counts",
    "box": "bbox",
    "area": "area",
}
"""Our name of a field to its name in the file, where no configuration says otherwise."""


def rois_path(name: str) -> str:
    """The file of masks."""
    return f"Labels/{name}_mask-based-rois.json"


def scores_path(name: str) -> str:
    """The file of scores."""
    return f"Labels/{name}_scores.json"


def fast_view(path: str) -> str:
    """The small sample beside a large file."""
    return path.removesuffix(".json") + "_fast-view.json"


def renamed(row: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """A row of our names under the file's names."""
    names = {**FIELDS, **fields}
    return {names[key]: value for key, value in row.items()}


def write_array(path: Path, rows: Iterable[Mapping[str, Any]], sample: Path, limit: int) -> int:
    """Streams rows into a JSON array, the first ``limit`` into a second; the number of rows."""
    count = 0
    few: list[Mapping[str, Any]] = []
    with path.open("w", encoding="utf-8") as out:
        out.write("[")
        for row in rows:
            out.write(("" if count == 0 else ",") + "\n" + to_json(row))
            if count < limit:
                few.append(row)
            count += 1
        out.write("\n]\n")
    sample.write_text(to_json(few, indent=1) + "\n", encoding="utf-8")
    return count


def iter_rows(path: Path, fields: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a label JSON of any size under our names, one in memory at a time.

    Reads an array of objects, or an object of objects (the outer key becomes ``image`` where the
    inner object does not have it, and inner objects of objects become one row a region).

    Args:
        path: of the JSON.
        fields: our name to the file's name, where it differs from `FIELDS`.

    Raises:
        ValueError: if the file is not such a JSON.
    """
    names = {theirs: ours for ours, theirs in {**FIELDS, **(fields or {})}.items()}
    try:
        with open_marked(path) as handle:
            begin = handle.tell()
            first = handle.read(64).lstrip()[:1]
            handle.seek(begin)
            if first == b"[":
                for row in ijson.items(handle, "item", use_float=True):
                    yield _ours(row, names, path)
                return
            for key, value in ijson.kvitems(handle, "", use_float=True):
                yield from _from_mapping(key, value, names, path)
    except ijson.JSONError as error:
        raise ValueError(f"{path} is not whole JSON: {error}") from error


def _from_mapping(
    key: str, value: Any, names: Mapping[str, str], path: Path
) -> Iterator[dict[str, Any]]:
    rows = value if isinstance(value, list) else [value]
    if isinstance(value, dict) and value and all(isinstance(v, dict) for v in value.values()):
        rows = [{"roi": roi, **inner} for roi, inner in value.items()]
    for row in rows:
        yield {"image": key, **_ours(row, names, path)}


def _ours(row: Any, names: Mapping[str, str], path: Path) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ValueError(
            f"{path}: a row is an object, got {type(row).__name__}; the file has another layout "
            "than an array of rows or images with rows"
        )
    return {names.get(key, key): value for key, value in row.items()}
