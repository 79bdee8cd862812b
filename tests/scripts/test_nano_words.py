"""Which distortion types an answer in free words speaks of."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from data_tools.versions import phrases
from data_tools.versions.wording import WORDINGS
from seagull.language.findings import BEST, MOST_IMPORTANT, WORST
from seagull.language.prompts import quality_answer
from seagull.photos import Photo
from seagull.records import InstructionRecord, RegionLabels, write_records
from seagull.regions.spec import RegionSpec
from seagull.types import DistortionType, LevelScore, Message, Region, RegionAssessment

_spec = importlib.util.spec_from_file_location(
    "nano_words", Path(__file__).parents[2] / "scripts" / "nano_words.py"
)
assert _spec is not None
assert _spec.loader is not None
nano_words = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(nano_words)

TYPES = {
    "loss of colour": "colorfulness",
    "oversaturation": "colorfulness",
    "compression": "compression",
    "noise": "noise",
    "blur": "blur",
    "motion blur": "blur",
    "loss of contrast": "contrast",
    "excess of contrast": "contrast",
    "underexposure": "exposure",
    "overexposure": "exposure",
}


@pytest.mark.parametrize("variant", WORDINGS)
def test_every_remedy_and_effect_speaks_of_its_type(variant: str) -> None:
    known, words = nano_words.phrases_by_length(), WORDINGS[variant]
    for remedy in words.remedies:
        answer = phrases.REMEDY[0].format(name=words.name, remedy=remedy)
        assert nano_words.spoken_of(answer, known) == {TYPES[words.name]}
        assert nano_words.spoken_of(answer, nano_words.remedies_by_length()) == {TYPES[words.name]}
    for effect in words.effects:
        answer = phrases.ONE[0].format(part=f"{words.named('severe')}: {effect}")
        assert nano_words.spoken_of(answer, known) == {TYPES[words.name]}


@pytest.mark.parametrize("answer", [*phrases.CLEAN, *phrases.KEEP, "Without distortions."])
def test_a_clean_region_s_answers_speak_of_none(answer: str) -> None:
    assert nano_words.spoken_of(answer, nano_words.phrases_by_length()) == {"clean"}


@pytest.mark.parametrize(
    ("answer", "types"),
    [
        ("Try a lower ISO and more contrast.", {"contrast", "noise"}),
        ("Try a better focus against the blur; more light against the noise.",
         {"blur", "exposure", "noise"}),
        ("With minor blur and severe contrast distortions.", {"blur", "contrast"}),
        ("I cannot say.", set()),
    ],
)  # fmt: skip
def test_all_types_of_an_answer_are_found(answer: str, types: set[str]) -> None:
    assert nano_words.spoken_of(answer, nano_words.phrases_by_length()) == types


def test_a_remedy_is_looked_for_not_the_name_of_a_distortion() -> None:
    remedies = nano_words.remedies_by_length()
    assert nano_words.spoken_of("Against the severe blur, try something.", remedies) == set()
    assert nano_words.spoken_of("Against the blur, try less light.", remedies) == {"exposure"}
    assert nano_words.spoken_of("No change is needed.", remedies) == {"clean"}


def test_an_answer_about_two_regions_is_taken_apart() -> None:
    answer = "Region 7: severe blur. Region a-1: nothing visible is wrong."
    parts = nano_words.by_region(answer)
    known = nano_words.phrases_by_length()
    assert {id: nano_words.spoken_of(part, known) for id, part in parts.items()} == {
        "7": {"blur"},
        "a-1": {"clean"},
    }


def test_the_most_of_a_report_s_regions_are_known_by_their_ids() -> None:
    def read(id: str, quality: str, importance: str) -> RegionAssessment:
        region = Region(np.ones((1, 1), bool), id)
        words = LevelScore(quality, 0.5, 0.0, {}), LevelScore(importance, 0.5, 0.0, {})
        return RegionAssessment(region, *words, ())

    found = nano_words.most_of([read("a", "good", "minor"), read("b", "bad", "minor")])
    assert found == {
        WORST: [["b"], ["a"]],
        BEST: [["a"], ["b"]],
        MOST_IMPORTANT: [["a", "b"]],
    }


def asked(image: str, name: str, *severities: str) -> InstructionRecord:
    """The question about the distortions of a region that is blurred, or clean."""
    found = tuple((DistortionType.BLUR, severity) for severity in severities)
    turns = (Message("user", "?", (name,)), Message("assistant", "."))
    labels = {name: RegionLabels(0.5, distortions=found, metric="m")}
    region = RegionSpec(name, whole=True)
    return InstructionRecord(f"{image}.{name}.distortion", image, (region,), turns, labels)


def test_a_shown_distortion_and_a_clean_region_of_one_photo_make_a_pair(tmp_path: Path) -> None:
    records = [
        asked("one.png", "1", "severe"), asked("one.png", "2"),
        asked("two.png", "1", "minor"), asked("two.png", "2"),
        asked("three.png", "1", "severe"),
    ]  # fmt: skip
    write_records(tmp_path / "records.jsonl", records)
    ((shown, clean),) = nano_words.drawn_pairs(tmp_path / "records.jsonl", 5, 0)
    assert (shown.id, clean.id) == ("one.png.1.distortion", "one.png.2.distortion")
    assert nano_words.types_of(shown) == {"blur"}
    assert nano_words.types_of(clean) == {"clean"}


def test_two_clean_regions_of_one_photo_make_a_pair_of_their_own(tmp_path: Path) -> None:
    records = [
        asked("one.png", "1", "severe"), asked("one.png", "2"),
        asked("two.png", "1"), asked("two.png", "2"), asked("two.png", "3", "severe"),
    ]  # fmt: skip
    write_records(tmp_path / "records.jsonl", records)
    (pair,) = nano_words.drawn_pairs(tmp_path / "records.jsonl", 5, 0, clean=True)
    assert {one.id for one in pair} == {"two.png.1.distortion", "two.png.2.distortion"}


class _Told:
    """A model that reports all regions as good and clean, and whose chat always says the same."""

    def assess(self, photo: Photo, regions: list[Region]) -> SimpleNamespace:
        words = LevelScore("good", 0.7, 0.1, {}), LevelScore("minor", 0.3, 0.1, {})
        return SimpleNamespace(regions=[RegionAssessment(one, *words, ()) for one in regions])

    def chat(self, photo: Photo, regions: list[Region]) -> SimpleNamespace:
        said = {
            nano_words.MOST[WORST]: "The worst is region 1.",
            nano_words.MOST[BEST]: "They are alike in quality.",
            nano_words.MOST[MOST_IMPORTANT]: "They are alike in importance.",
            nano_words.EACH: "Region 1: severe blur. Region 2: nothing visible is wrong.",
        }
        return SimpleNamespace(ask=lambda question: [said[question]])


def test_pairs_of_clean_regions_are_counted_apart_from_those_with_a_distorted_one(
    tmp_path: Path,
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "one.png")
    asker = nano_words.Asker(_Told(), tmp_path, told=True)
    asker.ask_about_both(asked("one.png", "1", "severe"), asked("one.png", "2"))
    asker.ask_about_both(asked("one.png", "1"), asked("one.png", "2"))
    report = {"worst": False, "best": True, "most important": True, "wrong": False}
    expected = {f"{what} of two as report": [right] for what, right in report.items()}
    expected |= {f"{what} of two clean as report": [right] for what, right in report.items()}
    expected |= {"worst of two": [True], "wrong of two": [True], "wrong of two clean": [False]}
    assert asker.right == expected


def test_a_whole_photo_is_asked_about_without_an_importance() -> None:
    whole = RegionAssessment(
        Region(np.ones((8, 8), bool)),
        LevelScore("fair", 0.5, 0.1, {}),
        text={"quality": quality_answer("fair"), "distortion": "The region has severe blur."},
    )
    known = nano_words.phrases_by_length()
    agrees = nano_words.in_words(whole, {"blur"}, known)
    assert agrees == {"distortion": True, "quality": True}
