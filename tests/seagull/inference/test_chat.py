"""Chat says what a full pass over the conversation would say, piece by piece."""

import itertools
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

from seagull.inference.assessor import Assessor
from seagull.inference.chat import TOLD_AT_ONCE
from seagull.inference.engine import Engine
from seagull.inference.sampling import Sampling, choose, cut, settled
from seagull.language.findings import Findings, context_turns
from seagull.model.head import RegionHead
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


@contextmanager
def interrupted_at(model, call):
    """Ctrl-C in the middle of the model's pass of this number: one layer has run, one has not."""
    passes = itertools.count(1)

    def interrupt(*_):
        if next(passes) == call:
            raise KeyboardInterrupt

    hook = model.language_model.get_decoder().layers[1].register_forward_pre_hook(interrupt)
    try:
        yield
    finally:
        hook.remove()


@pytest.mark.parametrize("call", [1, 2, 4])
def test_a_conversation_goes_on_after_an_answer_that_was_interrupted(
    assessor, photo, regions, call
):
    chat = assessor.chat(photo, regions[:2])
    first = Message("user", "What is wrong?", ("1",))
    answer = "".join(chat.ask(first.content, ["1"], max_new_tokens=8))
    said = [first, Message("assistant", answer)]
    with interrupted_at(assessor.engine.model, call), pytest.raises(KeyboardInterrupt):
        list(chat.ask("Why?", ["1"], max_new_tokens=8))
    assert chat.messages == said
    second = "".join(chat.ask("Compare 1 and 2.", ["1", "2"], max_new_tokens=8))
    said.append(Message("user", "Compare 1 and 2.", ("1", "2")))
    assert second == full_pass(assessor.engine, photo, regions[:2], said, 8)


@pytest.fixture
def with_head(tiny_model, processor) -> Assessor:
    torch.manual_seed(3)
    head = RegionHead(tiny_model.config.text.hidden_size).eval()
    return Assessor(Engine(tiny_model, processor, head=head), ModelInfo("tiny", "0", trained=False))


def in_words(assessor, photo, region):
    (read,) = assessor.assess(photo, [region]).regions
    found = tuple((distortion.type, distortion.severity) for distortion in read.distortions)
    return Findings(read.quality.level, found, read.importance.level)


def test_a_turn_goes_on_from_what_the_report_says(with_head, photo, regions):
    chat = with_head.chat(photo, regions[:2])
    known = {region.id: in_words(with_head, photo, region) for region in regions[:2]}
    first = context_turns({"1": known["1"]})
    asked = Message("user", "What is wrong?", ("1",))
    answer = "".join(chat.ask("What is wrong?", ["1"], max_new_tokens=8))
    seen = [*first, asked]
    assert answer == full_pass(with_head.engine, photo, regions[:2], seen, 8)
    assert answer != full_pass(with_head.engine, photo, regions[:2], [asked], 8)
    both = Message("user", "Compare them.", ("1", "2"))
    seen += [Message("assistant", answer), *context_turns(known), both]
    again = "".join(chat.ask("Compare them.", max_new_tokens=8))
    assert again == full_pass(with_head.engine, photo, regions[:2], seen, 8)
    # Of another region, or of both, a question about one is told nothing.
    seen = [*first, asked, Message("assistant", answer), asked]
    last = "".join(chat.ask("What is wrong?", ["1"], max_new_tokens=8))
    assert last == full_pass(with_head.engine, photo, regions[:2], seen, 8)
    seen += [Message("assistant", last), Message("user", "So?", ("1",))]
    so = "".join(chat.ask("So?", ["1"], max_new_tokens=8))
    assert so == full_pass(with_head.engine, photo, regions[:2], seen, 8)
    assert chat.messages[:4] == [
        asked, Message("assistant", answer), both, Message("assistant", again)
    ]  # fmt: skip
    assert len(chat.messages) == 8


def test_a_question_about_another_region_is_not_answered_from_the_one_before(
    with_head, photo, regions
):
    chat = with_head.chat(photo, regions[:2])
    list(chat.ask("What is wrong?", ["1"], max_new_tokens=8))
    known = context_turns({"2": in_words(with_head, photo, regions[1])})
    second = "".join(chat.ask("What is wrong?", ["2"], max_new_tokens=8))
    seen = [*known, Message("user", "What is wrong?", ("2",))]
    assert second == full_pass(with_head.engine, photo, regions[:2], seen, 8)


