"""A conversation goes on from a kept one, which no other owner's and no other photo's finds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seagull.inference.assessor import Assessor
from seagull.inference.engine import Engine
from seagull.inference.sampling import Sampling
from seagull.inference.turn_cache import ComputedTurns, TurnCache
from seagull.photos import Photo
from seagull.types import Message, ModelInfo, Region

QUESTIONS = ("What is wrong with this region of the photo?", "Why?", "Where is it best?")


@pytest.fixture
def assessor(tiny_model, processor) -> Assessor:
    return Assessor(Engine(tiny_model, processor), ModelInfo("tiny", "0", trained=False))


def answered(assessor, photo, regions, turns, question, kept=None):
    """The pieces of an answer after these turns, and how many new tokens the model was given."""
    chat = assessor.chat(photo, regions, kept=kept)
    chat.messages = list(turns)
    before = assessor.engine.counters.suffix_tokens
    pieces = list(chat.speak(question, sampling=Sampling(max_new_tokens=8)))
    return chat.messages, pieces, assessor.engine.counters.suffix_tokens - before


def talk(assessor, photo, regions, kept):
    """All questions, each in a request of its own that brings the turns before along."""
    turns: list[Message] = []
    computed = []
    for question in QUESTIONS:
        turns, pieces, count = answered(assessor, photo, regions, turns, question, kept)
        computed.append((pieces[-1], count))
    return turns, computed


@pytest.mark.parametrize("with_photo", [True, False])
def test_answers_are_those_of_a_talk_that_is_computed_anew(assessor, photo, regions, with_photo):
    source, regions = (photo, regions[:2]) if with_photo else (None, [])
    turns, kept = talk(assessor, source, regions, TurnCache(1 << 30).of("a"))
    again, anew = talk(assessor, source, regions, None)
    assert turns == again
    assert len(turns) == 6
    before = 0
    for (last, count), (whole, all_tokens) in zip(kept, anew, strict=True):
        assert last.prompt_tokens == whole.prompt_tokens
        assert last.reused_tokens >= before  # all of the prompt before is a beginning of this one
        assert whole.reused_tokens == 0
        # What was computed is the prompt's new tokens, and those of the answer but the last.
        steps = last.answer_tokens + (last.finish == "stop") - 1
        session = assessor.engine.open(source) if source else assessor.engine.open_text()
        prefix = session.prefix_length
        assert all_tokens == whole.prompt_tokens - prefix + steps
        assert count == (last.prompt_tokens - (last.reused_tokens or prefix)) + steps
        before = last.prompt_tokens


def test_another_turn_goes_on_from_the_beginning_that_is_shared(assessor, photo, regions):
    cache = TurnCache(1 << 30)
    turns, _ = talk(assessor, photo, regions[:1], cache.of("a"))
    other, pieces, _ = answered(
        assessor, photo, regions[:1], turns[:4], "And now something else?", cache.of("a")
    )
    anew, whole, _ = answered(assessor, photo, regions[:1], turns[:4], "And now something else?")
    assert other == anew
    first, _ = talk(assessor, photo, regions[:1], None)
    shorter = answered(assessor, photo, regions[:1], first[:2], QUESTIONS[1])[1][-1]
    assert shorter.prompt_tokens <= pieces[-1].reused_tokens < whole[-1].prompt_tokens
    assert len(cache) == 2  # one talk has become two, with one beginning


def test_the_same_words_about_another_region_share_nothing_of_it(assessor, photo, regions):
    cache = TurnCache(1 << 30)
    turns, first, _ = answered(assessor, photo, [regions[0]], [], QUESTIONS[0], cache.of("a"))
    other = Region(regions[5].mask, regions[0].id)
    kept, pieces, _ = answered(assessor, photo, [other], turns, "Why?", cache.of("a"))
    assert kept == answered(assessor, photo, [other], turns, "Why?")[0]
    same = answered(assessor, photo, [regions[0]], turns, "Why?", cache.of("a"))[1]
    # The region's two tokens come last in the first prompt.
    assert pieces[-1].reused_tokens == first[-1].prompt_tokens - 2
    assert same[-1].reused_tokens >= first[-1].prompt_tokens


def test_owners_and_photos_share_no_conversation(assessor, photo, regions):
    cache = TurnCache(1 << 30)
    turns, _ = talk(assessor, photo, regions[:1], cache.of("a"))
    flipped = Photo(np.ascontiguousarray(photo.pixels[:, ::-1]))
    for owner, source in (("b", photo), ("a", flipped)):
        _, pieces, _ = answered(assessor, source, regions[:1], turns, "So?", cache.of(owner))
        assert pieces[-1].reused_tokens == 0
    assert answered(assessor, photo, regions[:1], turns, "So?", cache.of("a"))[1][-1].reused_tokens


def turns_of(*items: int, prompt: int | None = None, size: int = 8) -> ComputedTurns:
    layers = ((torch.zeros(size), torch.zeros(size)),)
    return ComputedTurns(items, layers, len(items) if prompt is None else prompt)


def test_the_conversations_used_last_stay_within_the_bounds():
    cache = TurnCache(3 * 64, most=10)
    for number in range(3):
        cache.keep("a", "p", turns_of(number, 1))
    assert (len(cache), cache.nbytes) == (3, 192)
    assert cache.longest("a", "p", (0, 1, 2)).items == (0, 1)
    cache.keep("a", "p", turns_of(3, 1))
    assert cache.longest("a", "p", (1, 1)) is None  # the one that was used longest ago
    assert cache.longest("a", "p", (0, 1)) is not None
    cache.keep("a", "p", turns_of(4, 1, size=99))  # larger than all that may be kept
    assert (len(cache), cache.nbytes) == (3, 192)
    few = TurnCache(1 << 20, most=2)
    for number in range(5):
        few.keep("a", "p", turns_of(number))
    assert len(few) == 2


def test_a_conversation_takes_the_place_of_the_one_that_it_goes_on_from():
    cache = TurnCache(1 << 20)
    cache.keep("a", "p", turns_of(1, 2))
    cache.keep("a", "p", turns_of(1, 2, 3))
    cache.keep("a", "p", turns_of(1, 2))
    assert len(cache) == 1
    assert cache.longest("a", "p", (1, 2, 4)).items == (1, 2, 3)
    cache.keep("a", "p", turns_of(1, 2, 7, prompt=2))  # an answer that is other tokens when read
    cache.keep("a", "p", turns_of(1, 2, 8, 9))
    assert len(cache) == 2
    cache.keep("b", "p", turns_of(1, 2))
    cache.keep("a", "q", turns_of(1, 2))
    assert len(cache) == 4


def test_conversations_end_with_their_time_and_with_their_photo():
    now = [0.0]
    cache = TurnCache(1 << 20, seconds=60, clock=lambda: now[0])
    cache.keep("a", "p", turns_of(1))
    cache.keep("a", "q", turns_of(1))
    cache.drop("a", "q")
    assert cache.longest("a", "q", (1,)) is None
    now[0] = 50
    assert cache.longest("a", "p", (1,)) is not None
    now[0] = 100  # within the time since its last use
    assert cache.longest("a", "p", (1,)) is not None
    now[0] = 161
    assert cache.longest("a", "p", (1,)) is None
    assert len(cache) == 0
