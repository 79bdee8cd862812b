"""Rows of Parquet and Arrow files one at a time, without holding more than a few row groups."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial, reduce
from itertools import accumulate, repeat
from pathlib import Path
from typing import Any

TABLES = (".parquet", ".arrow")
"""Endings of files of rows; ``.arrow`` is Arrow's IPC format, as Hugging Face datasets keep it."""
MAX_GROUP_BYTES = 2 << 30
"""Largest Parquet row group that is read for one row, uncompressed."""
_ROWS_AT_ONCE = 16
"""Rows with pictures that are held at once."""
KEPT_BYTES = 256 << 20
"""Row groups read last that are kept, in each process."""


class RowTableError(ValueError):
    """A table that cannot be used; the message says which, why, and what to do."""


@dataclass(frozen=True, eq=False)
class RowTable:
    """An opened table.

    Attributes:
        path: of the file.
        names: of its columns.
        starts: number of the first row of each group, and the number of rows at the end.
        group: reads columns of a group, as a pyarrow table.
        pictures: columns that hold bytes or objects rather than texts and numbers.
        batches: reads columns of all rows, so many at once, as pyarrow record batches.
        is_full: whether the file says that no cell of a column is empty.
    """

    path: Path
    names: tuple[str, ...]
    starts: tuple[int, ...]
    group: Callable[[int, Sequence[str]], Any]
    pictures: frozenset[str]
    batches: Callable[[Sequence[str], int], Iterator[Any]]
    is_full: Callable[[str], bool]

    @property
    def embeds_images(self) -> bool:
        """Whether the column ``image`` holds pictures rather than paths."""
        return "image" in self.pictures

    def __len__(self) -> int:
        return self.starts[-1]

    def row(self, number: int, columns: Sequence[str]) -> dict[str, Any]:
        """These cells of a row.

        Raises:
            RowTableError: if there is no such row or column.
        """
        if missing := sorted(set(columns) - set(self.names)):
            raise RowTableError(f"{self.path}: it has no column `{missing[0]}`")
        if not 0 <= number < len(self):
            raise RowTableError(f"{self.path}: there is no row {number}, the table has {len(self)}")
        which = bisect_right(self.starts, number) - 1
        found = self.group(which, columns)
        place = number - self.starts[which]
        return {name: found.column(name)[place].as_py() for name in columns}

    def filled(self, column: str) -> Iterator[bool]:
        """Whether each row has something in a column of pictures, which are not kept.

        Raises:
            RowTableError: if the table is damaged.
        """
        import pyarrow as pa

        if self.is_full(column):
            yield from repeat(True, len(self))
            return
        try:
            for batch in self.batches([column], _ROWS_AT_ONCE):
                yield from _is_filled(batch.column(0)).to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise RowTableError(f"{self.path}: damaged: {error}") from error

    def rows(self, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """These cells of all rows in turn, without holding more than a few of them.

        Raises:
            RowTableError: if the table is damaged.
        """
        import pyarrow as pa

        size = _ROWS_AT_ONCE if self.pictures & set(columns) else 65536
        try:
            for batch in self.batches(columns, size):
                if not columns:
                    yield from ({} for _ in range(batch.num_rows))
                yield from batch.to_pylist() if columns else ()
        except (pa.ArrowException, OSError) as error:
            raise RowTableError(f"{self.path}: damaged: {error}") from error


def open_table(path: Path) -> RowTable:
    """The opened table of a ``.parquet`` or ``.arrow`` file; recently used ones stay open.

    Raises:
        RowTableError: if there is no such file, it is damaged, or pyarrow is not installed.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise RowTableError(f"{path}: there is no such table; check the path") from error
    return _open(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _open(path: Path, size: int, changed: int) -> RowTable:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise RowTableError(f'{path}: tables need pyarrow: pip install "seagull-iqa[data]"') from (
            error
        )
    try:
        return _parquet(path) if path.suffix == ".parquet" else _arrow(path)
    except (pa.ArrowException, OSError) as error:
        kind = "Parquet" if path.suffix == ".parquet" else "Arrow"
        raise RowTableError(f"{path}: not {kind}, or damaged: {error}") from error


def _parquet(path: Path) -> RowTable:
    import pyarrow.parquet as pq

    # The maps of a file are shared by all processes of a machine, and survive a fork.
    file = pq.ParquetFile(path, memory_map=True)
    counts = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]

    def group(number: int, columns: Sequence[str]) -> Any:
        def read() -> Any:
            size = file.metadata.row_group(number).total_byte_size
            if size > MAX_GROUP_BYTES:
                raise RowTableError(
                    f"{path}: a row group of {size / 1e9:.1f} GB; write the table with smaller "
                    "ones (row_group_size=100), each read takes in a whole one"
                )
            return file.read_row_group(number, columns=list(columns), use_threads=False)

        return _groups.get((file, number, tuple(columns)), read)

    schema = file.schema_arrow

    def batches(columns: Sequence[str], size: int) -> Iterator[Any]:
        yield from file.iter_batches(batch_size=size, columns=list(columns))

    names, pictures = tuple(schema.names), _pictures(schema)
    full = partial(_says_full, file.metadata)
    return RowTable(path, names, _starts(counts), group, pictures, batches, full)


def _arrow(path: Path) -> RowTable:
    import pyarrow as pa

    with path.open("rb") as stream:
        is_file = stream.read(6) == b"ARROW1"
    source = pa.memory_map(str(path))
    table = (pa.ipc.open_file if is_file else pa.ipc.open_stream)(source).read_all()
    table.validate()

    # Cells lie in the map: only those that are asked for are read from the disk.
    def group(number: int, columns: Sequence[str]) -> Any:
        return table

    def batches(columns: Sequence[str], size: int) -> Iterator[Any]:
        yield from table.select(list(columns)).to_batches(max_chunksize=size)

    names = tuple(table.schema.names)
    starts, pictures = (0, len(table)), _pictures(table.schema)
    # Which cells are empty lies beside them in the map: that is read without them.
    return RowTable(path, names, starts, group, pictures, batches, lambda column: False)


def _says_full(metadata: Any, column: str) -> bool:
    """Whether a Parquet file counts no empty cell of a column, or none without bytes."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
    chunks = [one for one in chunks if one.path_in_schema in (column, f"{column}.bytes")]
    known = (one.statistics for one in chunks)
    return bool(chunks) and all(
        one is not None and one.has_null_count and one.null_count == 0 for one in known
    )


def _is_filled(cells: Any) -> Any:
    """Where a pyarrow array of bytes, or of objects with ``bytes`` or a ``path``, holds some."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_struct(cells.type):
        return cells.is_valid()
    inner = [field.name for field in cells.type if field.name in ("bytes", "path")]
    valid = [pc.struct_field(cells, name).is_valid() for name in inner]
    return reduce(pc.or_, valid) if valid else cells.is_valid()


def _starts(counts: Sequence[int]) -> tuple[int, ...]:
    return tuple(accumulate(counts, initial=0))


def _pictures(schema: Any) -> frozenset[str]:
    import pyarrow as pa

    plain = (
        pa.types.is_string, pa.types.is_large_string, pa.types.is_boolean, pa.types.is_integer,
        pa.types.is_floating, pa.types.is_decimal, pa.types.is_null,
    )  # fmt: skip
    kinds = {field.name: field.type for field in schema}
    kinds = {k: t.value_type if pa.types.is_dictionary(t) else t for k, t in kinds.items()}
    return frozenset(k for k, kind in kinds.items() if not any(is_one(kind) for is_one in plain))


class _Groups:
    """What was read last, up to a number of bytes (one row group at least)."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    def get(self, key: tuple[Any, ...], read: Callable[[], Any]) -> Any:
        if (found := self._kept.pop(key, None)) is None:
            found = read()
            self._held += found.nbytes
        self._kept[key] = found
        while self._held > self._most and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._held -= dropped.nbytes
        return found


_groups = _Groups(KEPT_BYTES)
