"""Photos with all their conversations: the sample of packed training.

A photo is encoded once for all its regions and conversations, and conversations share their
beginnings (``seagull.training.data.forest``). Without a language model's loss only the regions and
what is known of them remain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from seagull.language.tokens import IGNORE_INDEX
from seagull.preprocessing.collate import pad_regions
from seagull.preprocessing.inputs import RegionInputs
from seagull.preprocessing.processor import SeagullProcessor
from seagull.records import InstructionRecord
from seagull.records.photos import record_photo
from seagull.training.config import DataSettings
from seagull.training.data.augment import flipped, random_window
from seagull.training.data.context import ContextRecord, add_context
from seagull.training.data.forest import (
    Conversation,
    Forest,
    grow,
    join,
    up_to_answer,
    without_answers,
)
from seagull.training.data.judgements import Judgement, judgements
from seagull.training.data.levels import LevelWord, find_level_words
from seagull.training.data.order import Known, order_targets, region_key
from seagull.training.data.plan import Item
from seagull.training.data.records import RecordIndex
from seagull.training.data.regions import Regions
from seagull.training.data.samples import (
    Batch,
    checked_tokens,
    dummy_regions,
    level_targets,
    number_rows,
    pad_numbers,
)


@dataclass(frozen=True, eq=False)
class PhotoSample:
    """One photo, ready to be batched.

    Attributes:
        pixels: shape (3, H, W).
        regions: all regions spoken of, with crops where there is a forest; None if there are none.
        forest: the conversations; None where text is not trained.
        levels: level words with numbers behind them; ``position`` is a node, ``region`` a number.
        numbers: what is known of each region, (R, numbers), see ``HEAD_NUMBERS``.
        known: key and labels of each region, see ``seagull.training.data.order``.
        seed: of the micro-batch.
    """

    pixels: Tensor
    regions: RegionInputs | None
    forest: Forest | None
    levels: list[LevelWord]
    numbers: Tensor
    known: list[Known]
    seed: int


class PhotoDataset(Dataset[PhotoSample]):
    """Samples by photo number.

    Args:
        index: of the records.
        photos: per photo, the numbers of its records.
        processor: the model's.
        data: how photos vary and how many conversations are taken; its sources are those of
            the index.
        text: whether conversations are wanted.
    """

    def __init__(
        self,
        index: RecordIndex,
        photos: Sequence[NDArray[np.int64]],
        processor: SeagullProcessor,
        data: DataSettings,
        *,
        text: bool = True,
    ) -> None:
        self.index, self.photos, self.processor = index, photos, processor
        self.data, self.text = data, text

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, item: Item) -> PhotoSample:
        number, seed = item
        rng = np.random.default_rng([seed, number])
        record_numbers = self.photos[number]
        limit = self.data.conversations
        if self.text and limit and len(record_numbers) > limit:
            record_numbers = np.sort(rng.choice(record_numbers, limit, replace=False))
        records = [self.index.read(int(record)) for record in record_numbers]
        try:
            return self._sample(records, int(record_numbers[0]), seed, rng)
        except ValueError as error:
            raise ValueError(f"record {records[0].id}: {error}") from error

    def _sample(
        self,
        records: list[InstructionRecord],
        number: int,
        seed: int,
        rng: np.random.Generator,
    ) -> PhotoSample:
        folder = self.index.folder(number)
        photo = record_photo(records[0].image, folder)
        regions = Regions(records)
        built = [spec.build(photo, folder=folder) for spec in regions.specs]
        pixels = photo.pixels
        if crop := self.data.train[self.index.source[number]].crop:
            pixels, built = random_window(pixels, built, crop, rng)
        if self.data.flip and rng.random() < 0.5:
            pixels, built = flipped(pixels, built)
        judgement_turns = judgements(regions.labels, self.data.judgements, rng) if self.text else []
        conversations = add_context(records, self.data.findings, rng) if self.text else []
        forest, levels = (
            self._forest(conversations, regions, judgement_turns) if self.text else (None, [])
        )
        return PhotoSample(
            pixels=self.processor.pixels(pixels),
            regions=self.processor.regions(pixels, built, crops=self.text) if built else None,
            forest=forest,
            levels=levels,
            numbers=number_rows(regions.labels),
            known=[
                (region_key(s), labels)
                for s, labels in zip(regions.specs, regions.labels, strict=True)
            ],
            seed=seed,
        )

    def _forest(
        self,
        records: Sequence[ContextRecord],
        regions: Regions,
        judgement_turns: Sequence[Judgement],
    ) -> tuple[Forest, list[LevelWord]]:
        conversations, words = [], []
        for record, given_answers in records:
            try:
                tokens = checked_tokens(self.processor, record.messages, self.data.max_tokens)
            except ValueError as error:
                raise ValueError(f"conversation {record.id}: {error}") from error
            numbers = [regions.number(record, name) for name in tokens.regions]
            region_numbers = tuple(numbers[marker] for marker in tokens.markers.tolist())
            conversations.append(
                Conversation(without_answers(tokens, given_answers), region_numbers)
            )
            words.append(
                [
                    word._replace(region=numbers[word.region])
                    for word in find_level_words(record, self.processor, tokens)
                ]
            )
        conversations += [
            Conversation(up_to_answer(self.processor.tokens(messages)), (number,))
            for number, messages in judgement_turns
        ]
        forest = grow(conversations, self.processor.global_id, self.processor.local_id)
        levels = [
            word._replace(position=int(place[word.position]))
            for place, record_words in zip(forest.tree.nodes, words, strict=False)
            for word in record_words
        ]
        return forest, levels


@dataclass(frozen=True)
class PackMaker:
    """Makes batches of photos of one size.

    With conversations, ``input_ids``, ``labels`` and ``position_ids`` are (1, n), ``visible`` is
    (1, 1, n, n), and ``answer_parents`` (E,) are the nodes that the supervised ones are predicted
    from. ``region_numbers`` is (B, R, numbers); for the order of regions see
    ``seagull.training.data.order``.

    Args:
        crop_size: side of the regions' crops in pixels; 0 where there are no conversations.
        level_weights: of the level words, see ``SeagullConfig``.
    """

    crop_size: int
    level_weights: Sequence[float]

    def __call__(self, samples: Sequence[PhotoSample]) -> Batch:
        """The batch."""
        pixels = torch.stack([sample.pixels for sample in samples])
        regions = pad_regions([sample.regions for sample in samples])
        regions = regions or dummy_regions(pixels, self.crop_size)
        count, max_regions = regions["region_masks"].shape[:2]
        return {
            "pixel_values": pixels,
            **regions,
            **_text(
                [sample.forest for sample in samples if sample.forest], max_regions, len(samples)
            ),
            **level_targets(_words(samples), self.level_weights),
            "region_numbers": pad_numbers(
                [sample.numbers for sample in samples], (count, max_regions)
            ),
            **order_targets([sample.known for sample in samples], max_regions),
            "seed": torch.tensor(samples[0].seed),
        }


def _text(forests: Sequence[Forest], regions: int, photos: int) -> Batch:
    if not forests:
        # The labels' number is what a step's loss is divided by.
        return {"labels": torch.zeros(1, photos, dtype=torch.long)}
    forest = join(forests, regions)
    tree, supervised = forest.tree, forest.labels != IGNORE_INDEX
    return {
        "input_ids": torch.from_numpy(forest.ids)[None],
        "labels": torch.from_numpy(forest.labels)[None],
        "position_ids": torch.from_numpy(tree.depths)[None],
        "visible": torch.from_numpy(tree.visible())[None, None],
        "region_markers": torch.from_numpy(forest.markers)[None],
        "answer_parents": torch.from_numpy(tree.parents[supervised]),
    }


def _words(samples: Sequence[PhotoSample]) -> list[tuple[int, LevelWord]]:
    """Level words and their photos' rows; positions are nodes of the joined forest."""
    starts = np.cumsum([0, *(len(s.forest.tree) if s.forest else 0 for s in samples)])
    return [
        (row, word._replace(position=int(starts[row]) + word.position))
        for row, sample in enumerate(samples)
        for word in sample.levels
    ]


def group_by_photo(index: RecordIndex) -> list[NDArray[np.int64]]:
    """Per photo and source, the numbers of its records."""
    order = np.lexsort((index.image, index.source))
    starts_photo = (np.diff(index.image[order]) != 0) | (np.diff(index.source[order]) != 0)
    return np.split(order, np.flatnonzero(starts_photo) + 1)
