"""Evaluation sets: opened by one call, split by photo, and checked not to share photos."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b, sha256
from itertools import islice
from pathlib import Path
from typing import Any

from seagull.evaluation.items import EvaluationItem, record_items
from seagull.evaluation.tables import OPINIONS, MosScale, OpinionTable
from seagull.photos.identity import photo_identity
from seagull.records.files import holds_records
from seagull.records.sources import HF, file_digest, source_files
from seagull.tables.opinions import form_of
from seagull.tables.rows import TEXT_TABLES

Keep = Callable[[str], bool]
"""Whether a photo, by its group name, belongs to a part of a set."""


class SplitError(ValueError):
    """A photo is on both sides of a split."""


@dataclass(frozen=True)
class EvaluationSet:
    """Photos with labelled regions, streamed as often as they are asked for.

    Args:
        path: of the file.
        stream: its items, from the beginning.
        kind: ``regions`` or ``opinions``.
        scale: of the opinions, for ``opinions``.
        part: what was kept of it.
        files: that hold it.
        notes: what its user has to know, such as rows that were left out.
    """

    path: Path
    stream: Callable[[], Iterator[EvaluationItem]]
    kind: str
    scale: MosScale | None = None
    part: str = "all"
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def items(self, limit: int | None = None) -> Iterator[EvaluationItem]:
        """The items in the file's order, the first ``limit`` of them."""
        return islice(self.stream(), limit)

    def groups(self, limit: int | None = None) -> set[str]:
        """Names of all photos; nothing is decoded."""
        return {item.group for item in self.items(limit) if item.problem is None}

    def places(self) -> dict[str, str]:
        """Where the photos' bytes lie, with a name of each; nothing is decoded."""
        return {item.place(): item.image for item in self.items() if item.place is not None}

    def keep(self, is_kept: Keep, part: str) -> EvaluationSet:
        """The part whose photos are wanted; what cannot be evaluated is in every part."""

        def stream() -> Iterator[EvaluationItem]:
            return (item for item in self.stream() if item.problem or is_kept(item.group))

        return replace(self, stream=stream, part=part)

    def only_metric(self, metric: str) -> EvaluationSet:
        """The set with the labels of one metric only."""

        def stream() -> Iterator[EvaluationItem]:
            for item in self.stream():
                labels = {
                    id: region_labels
                    for id, region_labels in item.labels.items()
                    if region_labels.metric == metric
                }
                if item.problem is not None:
                    yield item
                elif labels:
                    regions = tuple(spec for spec in item.regions if spec.id in labels)
                    yield replace(item, regions=regions, labels=labels)

        return replace(self, stream=stream, part=f"{self.part}, metric {metric}")

    def metrics(self) -> frozenset[str]:
        """Names of the metrics that gave its quality and importance scores, where known."""
        if self.kind == "opinions":
            return frozenset({OPINIONS})
        labels = (region_labels for item in self.items() for region_labels in item.labels.values())
        return frozenset(
            region_labels.metric
            for region_labels in labels
            if region_labels.metric is not None
            and (region_labels.quality, region_labels.importance) != (None, None)
        )

    def about(self) -> dict[str, Any]:
        """What it is, for results: path, kind, part, opinion scale."""
        plain: dict[str, Any] = {"path": str(self.path), "kind": self.kind, "part": self.part}
        if self.scale is not None:
            plain["mos_scale"] = {"worst": self.scale.worst, "best": self.scale.best}
        return plain

    def fingerprint(self) -> str:
        """16 hex digits that change with the files' bytes, the part and the scale."""
        about = {key: value for key, value in self.about().items() if key != "path"}
        text = repr(([file_digest(file) for file in self.files], about))
        return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True)
class TableOptions:
    """What its user says of a table of opinions.

    Args:
        scale: of the opinions; None: that of its form, or the first usual one.
        images: folder that photo names start from.
        form: name of a published set whose form it has.
        image, mos, std: names of its columns.
    """

    scale: MosScale | None = None
    images: Path | None = None
    form: str | None = None
    image: str | None = None
    mos: str | None = None
    std: str | None = None


def is_record_set(path: Path | str, split: str = "train") -> bool:
    """Whether a path means records rather than a table of opinions.

    Raises:
        ValueError: if there is no such set, or a table cannot be opened.
    """
    place = Path(path)
    if place.suffix.lower() in (*TEXT_TABLES, ".mat"):
        return False
    if not place.exists() and not str(path).startswith(HF) and not glob.has_magic(str(path)):
        raise ValueError(f"{path}: there is no such file; --data takes .jsonl, .parquet, .csv")
    return holds_records(source_files(str(path), split)[0].path)


