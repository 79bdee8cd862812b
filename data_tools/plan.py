"""The plan: which photos, under which ids, in which shards. Written once, then only appended to."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from data_tools.config import DataConfig
from data_tools.sources import Inspection, inspect
from data_tools.state import OutputTree, digest_of, read_json
from seagull.files.text import to_json
from seagull.photos.lists import Listing, left_out_text, listed

logger = logging.getLogger(__name__)

BYTES_PER_PIXEL = 1.75
"""Size of a distorted PNG (measured, docs/data.md); only the plan's estimate uses it."""


@dataclass(frozen=True)
class PlannedPhoto:
    """One photo that becomes a reference; never changed once planned."""

    id: str
    path: str
    digest: str
    width: int
    height: int
    kind: str


@dataclass(frozen=True)
class PlanSummary:
    """What the plan holds, for people."""

    photos: int
    shards: int
    rejected: dict[str, int]
    images: int
    bytes: int
    added: int
    cost: str
    left_out: str = ""


class PlanError(ValueError):
    """The photos cannot be planned."""


def read_shard(tree: OutputTree, shard: int) -> list[PlannedPhoto]:
    """The photos of one shard."""
    lines = tree.plan_shard(shard).read_text(encoding="utf-8").splitlines()
    return [PlannedPhoto(**json.loads(line)) for line in lines]


def read_plan(tree: OutputTree) -> dict[str, Any]:
    """The head of the plan: ``shards`` (photos of each), ``rejected``.

    Raises:
        PlanError: if nothing has been planned here.
    """
    head = read_json(tree.plan())
    if head is None:
        raise PlanError(
            f"nothing is planned in {tree.root}; run `seagull-data run` or `plan` first"
        )
    return head


def all_paths(tree: OutputTree) -> Iterator[str]:
    """Paths of all photos below the input folder, those that were rejected included."""
    head = read_plan(tree)
    for shard in range(len(head["shards"])):
        yield from (photo.path for photo in read_shard(tree, shard))
    yield from (row["path"] for row in head["rejected"])


