"""The engine answers as a plain loop does: one region and one question per full pass."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seagull.inference.answers import scored_questions
from seagull.inference.engine import Engine
from seagull.inference.questions import Question
from seagull.language.prompts import ANSWER_PREFIXES, INSTRUCTIONS, STYLES
from seagull.photos import Photo
from seagull.preprocessing.packing import global_item
from seagull.preprocessing.processor import SeagullProcessor
from seagull.types import AssessmentTask, Message, Region

TASKS = tuple(AssessmentTask)


@pytest.fixture
def engine(tiny_model, processor) -> Engine:
    return Engine(tiny_model, processor, pack_tokens=200)


@pytest.fixture(scope="module")
def together(tiny_model, processor, photo, regions):
    engine = Engine(tiny_model, processor, pack_tokens=200)
    questions = scored_questions(engine.book, TASKS)
    return engine.score(engine.open(photo), regions, questions)


@torch.inference_mode()
def loop_logits(model, processor, photo, region, task):
    """A full pass for one region and one question, straight through the model's forward."""
    asked = [Message("user", INSTRUCTIONS[task], (region.id,))]
    inputs = processor(photo.pixels, [region], asked, answer_prefix=ANSWER_PREFIXES[task])
    return model(**inputs.to_kwargs(labels=False), logits_to_keep=1).logits[0, -1].double()


@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize("task", [AssessmentTask.QUALITY, AssessmentTask.IMPORTANCE])
def test_levels_equal_the_plain_loop_s(tiny_model, tokenizer, photo, regions, style, task):
    processor = SeagullProcessor(
        tokenizer, prompt_style=style, image_tokens=9, max_side=256, crop_size=64
    )
    engine = Engine(tiny_model, processor)
    question = engine.book.levels[task]
    assert question.single
    words = [candidate[0] for candidate in question.candidates]
    packed = engine.score(engine.open(photo), regions, [question])
    for region, (logs,) in zip(regions, packed, strict=True):
        alone = loop_logits(tiny_model, processor, photo, region, task)[words].log_softmax(0)
        assert np.abs(alone.numpy() - logs).max() < 1e-4


@torch.inference_mode()
def test_whole_phrases_equal_the_sum_over_their_tokens(
    tiny_model, processor, photo, regions, together
):
    engine = Engine(tiny_model, processor)
    question = list(engine.book.severities.values())[2]
    index = scored_questions(engine.book, TASKS).index(question)
    sums = []
    for candidate in question.candidates:
        asked = [Message("user", INSTRUCTIONS[AssessmentTask.DISTORTION], ("1",))]
        inputs = processor(photo.pixels, regions[:1], asked, answer_prefix="With")
        ids = torch.cat([inputs.input_ids, torch.tensor([candidate])], dim=1)
        kwargs = inputs.to_kwargs(labels=False) | {
            "input_ids": ids, "attention_mask": torch.ones_like(ids),
        }  # fmt: skip
        logits = tiny_model(**kwargs).logits[0].double()
        logits[:, tiny_model.config.unspeakable] = -torch.inf
        logs = logits.log_softmax(-1)
        start = inputs.input_ids.shape[1] - 1
        sums.append(sum(float(logs[start + i, token]) for i, token in enumerate(candidate)))
    expected = np.array(sums) - np.logaddexp.reduce(sums)
    assert np.abs(expected - together[0][index]).max() < 1e-4


def test_colliding_first_tokens_are_compared_as_whole_words(engine, photo, regions):
    question = engine.book.levels[AssessmentTask.QUALITY]
    first = question.candidates[0]
    colliding = Question(question.items, (first, (*first, 7), (*first, 8, 9)))
    assert not colliding.single
    ((logs,),) = engine.score(engine.open(photo), regions[:1], [colliding])
    assert np.exp(logs).sum() == pytest.approx(1)
    assert logs[0] > logs[1]  # a longer word is never likelier than its own beginning


def test_asked_alone_is_asked_with_twenty_others(engine, photo, regions, together):
    questions = scored_questions(engine.book, TASKS)
    for index in (0, 7, 20):
        fresh = Engine(engine.model, engine.processor)
        ((alone),) = fresh.score(fresh.open(photo), [regions[index]], questions)
        for one, many in zip(alone, together[index], strict=True):
            assert np.abs(np.exp(one) - np.exp(many)).max() < 1e-5


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(
    order=st.permutations(range(21)),
    count=st.integers(1, 8),
    pack_tokens=st.sampled_from([1, 40, 97, 1000]),
    region_batch=st.sampled_from([1, 3, 16]),
)
def test_order_number_and_chunks_change_nothing(  # noqa: PLR0917 - fixtures and cases
    tiny_model, processor, photo, regions, together, order, count, pack_tokens, region_batch
):
    engine = Engine(tiny_model, processor, pack_tokens=pack_tokens, region_batch=region_batch)
    chosen = order[:count]
    questions = scored_questions(engine.book, TASKS)[:4]
    got = engine.score(engine.open(photo), [regions[index] for index in chosen], questions)
    for index, answers in zip(chosen, got, strict=True):
        for one, many in zip(answers, together[index], strict=False):
            assert np.abs(one - many).max() < 1e-4