def open_set(
    path: Path | str, options: TableOptions | None = None, *, split: str = "train"
) -> EvaluationSet:
    """The set that a path means: records, or a table of opinions.

    Args:
        path: what ``train`` takes as a source of records (``seagull.records.sources``); or a table
            (.csv, .tsv, .txt, .parquet, .arrow, .mat) of opinions.
        options: of a table.
        split: of a set of Hugging Face datasets.

    Raises:
        ValueError: if there is no such set, or two of its records have one id.
    """
    options = options or TableOptions()
    place = Path(path)
    if not is_record_set(path, split):
        text = place.suffix.lower() in (*TEXT_TABLES, ".mat")
        tables = [place] if text else [file.path for file in source_files(str(path), split)]
        return _opinions(place if len(tables) > 1 else tables[0], tuple(tables), options)
    files = source_files(str(path), split)
    if options != TableOptions():
        raise ValueError(
            f"{path}: --mos-range, --images, --format and columns belong to a table of opinions; "
            "records carry scores in [0, 1] and paths relative to their file"
        )
    paths = tuple(file.path for file in files)
    return EvaluationSet(place, lambda: record_items(files), "regions", files=paths)


def _opinions(path: Path, files: tuple[Path, ...], options: TableOptions) -> EvaluationSet:
    form = form_of(files[0], options.form).with_columns(options.image, options.mos, options.std)
    # Photos are named from the folder of the files, whatever names them.
    images = options.images or (files[0].parent if len(files) > 1 else None)
    table = OpinionTable(path, form, images, options.scale, files=files).opened()
    return EvaluationSet(path, table.items, "opinions", table.scale, files=files, notes=table.notes)


def split(data: EvaluationSet, share: float, seed: int) -> tuple[EvaluationSet, EvaluationSet]:
    """The set without a share of its photos, and that share, decided photo by photo.

    Raises:
        ValueError: if the share is not inside (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f"the held-out share lies between 0 and 1, got {share}")

    def held_out(group: str) -> bool:
        return _place(f"{seed}:{group}") < share

    remaining = data.keep(lambda group: not held_out(group), f"all but {share:g} (seed {seed})")
    return remaining, data.keep(held_out, f"held out {share:g} (seed {seed})")


def sample(data: EvaluationSet, share: float, seed: int) -> EvaluationSet:
    """A share of the set's pictures, decided picture by picture: of all its photos, but thinner.

    Raises:
        ValueError: if the share is not inside (0, 1), or nothing is left.
    """
    if not 0 < share < 1:
        raise ValueError(f"the sampled share lies between 0 and 1, got {share}")

    def stream() -> Iterator[EvaluationItem]:
        for item in data.stream():
            if item.problem or _place(f"{seed}:sample:{item.group}:{item.image}") < share:
                yield item

    if all(item.problem for item in stream()):
        raise ValueError(f"a share of {share:g} of {data.path} is not a single picture")
    return replace(data, stream=stream, part=f"{data.part}, sample {share:g} (seed {seed})")


def _place(text: str) -> float:
    """A number in [0, 1) that follows from the text."""
    mark = blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(mark, "big") / 2**64


def check_apart(evaluated: EvaluationSet, other: EvaluationSet, what: str) -> None:
    """Passes if no photo is in both sets, by identity (``seagull.photos.identity``) or by file.

    Args:
        evaluated: what is evaluated on.
        other: what something was fitted to.
        what: the other set's role, for the message.

    Raises:
        SplitError: naming some of the photos.
    """
    names = {photo_identity(name): name for name in evaluated.groups()}
    other_names = {photo_identity(name) for name in other.groups()}
    shared = [name for identity, name in names.items() if identity in other_names]
    if not shared:
        places, taken = evaluated.places(), other.places()
        shared = [name for place, name in places.items() if place in taken]
    if shared:
        examples = ", ".join(sorted(shared)[:3])
        raise SplitError(
            f"{len(shared)} photos of {evaluated.path} are also in {what} {other.path} ({examples}"
            f"{', ...' if len(shared) > 3 else ''}); evaluate on photos of their own"
        )


def check_metrics(evaluated: EvaluationSet, fit: EvaluationSet) -> None:
    """Passes if what baselines are fitted to are scores of what is evaluated.

    Raises:
        ValueError: naming the metrics of both, if they differ.
    """
    evaluated_metrics, fit_metrics = evaluated.metrics(), fit.metrics()
    if not evaluated_metrics or evaluated_metrics == fit_metrics:
        return
    has = f"scores of {' and '.join(sorted(fit_metrics))}" if fit_metrics else "no such scores"
    raise ValueError(
        f"{evaluated.path} is evaluated by {' and '.join(sorted(evaluated_metrics))}, but "
        f"{fit.path}, which baselines are fitted to, has {has}: numbers of different metrics "
        "cannot be compared; fit "
        "to a set of the same metric, or take one of them from both with --metric NAME"
    )
