"""Records become samples in the loader's workers, and samples become batches of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import Dataset

from seagull.model.head import HEAD_NUMBERS
from seagull.preprocessing.collate import collate
from seagull.preprocessing.inputs import RegionInputs, Tokens
from seagull.preprocessing.processor import SeagullProcessor
from seagull.records import InstructionRecord, RegionLabels
from seagull.records.photos import record_photo
from seagull.training.data.levels import LevelWord, find_level_words, soft_levels
from seagull.training.data.numbers import known_numbers
from seagull.training.data.plan import Item
from seagull.training.data.records import RecordIndex
from seagull.types import Message

Batch = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class TrainingSample:
    """One conversation, ready to be batched.

    Attributes:
        pixels: of the photo, shape (3, H, W).
        regions: that the conversation names; None if it names none.
        tokens: the conversation.
        levels: its level words with numbers behind them.
        numbers: what is known of each region, (R, numbers), see ``HEAD_NUMBERS``.
        seed: of the micro-batch.
    """

    pixels: Tensor
    regions: RegionInputs | None
    tokens: Tokens
    levels: list[LevelWord]
    numbers: Tensor
    seed: int


class RecordDataset(Dataset[TrainingSample]):
    """Samples by record number; photos are decoded when asked for.

    Args:
        index: of the records.
        processor: the model's.
        max_tokens: longer conversations are refused.
    """

    def __init__(self, index: RecordIndex, processor: SeagullProcessor, max_tokens: int) -> None:
        self.index, self.processor, self.max_tokens = index, processor, max_tokens

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, item: Item) -> TrainingSample:
        number, seed = item
        record = self.index.read(number)
        try:
            return self._sample(record, number, seed)
        except ValueError as error:
            raise ValueError(f"record {record.id}: {error}") from error

    def _sample(self, record: InstructionRecord, number: int, seed: int) -> TrainingSample:
        folder = self.index.folder(number)
        photo = record_photo(record.image, folder)
        tokens = checked_tokens(self.processor, record.messages, self.max_tokens)
        specs = {spec.id: spec for spec in record.regions}
        regions = [specs[name].build(photo, folder=folder) for name in tokens.regions]
        labels = [record.labels.get(name) for name in tokens.regions]
        return TrainingSample(
            pixels=self.processor.pixels(photo.pixels),
            regions=self.processor.regions(photo.pixels, regions) if regions else None,
            tokens=tokens,
            levels=find_level_words(record, self.processor, tokens),
            numbers=number_rows(labels),
            seed=seed,
        )


def checked_tokens(
    processor: SeagullProcessor, messages: Sequence[Message], max_tokens: int
) -> Tokens:
    """The tokens of a conversation.

    Raises:
        ValueError: if there are more than ``max_tokens``.
    """
    tokens = processor.tokens(messages)
    if len(tokens.input_ids) > max_tokens:
        raise ValueError(
            f"{len(tokens.input_ids)} tokens, more than data.max_tokens {max_tokens}; raise it, or "
            "leave the record out"
        )
    return tokens


@dataclass(frozen=True)
class BatchMaker:
    """Makes batches of samples whose photos have one size.

    Besides the model's inputs and ``labels`` a batch holds, for K level words: ``level_rows``,
    ``level_positions``, ``level_tasks`` (K,) and ``level_targets`` (K, 5); ``region_numbers``
    (B, R, numbers) and ``seed``. A batch without regions
    gets one that counts for nothing, because under ZeRO every process has to run every module.

    Args:
        pad_id: fills the text.
        crop_size: side of the regions' crops in pixels.
        level_weights: of the level words, see ``SeagullConfig``.
    """

    pad_id: int
    crop_size: int
    level_weights: Sequence[float]

    def __call__(self, samples: Sequence[TrainingSample]) -> Batch:
        """The batch."""
        inputs = collate([(s.pixels, s.regions, s.tokens) for s in samples], self.pad_id)
        batch = inputs.to_kwargs()
        if "region_masks" not in batch:
            batch |= dummy_regions(inputs.pixel_values, self.crop_size)
        count, max_regions = batch["region_masks"].shape[:2]
        return {
            **batch,
            "region_numbers": pad_numbers(
                [sample.numbers for sample in samples], (count, max_regions)
            ),
            "seed": torch.tensor(samples[0].seed),
            **level_targets(
                [(row, word) for row, s in enumerate(samples) for word in s.levels],
                self.level_weights,
            ),
        }


def dummy_regions(pixels: Tensor, side: int) -> Batch:
    """One region a photo that no text speaks of, for photos (B, 3, H, W) without regions.

    Args:
        pixels: of the photos.
        side: of crops; 0 makes none.
    """
    count, _, height, width = pixels.shape
    masks = {"region_masks": torch.ones(count, 1, height, width, dtype=torch.bool)}
    if not side:
        return masks
    return masks | {
        "region_crops": torch.zeros(count, 1, 3, side, side),
        "region_crop_masks": torch.ones(count, 1, side, side, dtype=torch.bool),
        "region_markers": torch.full((count, 1), -1),
    }


def number_rows(labels: Sequence[RegionLabels | None]) -> Tensor:
    """What is known of regions, (R, numbers)."""
    rows = [known_numbers(region_labels) for region_labels in labels]
    return torch.tensor(rows).reshape(len(rows), len(HEAD_NUMBERS))


def pad_numbers(rows: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
    """``region_numbers`` (B, R, numbers) for numbers (R, numbers) a row; NaN where none are."""
    numbers = torch.full((*size, len(HEAD_NUMBERS)), float("nan"))
    for row, row_numbers in enumerate(rows):
        numbers[row, : len(row_numbers)] = row_numbers
    return numbers


def level_targets(words: Sequence[tuple[int, LevelWord]], level_weights: Sequence[float]) -> Batch:
    """The ``level_*`` fields for level words and the rows they are in."""
    numbers = [word.number for _, word in words]
    return {
        "level_rows": torch.tensor([row for row, _ in words], dtype=torch.long),
        "level_positions": torch.tensor([w.position for _, w in words], dtype=torch.long),
        "level_tasks": torch.tensor([w.task for _, w in words], dtype=torch.long),
        "level_targets": soft_levels(numbers, [w.std for _, w in words], level_weights),
    }


def token_count(batch: Batch) -> int:
    """Text positions of a batch, padding left out."""
    if "attention_mask" in batch:
        return int(batch["attention_mask"].sum())
    return batch["input_ids"].numel() if "input_ids" in batch else 0