def make_plan(tree: OutputTree, config: DataConfig) -> PlanSummary:
    """Looks at every photo of the input folder and appends shards for the new ones.

    Raises:
        PlanError: if the input is no folder, holds no usable photo, or a planned photo changed.
    """
    root = Path(config.input)
    if not config.input or not root.is_dir():
        raise PlanError(
            f"input must be a folder of photos, got {config.input!r}; give input=PHOTOS"
        )
    seen = _Inspections(tree.inspected())
    there = listed(root, skip=Path(config.output))
    seen.add_all(root, _relative_paths(root, there, config), config)
    known = _KnownPhotos(tree)
    added, rejected = known.sort_out(seen)
    head = read_json(tree.plan()) or {"shards": [], "pixels": 0}
    shards: list[int] = head["shards"]
    for start in range(0, len(added), config.plan.shard_size):
        group = added[start : start + config.plan.shard_size]
        text = "".join(to_json(asdict(photo)) + "\n" for photo in group)
        path = tree.plan_shard(len(shards)).relative_to(tree.root)
        tree.write(str(path), text.encode(), flush=True)
        shards.append(len(group))
    head["pixels"] += sum(_output_pixels(photo, config.reference.long_side) for photo in added)
    head.update(shards=shards, rejected=rejected, input=str(root.resolve()))
    if not shards:
        raise PlanError(_nothing_usable(root, rejected, left_out_text(there.left_out)))
    tree.write_json(tree.plan(), head)
    cells = len(config.distort.types) * len(config.distort.levels)
    return PlanSummary(
        photos=sum(shards),
        shards=len(shards),
        rejected=dict(Counter(_kind_of_reason(row["reason"]) for row in rejected)),
        images=sum(shards) * cells,
        bytes=int(head["pixels"] * (cells + 1) * BYTES_PER_PIXEL),
        added=len(added),
        cost=_cost(config, sum(shards) * cells, head["pixels"] // sum(shards)),
        left_out=left_out_text(there.left_out),
    )


def _cost(config: DataConfig, images: int, pixels: int) -> str:
    """The labeller's own estimate, for regions up to their limit."""
    from data_tools.render import load_labeller

    regions = config.masks.max_objects + config.masks.components
    side = max(1, round(pixels**0.5))
    return str(load_labeller(config.label.metric).cost(images, regions, (side, side)))


def _nothing_usable(root: Path, rejected: list[dict[str, str]], left_out: str) -> str:
    if not rejected:
        return f"no photo in {root} or below it" + (f"; {left_out}" if left_out else "")
    first = rejected[0]
    return (
        f"none of the {len(rejected)} photos in {root} can be used; "
        f"the first: {first['path']}: {first['reason']}"
    )


def _kind_of_reason(reason: str) -> str:
    return reason.split(":", 1)[0]


def _output_pixels(photo: PlannedPhoto, long_side: int) -> int:
    scale = min(1.0, long_side / max(photo.width, photo.height, 1))
    return int(photo.width * scale) * int(photo.height * scale)


def _natural(text: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", text)]


def _relative_paths(root: Path, found: Listing, config: DataConfig) -> list[str]:
    paths = [path.relative_to(root).as_posix() for path in found.photos]
    return sorted(paths, key=_natural)[: config.plan.max_photos]


class _Inspections:
    """A journal of looked-at files, so that a killed scan goes on where it was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.selected: list[str] = []
        self.rows: dict[str, Inspection] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
                if line.endswith("\n"):
                    row = Inspection(**json.loads(line))
                    self.rows[row.path] = row

    def add_all(self, root: Path, relative: list[str], config: DataConfig) -> None:
        self.selected = relative
        todo = [path for path in relative if not self._fresh(root, path)]
        if not todo:
            return
        self._rewrite()
        look = partial(inspect, root, min_side=config.plan.min_side)
        with self.path.open("a", encoding="utf-8") as out:
            for row in _map(look, todo, config.run.workers):
                self.rows[row.path] = row
                out.write(to_json(row.to_dict()) + "\n")
                out.flush()

    def _fresh(self, root: Path, path: str) -> bool:
        row = self.rows.get(path)
        if row is None:
            return False
        try:
            status = (root / path).stat()
        except OSError:
            return False
        return (row.size, row.mtime_ns) == (status.st_size, status.st_mtime_ns)

    def _rewrite(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.path.with_suffix(".part")
        with scratch.open("w", encoding="utf-8") as out:
            out.writelines(to_json(row.to_dict()) + "\n" for row in self.rows.values())
        scratch.replace(self.path)


def _map(look: Callable[[str], Inspection], todo: list[str], workers: int) -> Iterator[Inspection]:
    if workers < 2 or len(todo) < 64:
        yield from map(look, todo)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for start in range(0, len(todo), 512):
            yield from pool.map(look, todo[start : start + 512], chunksize=8)


class _KnownPhotos:
    """What earlier plans hold."""

    def __init__(self, tree: OutputTree) -> None:
        self.by_path: dict[str, PlannedPhoto] = {}
        head = read_json(tree.plan())
        for shard in range(len(head["shards"]) if head else 0):
            self.by_path.update({photo.path: photo for photo in read_shard(tree, shard)})
        self.ids = {photo.id.casefold() for photo in self.by_path.values()}

    def sort_out(self, seen: _Inspections) -> tuple[list[PlannedPhoto], list[dict[str, str]]]:
        """New photos and rejected ones, in the order of their paths."""
        rows = [seen.rows[path] for path in seen.selected]
        self._check_unchanged(rows)
        first = {seen.rows[path].pixels: path for path in self.by_path if path in seen.rows}
        added, rejected = [], []
        for row in rows:
            if row.path in self.by_path:
                continue
            reason = row.reason
            if reason is None and row.pixels in first:
                reason = f"duplicate: the same pixels as {first[row.pixels]}"
            if reason is not None:
                rejected.append({"path": row.path, "reason": reason})
                continue
            first[row.pixels] = row.path
            added.append(self._planned(row))
        return added, rejected

    def _check_unchanged(self, rows: Iterable[Inspection]) -> None:
        changed = [
            row.path
            for row in rows
            if row.path in self.by_path and row.digest != self.by_path[row.path].digest
        ]
        if changed:
            raise PlanError(
                f"{len(changed)} planned photos have other bytes than when they were planned, "
                f"first {changed[0]}; restore them, or use another output folder"
            )

    def _planned(self, row: Inspection) -> PlannedPhoto:
        plain = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(row.path).stem) or "photo"
        image_id = (
            plain if plain.casefold() not in self.ids else f"{plain}-{digest_of(row.path)[:8]}"
        )
        self.ids.add(image_id.casefold())
        return PlannedPhoto(image_id, row.path, row.digest, row.width, row.height, row.kind)
