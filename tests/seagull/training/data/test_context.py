"""Context turns of training conversations: what they say, and which conversations get none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seagull.language.tokens import IGNORE_INDEX
from seagull.preprocessing.processor import SeagullProcessor
from seagull.records import InstructionRecord, RegionLabels, read_records, write_records
from seagull.regions.spec import RegionSpec
from seagull.training.config import DataSettings, Source
from seagull.training.data.context import ContextRecord, add_context, with_findings
from seagull.training.data.forest import without_answers
from seagull.training.data.packs import PhotoDataset, group_by_photo
from seagull.training.data.records import build_index
from seagull.types import AssessmentTask, DistortionType, Message

LABELS = RegionLabels(0.3, 0.9, distortions=((DistortionType.BLUR, "serious"),), metric="m")


@pytest.fixture
def talk() -> InstructionRecord:
    turns = (
        Message("user", "How good is it?", ("a",)),
        Message("assistant", "The quality is poor.", (), AssessmentTask.QUALITY),
        Message("user", "What would improve it?", ("a",)),
        Message("assistant", "Try a better focus."),
    )
    return InstructionRecord("1", "photo.png", (RegionSpec("a", whole=True),), turns, {"a": LABELS})


def test_what_is_known_comes_before_the_first_question(talk: InstructionRecord) -> None:
    extended, given = with_findings(talk)
    said = [message.content for message in extended.messages if message.role == "assistant"]
    assert said == [
        "With serious blur distortion. The quality is poor.",
        "This region is essential to the overall quality.",
        "The quality is poor.",
        "Try a better focus.",
    ]
    assert given == 2
    assert extended.messages[4:] == talk.messages
    assert {message.regions for message in extended.messages if message.role == "user"} == {("a",)}


def test_context_turns_say_the_importance_where_it_is_known(talk: InstructionRecord) -> None:
    extended, given = with_findings(replace(talk, labels={"a": replace(LABELS, importance=None)}))
    assert (len(extended.messages), given) == (len(talk.messages) + 2, 1)


@pytest.mark.parametrize("missing", ["quality", "distortions"])
def test_without_labels_there_are_no_context_turns(talk: InstructionRecord, missing: str) -> None:
    unknown = replace(talk, labels={"a": replace(LABELS, **{missing: None})})
    assert with_findings(unknown) == ContextRecord(unknown)
    assert with_findings(replace(talk, labels={})).given == 0


def test_a_single_question_gets_context_turns_too(talk: InstructionRecord) -> None:
    extended, given = with_findings(replace(talk, messages=talk.messages[:2]))
    assert (len(extended.messages), given) == (6, 2)


def test_turns_to_other_regions_are_left_alone(talk: InstructionRecord) -> None:
    both = replace(
        talk,
        regions=(*talk.regions, RegionSpec("b", whole=True)),
        messages=(*talk.messages[:2], Message("user", "And?", ("a", "b")), talk.messages[3]),
        labels={"a": LABELS, "b": LABELS},
    )
    assert with_findings(both) == ContextRecord(both)


def test_a_question_about_several_regions_has_context_turns_of_all_of_them(
    talk: InstructionRecord,
) -> None:
    clean = RegionLabels(1.0, None, distortions=(), metric="m")
    record = replace(
        talk,
        regions=(*talk.regions, RegionSpec("b", whole=True)),
        messages=(Message("user", "Which is better?", ("b", "a")), Message("assistant", "B.")),
        labels={"a": LABELS, "b": clean},
    )
    extended, given = with_findings(record)
    assert given == 1
    question, answer = extended.messages[:2]
    assert question.regions == ("b", "a")
    assert answer.content == (
        "Region a: With serious blur distortion. The quality is poor. "
        "This region is essential to the overall quality.\n"
        "Region b: Without distortions. The quality is excellent.\n"
        "The worst is region a.\n"
        "The best is region b."
    )
    assert extended.messages[2:] == record.messages
    unsure = replace(record, labels={"a": LABELS, "b": replace(clean, distortions=None)})
    assert with_findings(unsure) == ContextRecord(unsure)


def test_a_random_share_of_conversations_gets_context_turns(talk: InstructionRecord) -> None:
    def given(share: float, seed: int) -> list[int]:
        return [
            record.given for record in add_context([talk] * 40, share, np.random.default_rng(seed))
        ]

    assert given(0.0, 0) == [0] * 40
    assert given(1.0, 0) == [2] * 40
    assert 8 <= sum(map(bool, given(0.5, 0))) <= 32
    assert given(0.5, 0) == given(0.5, 0) != given(0.5, 1)


def test_no_number_is_drawn_for_a_share_of_zero(talk: InstructionRecord) -> None:
    rng = np.random.default_rng(0)
    add_context([talk], 0.0, rng)
    assert rng.random() == np.random.default_rng(0).random()


def test_answers_that_are_given_are_not_learned(
    talk: InstructionRecord, processor: SeagullProcessor
) -> None:
    def learned(count: int) -> str:
        tokens = without_answers(processor.tokens(with_findings(talk).record.messages), count)
        return str(processor.tokenizer.decode(tokens.labels[tokens.labels != IGNORE_INDEX]))

    everything, rest, last = learned(0), learned(2), learned(3)
    assert "serious blur" in everything
    assert "essential" not in rest
    assert rest.split("The quality is")[1].startswith(" poor.")
    assert "quality" not in last
    assert "Try a better focus." in last


def test_a_photo_s_conversations_get_context_turns_as_the_settings_say(
    records: Path, tmp_path: Path, processor: SeagullProcessor
) -> None:
    (first, *_) = [record for record in read_records(records) if len(record.messages) > 2]
    name = next(name for message in first.messages for name in message.regions)
    one = tuple(replace(m, regions=(name,) if m.role == "user" else ()) for m in first.messages)
    record = replace(
        first, image=f"{records.parent}/{first.image}", messages=one, labels={name: LABELS}
    )
    write_records(tmp_path / "one.jsonl", [record])
    index = build_index([Source(str(tmp_path / "one.jsonl"))])

    def sample(findings: float):
        data = DataSettings((Source(str(tmp_path / "one.jsonl")),), pack="photo", findings=findings)
        found = PhotoDataset(index, group_by_photo(index), processor, data)[0, 0]
        assert found.forest is not None
        learned = found.forest.labels[found.forest.labels != IGNORE_INDEX].tolist()
        words = [(word.task, found.forest.ids[word.position]) for word in found.levels]
        return processor.tokenizer.decode(found.forest.ids), learned, words

    (alone, learned, words), (with_context, learned_too, words_too) = sample(0.0), sample(1.0)
    assert "serious blur" in with_context
    assert "serious blur" not in alone
    assert learned == learned_too
    assert words == words_too
