"""Records, order, batches and level words of training."""

from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from seagull.files.config import ConfigError
from seagull.language.tokens import IGNORE_INDEX
from seagull.levels import IMPORTANCE, QUALITY
from seagull.model import SeagullProcessor
from seagull.model.config import PUBLISHED_WEIGHTS
from seagull.records import read_records
from seagull.training.config import Source
from seagull.training.data.levels import find_level_words, level_ids, soft_levels
from seagull.training.data.plan import BatchPlan, ProcessBatches
from seagull.training.data.records import build_index
from seagull.training.data.samples import BatchMaker, RecordDataset


def plan(count: int = 50, **changes: object) -> BatchPlan:
    rng = np.random.default_rng(0)
    plain = {
        "bucket": rng.integers(0, 3, count), "length": rng.integers(5, 90, count),
        "source": np.zeros(count, dtype=np.int64), "weights": (1.0,), "batch_size": 8,
        "micro_batch": 2, "seed": 5,
    }  # fmt: skip
    return BatchPlan(**{**plain, **changes})


def test_an_epoch_has_every_record_once_in_batches_of_one_size() -> None:
    made = plan()
    batches = made.epoch(0)
    assert sorted(np.concatenate(batches)) == list(range(50))
    assert all(len(set(made.bucket[batch])) == 1 and len(batch) <= 2 for batch in batches)
    assert not all(map(np.array_equal, batches, made.epoch(1)))
    assert all(map(np.array_equal, batches, plan().epoch(0)))


def test_weights_say_how_often_a_source_is_seen() -> None:
    source = np.array([0] * 40 + [1] * 10)
    seen = Counter(np.concatenate(plan(source=source, weights=(0.5, 2.0)).epoch(3)).tolist())
    assert sum(seen[record] for record in range(40)) == 20
    assert all(seen[record] == 2 for record in range(40, 50))


def scenes(seed: int = 5) -> BatchPlan:
    """Forty photos one by one, and six scenes of nine versions."""
    count = 40 + 54
    scene = np.array([*range(40), *np.repeat(np.arange(100, 106), 9)])
    return plan(
        count, bucket=np.zeros(count, dtype=np.int64), source=np.repeat([0, 1], [40, 54]),
        weights=(2.0, 1.0), scene=scene, together=(1, 3), batch_size=12, micro_batch=12, seed=seed,
    )  # fmt: skip


def test_versions_of_a_scene_come_together_with_the_first_one() -> None:
    made = scenes()
    assert made.scene is not None
    for batch in made.epoch(0):
        own = [record for record in batch if record >= 40]
        for start in range(0, len(own), 3):
            part = own[start : start + 3]
            assert len({made.scene[record] for record in part}) == 1
            assert (part[0] - 40) % 9 == 0
            # Twins are never parted.
            assert part[2] == part[1] + 1
            assert (part[1] - 40) % 9 % 2 == 1
    seen = Counter(np.concatenate(made.epoch(1)).tolist())
    assert all(seen[record] == 2 for record in range(40))
    assert all(seen[record] == (4 if (record - 40) % 9 == 0 else 1) for record in range(40, 94))


def test_photos_of_a_scene_that_differ_in_size_come_into_different_batches() -> None:
    # Of each scene the last five versions are larger.
    bucket = np.where((np.arange(94) >= 40) & ((np.arange(94) - 40) % 9 > 3), 1, 0)
    batches = replace(scenes(), bucket=bucket).epoch(0)
    assert all(len(set(bucket[batch])) == 1 for batch in batches)
    assert set(np.concatenate(batches).tolist()) == set(range(94))
    for batch in batches:
        own = [record for record in batch if bucket[record]]
        assert all((record - 40) % 9 == 4 for record in own[::3])


def test_every_micro_batch_has_its_share_of_both_sources() -> None:
    shares = [np.mean(np.asarray(batch) < 40) for batch in scenes().epoch(0)[:-1]]
    expected = 80 / (80 + 6 * 12)
    assert max(abs(share - expected) for share in shares) <= 0.25
    assert all(map(np.array_equal, scenes().epoch(2), scenes().epoch(2)))
    assert not all(map(np.array_equal, scenes().epoch(2), scenes(6).epoch(2)))


@given(start=st.integers(0, 30), world=st.sampled_from([1, 2, 4]))
def test_any_processes_from_any_step_share_the_same_sequence(start: int, world: int) -> None:
    made, steps = plan(), 31
    whole = list(ProcessBatches(made, steps, 0, 0, 1))
    shares = [list(ProcessBatches(made, steps, start, rank, world)) for rank in range(world)]
    together = [batch for row in zip(*shares, strict=True) for batch in row]
    assert together == whole[start * made.per_step :]
    assert len({batch[0][1] for batch in whole}) == len(whole)


