"""Chat says what a full pass over the conversation would say, piece by piece."""

import pytest
import torch

from seagull.inference.assessor import Assessor
from seagull.inference.chat import _cut, _settled
from seagull.inference.engine import Engine
from seagull.types import Message, ModelInfo


@pytest.fixture
def assessor(tiny_model, processor) -> Assessor:
    return Assessor(Engine(tiny_model, processor), ModelInfo("tiny", "0", trained=False))


@torch.inference_mode()
def full_pass(engine, photo, regions, messages, count):
    inputs = engine.processor(photo.pixels, regions, messages, answer_prefix="")
    ids = engine.model.generate(
        **inputs.to_kwargs(labels=False),
        max_new_tokens=count,
        do_sample=False,
        eos_token_id=list(engine.end_ids),
        pad_token_id=0,
    )
    return engine.decode(ids[0, inputs.input_ids.shape[1] :].tolist())


def test_every_turn_equals_a_full_pass(assessor, photo, regions):
    chat = assessor.chat(photo, regions[:2])
    said: list[Message] = []
    for question, names in (
        ("What is wrong?", ("1",)),
        ("Compare 1 and 2.", ("1", "2")),
        ("So?", ()),
    ):
        answer = "".join(chat.ask(question, names, max_new_tokens=8))
        said.append(Message("user", question, names))
        assert answer == full_pass(assessor.engine, photo, regions[:2], said, 8)
        said.append(Message("assistant", answer))
    assert chat.messages == said


def test_a_follow_up_computes_only_what_is_new(assessor, photo, regions):
    chat = assessor.chat(photo, regions[:1])
    list(chat.ask("What is wrong with this region of the photo?", max_new_tokens=4))
    counters = assessor.engine.counters
    before = counters.suffix_tokens
    list(chat.ask("Why?", max_new_tokens=1))
    whole = len(assessor.engine.book.conversation(chat.messages[:-1])[0])
    assert counters.suffix_tokens - before < whole / 2
    assert counters.photos_encoded == 1
    assert counters.regions_encoded == 1


def test_sampling_is_told_by_its_seed(assessor, photo, regions):
    from seagull.inference.chat import Chat

    answers = [
        "".join(
            Chat(assessor.engine, photo, regions[:1], seed=seed).ask(
                "Why?", max_new_tokens=12, temperature=2.0
            )
        )
        for seed in (1, 1, 2)
    ]
    assert answers[0] == answers[1] != answers[2]


def test_an_abandoned_answer_leaves_the_conversation_usable(assessor, photo, regions):
    chat = assessor.chat(photo, regions[:1])
    pieces = chat.ask("What is wrong?", max_new_tokens=8)
    next(pieces)
    pieces.close()
    assert chat.messages == []
    again = "".join(chat.ask("What is wrong?", max_new_tokens=8))
    fresh = assessor.chat(photo, regions[:1])
    assert again == "".join(fresh.ask("What is wrong?", max_new_tokens=8))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"question": "  "}, "empty"),
        ({"question": "Why?", "regions": ["9"]}, "no region 9; known are 1"),
        ({"question": "Why?", "temperature": -1.0}, "temperature"),
        ({"question": "Why?", "temperature": float("nan")}, "temperature"),
        ({"question": "Why? " * 900}, "too long"),
    ],
)
def test_what_cannot_be_asked_is_explained(assessor, photo, regions, arguments, complaint):
    chat = assessor.chat(photo, regions[:1])
    with pytest.raises(ValueError, match=complaint):
        list(chat.ask(**arguments))


def test_a_region_s_id_is_taken_once(assessor, photo, regions):
    chat = assessor.chat(photo, regions[:1])
    with pytest.raises(ValueError, match="there already is a region 1"):
        chat.add(regions[0])
    chat.add(regions[1])
    assert "".join(chat.ask("Compare them.", max_new_tokens=3)) is not None


def test_stop_strings_end_an_answer_and_are_never_shown_in_part():
    assert _cut("so it is. USER: more", ("USER:", "it")) == ("so ", True)
    assert _cut("so", ("USER:",)) == ("so", False)
    assert _settled("so it is. US", ("USER:",)) == len("so it is. ")
    assert _settled("half a caf\N{REPLACEMENT CHARACTER}", ()) == len("half a caf")