@torch.inference_mode()
def test_packed_texts_equal_the_plain_loop_s(engine, photo, regions):
    questions = [engine.book.answers[task] for task in TASKS] + [engine.book.free("Why is it so?")]
    packed = engine.generate(engine.open(photo), regions[:5], [questions] * 5, max_new_tokens=12)
    texts = [*(INSTRUCTIONS[task] for task in TASKS), "Why is it so?"]
    for region, answers in zip(regions[:5], packed, strict=True):
        for text, answer in zip(texts, answers, strict=True):
            asked = [Message("user", text, (region.id,))]
            inputs = engine.processor(photo.pixels, [region], asked, answer_prefix="")
            ids = engine.model.generate(
                **inputs.to_kwargs(labels=False),
                max_new_tokens=12,
                do_sample=False,
                eos_token_id=list(engine.end_ids),
                pad_token_id=0,
            )
            assert engine.decode(ids[0, inputs.input_ids.shape[1] :].tolist()) == answer


def test_a_photo_s_first_pass_takes_the_prefix_along_and_leaves_it_for_the_next(
    engine, photo, regions
):
    quality, importance = engine.book.levels.values()
    session = engine.open(photo)
    assert session.prefix is None
    first = engine.score(session, regions[:2], [quality, importance])
    assert engine.counters.prefix_tokens == session.prefix_length
    again = engine.score(session, regions[:2], [quality, importance])
    prefilled = Engine(engine.model, engine.processor)
    fresh = prefilled.open(photo)
    prefilled.prefill(fresh)
    for mine, theirs in zip(session.prefix, fresh.prefix, strict=True):
        assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(mine, theirs, strict=True))
    for one, other in zip(first, again, strict=True):
        assert all(np.abs(a - b).max() < 1e-4 for a, b in zip(one, other, strict=True))


def test_a_second_question_costs_only_its_suffix(engine, photo, regions):
    quality, importance = engine.book.levels.values()
    engine.score(engine.open(photo), regions[:3], [quality])
    before = vars(engine.counters).copy()
    engine.score(engine.open(photo), regions[:3], [importance])
    after = vars(engine.counters)
    assert after["photos_encoded"] == before["photos_encoded"] == 1
    assert after["regions_encoded"] == before["regions_encoded"] == 3
    assert after["prefix_tokens"] == before["prefix_tokens"]
    # The three regions share the question's text up to their own tokens.
    shared = importance.items.index(global_item(0))
    expected = 3 * len(importance.items) - 2 * shared
    assert after["suffix_tokens"] - before["suffix_tokens"] == expected


@pytest.mark.parametrize(("style", "regions_asked"), [("vicuna", 1), ("chatml", 2)])
def test_what_questions_share_is_computed_once(
    tiny_model, tokenizer, photo, regions, style, regions_asked
):
    """A region's tokens where they come before the question, else the question's text."""
    processor = SeagullProcessor(
        tokenizer, prompt_style=style, image_tokens=9, max_side=256, crop_size=64
    )
    engine = Engine(tiny_model, processor)
    questions = list(engine.book.levels.values())
    engine.score(engine.open(photo), regions[:regions_asked], questions)
    separately = regions_asked * sum(len(question.items) for question in questions)
    assert engine.counters.suffix_tokens < separately - 5


def test_the_oldest_photos_leave_when_memory_is_short(tiny_model, processor, photo, regions):

    one = Engine(tiny_model, processor)
    size = one.open(photo).nbytes
    engine = Engine(tiny_model, processor, cache_bytes=2 * size + size // 2)
    others = [Photo(np.roll(photo.pixels, shift, axis=0)) for shift in (0, 10, 20)]
    for other in others:
        engine.open(other)
    assert len(engine.sessions) == 2
    engine.open(others[2])
    assert engine.counters.photos_encoded == 3
    engine.open(others[0])
    assert engine.counters.photos_encoded == 4


def test_few_photos_are_kept_however_small_they_are(tiny_model, processor, photo):
    engine = Engine(tiny_model, processor)
    engine.sessions.most = 3
    for shift in range(5):
        engine.open(Photo(np.roll(photo.pixels, shift, axis=0)))
    assert len(engine.sessions) == 3


def test_a_constant_photo_is_judged_alike_at_every_size(engine):
    from seagull.regions.spec import RegionSpec

    read = []
    for height, width in ((64, 64), (128, 96), (96, 256)):
        flat = Photo(np.full((height, width, 3), 128, np.uint8))
        region = RegionSpec(whole=True).build(flat)
        quality = engine.book.levels[AssessmentTask.QUALITY]
        ((logs,),) = engine.score(engine.open(flat), [region], [quality])
        read.append(np.exp(logs))
    # The borders of the encoder's convolutions are a larger share of a small photo.
    assert max(np.abs(one - read[0]).max() for one in read) < 0.1


def test_regions_with_one_box_and_two_masks_keep_their_own_tokens(engine, photo, regions):
    whole = np.ones(photo.size, dtype=bool)
    ring = whole.copy()
    ring[8:-8, 8:-8] = False
    masks = [Region(whole, "a"), Region(ring, "b")]
    assert masks[0].box == masks[1].box
    both = engine.encode_regions(engine.open(photo), masks)
    fresh = Engine(engine.model, engine.processor)
    alone = fresh.encode_regions(fresh.open(photo), masks[1:])
    for together, own in zip(both[1:], alone[1:], strict=True):
        # The global and the local token both see the mask.
        assert torch.allclose(together[:, 1:], own, atol=1e-5)
        assert not torch.allclose(together[:, 0], together[:, 1], atol=1e-4)


def test_photos_of_one_size_are_not_taken_for_one_another(engine, photo, regions):
    other = Photo(255 - photo.pixels)
    first = engine.encode_regions(engine.open(photo), regions[:1])
    second = engine.encode_regions(engine.open(other), regions[:1])
    for one, other in zip(first[1:], second[1:], strict=True):
        assert not torch.allclose(one, other, atol=1e-4)