def test_batches_that_cannot_be_shared_are_refused() -> None:
    with pytest.raises(ConfigError, match="shared among 3"):
        ProcessBatches(plan(), 1, 0, 0, 3)


def test_the_index_knows_sizes_and_reads_single_records(records: Path) -> None:
    index = build_index([Source(str(records))])
    written = list(read_records(records))
    assert [index.read(number).id for number in range(24)] == [record.id for record in written]
    assert index.size[:2].tolist() == [[96, 128], [128, 96]]


def test_a_faulty_line_is_named(records: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "x"}\n')
    with pytest.raises(ValueError, match=r"bad\.jsonl, line 1: .*missing fields"):
        build_index([Source(str(bad))])
    with pytest.raises(ConfigError, match="no record files"):
        build_index([Source(str(tmp_path / "none"))])


def test_level_words_stand_where_the_answer_has_them(
    records: Path, processor: SeagullProcessor
) -> None:
    ids = level_ids(processor)
    found = 0
    for record in read_records(records):
        tokens = processor.tokens(record.messages)
        for word in find_level_words(record, processor, tokens):
            scale = (QUALITY, IMPORTANCE)[word.task]
            said = scale.words.index(scale.word(word.number))
            assert tokens.input_ids[word.position] == ids[word.task, said]
            assert tokens.labels[word.position] != IGNORE_INDEX
            found += 1
    assert found == 2 * 20


@given(
    number=st.floats(0, 1),
    std=st.one_of(st.just(float("nan")), st.floats(0, 0.25)),
    weights=st.sampled_from([PUBLISHED_WEIGHTS, (0.1, 0.3, 0.5, 0.7, 0.9)]),
)
def test_soft_levels_have_the_number_as_their_mean(
    number: float, std: float, weights: tuple[float, ...]
) -> None:
    shares = soft_levels([number], [std], weights)[0].double().numpy()
    assert shares.min() >= 0
    assert shares.sum() == pytest.approx(1, abs=1e-5)
    wanted = min(max(number, weights[0]), weights[-1])
    assert shares @ np.array(weights) == pytest.approx(wanted, abs=1e-3)
    if weights[0] > 0 and np.isnan(std):
        # With the middles of the bins the likeliest word is the number's word.
        likeliest = shares >= shares.max() - 1e-6
        assert likeliest[QUALITY.words.index(QUALITY.word(number))]


def test_a_wider_spread_of_opinions_is_a_flatter_distribution() -> None:
    rows = soft_levels([0.5] * 3, [0.05, 0.15, 0.3], PUBLISHED_WEIGHTS).numpy()
    assert entropy(rows[0]) < entropy(rows[1]) < entropy(rows[2])


def test_a_batch_without_regions_gets_one_that_counts_for_nothing(
    records: Path, processor: SeagullProcessor
) -> None:
    dataset = RecordDataset(build_index([Source(str(records))]), processor, 512)
    without = [n for n in range(24) if not dataset.index.read(n).regions]
    batch = BatchMaker(processor.pad_id, processor.crop_size, PUBLISHED_WEIGHTS)(
        [dataset[without[0], 7]]
    )
    assert batch["region_masks"].shape[:2] == (1, 1)
    assert batch["region_markers"].tolist() == [[-1]]
    assert batch["region_numbers"].isnan().all()
    assert (batch["seed"], len(batch["level_rows"])) == (7, 0)


def test_too_long_a_conversation_is_refused_by_name(
    records: Path, processor: SeagullProcessor
) -> None:
    dataset = RecordDataset(build_index([Source(str(records))]), processor, 20)
    with pytest.raises(ValueError, match=r"record r1: \d+ tokens, more than data\.max_tokens 20"):
        dataset[1, 0]


def test_padding_in_a_batch_changes_no_sample(records: Path, processor: SeagullProcessor) -> None:
    dataset = RecordDataset(build_index([Source(str(records))]), processor, 512)
    maker = BatchMaker(processor.pad_id, processor.crop_size, PUBLISHED_WEIGHTS)
    first, second = islice((n for n in range(0, 24, 2) if dataset.index.read(n).regions), 2)
    both, alone = maker([dataset[first, 1], dataset[second, 1]]), maker([dataset[first, 1]])
    length = alone["input_ids"].shape[1]
    assert torch.equal(both["input_ids"][0, :length], alone["input_ids"][0])
    assert torch.equal(both["region_masks"][:1], alone["region_masks"])