def test_several_regions_are_told_of_by_their_ids(with_head, photo, regions):
    known = {region.id: in_words(with_head, photo, region) for region in regions[:2]}
    question, answer = context_turns(known)
    assert question.regions == ("1", "2")
    lines = [line for line in answer.content.split("\n") if line.startswith("Region")]
    said = {line.split(":")[0].removeprefix("Region "): line for line in lines}
    assert set(said) == set(known)
    for name, findings in known.items():
        assert f"The quality is {findings.quality}." in said[name]


def test_many_regions_at_once_are_not_told_of(with_head, photo, regions):
    many = [replace(regions[0], id=str(number)) for number in range(TOLD_AT_ONCE + 1)]
    chat = with_head.chat(photo, many)
    answer = "".join(chat.ask("Which is the best?", max_new_tokens=8))
    names = tuple(region.id for region in many)
    asked = [Message("user", "Which is the best?", names)]
    assert answer == full_pass(with_head.engine, photo, many, asked, 8)
    before = context_turns({"0": in_words(with_head, photo, many[0])})
    asked = [*before, Message("user", "Why?", ("0",))]
    again = "".join(chat.ask("Why?", ["0"], max_new_tokens=8))
    assert again == full_pass(with_head.engine, photo, many, asked, 8)


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
    assert cut("so it is. USER: more", ("USER:", "it")) == ("so ", True)
    assert cut("so", ("USER:",)) == ("so", False)
    assert settled("so it is. US", ("USER:",)) == len("so it is. ")
    assert settled("half a caf\N{REPLACEMENT CHARACTER}", ()) == len("half a caf")


def test_pieces_tell_why_the_answer_ended_and_how_long_it_is(assessor, photo, regions):
    chat = assessor.chat(photo, regions[:1])
    *_, last = chat.speak("Why?", sampling=Sampling(max_new_tokens=3))
    assert (last.finish, last.answer_tokens) == ("length", 3)
    prefix = assessor.engine.open(photo).prefix_length
    asked = assessor.engine.book.conversation(chat.messages[:-1])[0]
    assert last.prompt_tokens == prefix + len(asked)


def test_the_likeliest_token_is_the_one_said_and_its_probability_is_told(assessor, photo, regions):
    chat = assessor.chat(photo, regions[:1])
    pieces = list(chat.speak("Why?", sampling=Sampling(max_new_tokens=4, alternatives=3)))
    logs = [log for piece in pieces for log in piece.tokens]
    assert len(logs) == pieces[-1].answer_tokens
    for log in logs:
        assert len(log.alternatives) == 3
        assert (log.alternatives[0].text, log.alternatives[0].logprob) == (log.text, log.logprob)
        assert log.logprob <= 0


def test_top_p_leaves_out_what_is_unlikely():
    logits = torch.tensor([3.0, 2.9, -1.0, -2.0])
    generator = torch.Generator().manual_seed(0)
    drawn = {choose(logits, Sampling(temperature=2.0, top_p=0.5), generator) for _ in range(80)}
    assert drawn == {0, 1}
    assert {choose(logits, Sampling(temperature=2.0, top_p=0.01), generator) for _ in range(9)} == {
        0
    }
    everything = {choose(logits, Sampling(temperature=9.0), generator) for _ in range(80)}
    assert everything == {0, 1, 2, 3}


@pytest.mark.parametrize("temperature", [5e-324, 1e-40, 1e-6])
def test_the_lowest_temperatures_take_the_best_token(temperature):
    logits = torch.tensor([300.0, -200.0, torch.finfo(torch.float32).min])
    generator = torch.Generator().manual_seed(0)
    drawn = {choose(logits, Sampling(temperature=temperature), generator) for _ in range(9)}
    assert drawn == {0}


def test_a_talk_without_a_photo_shows_the_model_no_image_token(assessor):
    engine = assessor.engine
    chat = assessor.chat(None)
    answer = "".join(chat.ask("What is blur?", max_new_tokens=6))
    ids = engine.processor.tokens(chat.messages[:-1], answer_prefix="").input_ids
    ids = ids[ids != engine.processor.image_id][None]
    said = engine.model.generate(
        input_ids=ids, max_new_tokens=6, do_sample=False,
        eos_token_id=list(engine.end_ids), pad_token_id=0,
    )  # fmt: skip
    assert answer == engine.decode(said[0, ids.shape[1] :].tolist())
    assert engine.counters.photos_encoded == 0


def test_regions_without_a_photo_are_refused(assessor, regions):
    with pytest.raises(ValueError, match="without the photo"):
        assessor.chat(None, regions[:1])
