"""Builds the data of a run from its settings: index, order, samples and batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from seagull.files.config import ConfigError
from seagull.language.prompts import QUALITY_SLOT
from seagull.preprocessing.processor import SeagullProcessor
from seagull.training.config import DataSettings
from seagull.training.data.context import with_findings
from seagull.training.data.packs import PackMaker, PhotoDataset, group_by_photo
from seagull.training.data.plan import BatchPlan, Item
from seagull.training.data.records import RecordIndex, build_index
from seagull.training.data.samples import Batch, BatchMaker, RecordDataset, checked_tokens

_COUNTED = 256
"""Records whose tokens are counted before training: to count those of millions takes too long."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a run reads.

    Attributes:
        index: of the records.
        first: per sample, the number of its (first) record, (n,).
        plan: order of the samples.
        dataset: samples by number.
        maker: makes batches of samples.
    """

    index: RecordIndex
    first: NDArray[np.int64]
    plan: BatchPlan
    dataset: RecordDataset | PhotoDataset
    maker: BatchMaker | PackMaker

    def batch(self, items: Sequence[Item]) -> Batch:
        """The batch of some samples, made in this process."""
        dataset, maker = cast(Any, self.dataset), cast(Any, self.maker)  # made for each other
        return cast(Batch, maker([dataset[item] for item in items]))


def build_data(
    settings: DataSettings,
    processor: SeagullProcessor,
    level_weights: Sequence[float],
    *,
    text: bool,
    batch_size: int,
    micro_batch: int,
    seed: int,
) -> TrainingData:
    """Reads every record once, and lays out the order of the run.

    Args:
        settings: of the data.
        processor: the model's.
        level_weights: the model's, see ``SeagullConfig``.
        text: whether conversations are trained on; without, no crops of regions are made.
        batch_size: samples of a step.
        micro_batch: samples of a micro-batch.
        seed: of the order.

    Raises:
        ConfigError: if there is nothing to train on.
        ValueError: if a record or photo is faulty.
    """
    if not settings.train:
        raise ConfigError("data.train: name at least one source, e.g. - path: records.jsonl")
    index = build_index(settings.train, check_photos=settings.check_photos)
    if text:
        _check_words(index)
        _check_lengths(index, processor, settings)
    dataset: RecordDataset | PhotoDataset
    maker: BatchMaker | PackMaker
    if settings.pack == "photo":
        photos = group_by_photo(index)
        first_records = np.array([numbers[0] for numbers in photos])
        length = np.array([index.length[numbers].sum() for numbers in photos])
        dataset = PhotoDataset(index, photos, processor, settings, text=text)
        maker = PackMaker(processor.crop_size if text else 0, level_weights)
    else:
        first_records, length = np.arange(len(index)), index.length
        dataset = RecordDataset(index, processor, settings.max_tokens)
        maker = BatchMaker(processor.pad_id, processor.crop_size, level_weights)
    plan = BatchPlan(
        bucket=_buckets(settings, processor, index)[first_records],
        length=length,
        source=index.source[first_records],
        weights=tuple(source.weight for source in settings.train),
        batch_size=batch_size,
        micro_batch=micro_batch,
        seed=seed,
        group_length=settings.group_length,
        scene=index.scene[first_records],
        together=tuple(source.together for source in settings.train),
    )
    return TrainingData(index, first_records, plan, dataset, maker)


def _check_words(index: RecordIndex) -> None:
    """Refuses answers whose quality words are open: they would be learned to the letter."""
    numbers = np.flatnonzero(index.open)
    if len(numbers):
        first = int(numbers[0])
        raise ConfigError(
            f"{index.files[index.file[first]].path}: answers of {len(numbers)} records have "
            f"{QUALITY_SLOT} where a quality word belongs, the first of them "
            f"{index.read(first).id!r}; `seagull-data versions ... versions.readings=FILE` fills "
            "them (docs/data.md), and with loss.text=0 answers are not learned"
        )


def _check_lengths(index: RecordIndex, processor: SeagullProcessor, settings: DataSettings) -> None:
    """Refuses conversations beyond ``max_tokens``; of all records, those with most characters."""
    by_length = np.argsort(index.length, kind="stable")[::-1]
    for number in by_length[:_COUNTED].tolist():
        record = index.read(number)
        if settings.findings:
            record = with_findings(record).record
        try:
            checked_tokens(processor, record.messages, settings.max_tokens)
        except ValueError as error:
            path = index.files[index.file[number]].path
            raise ValueError(f"{path}: record {record.id}: {error}") from error


def _buckets(
    settings: DataSettings, processor: SeagullProcessor, index: RecordIndex
) -> NDArray[np.int64]:
    """Per record a number that those with photos of one input size share, (n,)."""
    frame = processor.image_transform.frame
    sides = np.array([source.crop or 1 << 40 for source in settings.train])
    cropped_sizes = np.minimum(index.size, sides[index.source][:, None])
    sizes, size_index = np.unique(cropped_sizes, axis=0, return_inverse=True)
    padded = np.array([frame(int(h), int(w)).padded for h, w in sizes])
    _, bucket = np.unique(padded, axis=0, return_inverse=True)
    return bucket.ravel()[size_index.ravel()]
