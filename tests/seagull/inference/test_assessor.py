"""From photo and regions to a report, and what is refused on the way."""

import inspect

import numpy as np
import pytest
import torch
from PIL import Image

from seagull.inference.assessor import Asked, Assessor
from seagull.inference.engine import Engine
from seagull.language.findings import Findings
from seagull.language.prompts import INSTRUCTIONS, STYLES
from seagull.levels import IMPORTANCE, QUALITY, SEVERITY
from seagull.model.config import PUBLISHED_WEIGHTS
from seagull.model.head import LEAST_SPREAD, SPREAD_RANGE, RegionHead
from seagull.photos import Photo, PhotoError
from seagull.preprocessing.processor import SeagullProcessor
from seagull.regions.spec import RegionSpec
from seagull.types import AssessmentTask, DistortionType, LevelScore, ModelInfo, Region


@pytest.fixture(scope="module")
def assessor(tiny_model, processor) -> Assessor:
    return Assessor(Engine(tiny_model, processor), ModelInfo("tiny", "0", trained=False))


def test_a_report_holds_what_was_asked(assessor, photo, regions):
    report = assessor.assess(photo, regions[:3])
    assert [entry.region.id for entry in report.regions] == ["1", "2", "3"]
    for entry in report.regions:
        for score, scale in ((entry.quality, QUALITY), (entry.importance, IMPORTANCE)):
            assert score.level == scale.word(score.score)
            assert sum(score.probabilities.values()) == pytest.approx(1)
            mean = sum(
                weight * score.probabilities[word]
                for word, weight in zip(scale.words, PUBLISHED_WEIGHTS, strict=True)
            )
            assert score.score == pytest.approx(mean)
            assert 0 <= score.std <= 0.5
        assert set(entry.distortion_probabilities) == set(DistortionType)
        found = {distortion.type for distortion in entry.distortions}
        assert found == {
            kind for kind, share in entry.distortion_probabilities.items() if share >= 0.5
        }


def headed(model, processor, seed: int = 3) -> Assessor:
    torch.manual_seed(seed)
    head = RegionHead(model.config.text.hidden_size).eval()
    return Assessor(Engine(model, processor, head=head), ModelInfo("tiny", "0", trained=False))


def test_numbers_and_distortions_are_the_head_s(tiny_model, processor, photo, regions):
    assessor = headed(tiny_model, processor)
    head = assessor.engine.head
    for linear in (head.outer, head.presence, head.spread):
        torch.nn.init.zeros_(linear.weight)
    with torch.no_grad():
        head.presence.bias.copy_(torch.tensor([3.0, -3.0, -3.0, 0.1, -3.0, -3.0]))
        head.outer.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0, 0.0, -9.0, 0.0, 9.0]))
        head.spread.bias.fill_(0.3)
    (entry, _) = assessor.assess(photo, regions[:2]).regions
    kinds, words = list(DistortionType), SEVERITY.words
    said = [(found.type, found.severity) for found in entry.distortions]
    # 0.5 is as near to the second word as to the third; Python rounds halves to even.
    assert said == [(kinds[0], words[1]), (kinds[3], words[0])]
    assert entry.distortion_probabilities[kinds[0]] == pytest.approx(1 / (1 + np.exp(-3)))
    quality = 1 / (1 + np.exp(-1))
    spread = LEAST_SPREAD + SPREAD_RANGE / (1 + np.exp(-0.3))
    wanted = LevelScore.from_normal(QUALITY, quality, spread)
    assert entry.quality.score == pytest.approx(wanted.score)
    assert entry.quality.std == pytest.approx(wanted.std)
    assert entry.quality.probabilities == pytest.approx(wanted.probabilities)
    assert entry.quality.level == QUALITY.word(quality)
    assert (entry.importance.score, entry.importance.std) == (pytest.approx(0.5), 0.1)
    (only, _) = assessor.assess(photo, regions[:2], tasks=["distortion"]).regions
    assert only.distortions == entry.distortions
    assert only.quality is None


def test_without_words_a_head_needs_neither_language_model_nor_crops(
    tiny_model, processor, photo, regions
):
    assessor = headed(tiny_model, processor)
    assert assessor.has_head
    assessor.assess(photo, regions[:3])
    counted = assessor.engine.counters
    assert (counted.prefix_tokens, counted.suffix_tokens, counted.crops_encoded) == (0, 0, 0)
    assert counted.regions_encoded == 3
    session = assessor.engine.open(photo)
    assert len(session.global_tokens) == 3
    assert not session.local_tokens
    assessor.assess(photo, regions[:3], tasks=["quality"], text=True)
    assert counted.prefix_tokens > 0
    assert (counted.regions_encoded, counted.crops_encoded) == (3, 3)
    before = session.nbytes
    session.local_tokens.clear()
    assert session.nbytes < before


def test_the_language_model_s_read_out_is_what_it_says_without_a_head(
    assessor, tiny_model, processor, photo, regions
):
    with_head = headed(tiny_model, processor)
    read = with_head.assess(photo, regions[:2], text=True, read_out="language_model")
    alone = assessor.assess(photo, regions[:2], text=True)
    other = with_head.assess(photo, regions[:2])
    for mine, wanted, head in zip(read.regions, alone.regions, other.regions, strict=True):
        assert mine.quality.score == pytest.approx(wanted.quality.score)
        assert mine.importance.probabilities == pytest.approx(wanted.importance.probabilities)
        assert mine.distortion_probabilities == pytest.approx(wanted.distortion_probabilities)
        assert mine.text == wanted.text
        assert mine.quality.score != pytest.approx(head.quality.score, abs=1e-3)
    with pytest.raises(ValueError, match="unknown read-out 'heads'; nearest: head"):
        assessor.assess(photo, regions[:1], read_out="heads")


def test_level_words_count_for_what_the_model_s_settings_say(
    assessor, tiny_model, processor, photo, regions, monkeypatch
):
    (published,) = assessor.assess(photo, regions[:1], tasks=["quality"]).regions
    weights = [0.1, 0.3, 0.5, 0.7, 0.9]
    monkeypatch.setattr(tiny_model.config, "level_weights", weights)
    (own,) = assessor.assess(photo, regions[:1], tasks=["quality"]).regions
    assert own.quality.probabilities == pytest.approx(published.quality.probabilities)
    shares = np.array(list(own.quality.probabilities.values()))
    assert own.quality.score == pytest.approx(float(shares @ weights))
    assert own.quality.std < published.quality.std


@pytest.mark.parametrize("spread", [0.02, 0.05, 0.1, 0.2, 0.35, 0.52])
def test_the_likeliest_word_is_the_number_s_word(spread):
    for step in range(101):
        score = LevelScore.from_normal(QUALITY, step / 100, spread)
        shares = score.probabilities
        assert sum(shares.values()) == pytest.approx(1)
        assert score.level == QUALITY.word(step / 100)
        # On an edge both neighbours are as likely.
        assert shares[score.level] == pytest.approx(max(shares.values()), abs=1e-12)


def test_tasks_not_asked_are_none_and_words_come_on_request(assessor, photo, regions):
    report = assessor.assess(photo, regions[:1], tasks=["quality"], text=True)
    (entry,) = report.regions
    assert entry.importance is None
    assert entry.distortions is None
    assert list(entry.text) == ["quality"]


def test_a_whole_photo_has_no_importance_within_itself(
    assessor, tiny_model, processor, photo, regions
):
    whole = Region(np.ones_like(regions[0].mask), id="photo")
    for one in (assessor, headed(tiny_model, processor)):
        everything, part = one.assess(photo, [whole, regions[0]], text=True).regions
        assert (everything.importance, part.importance is None) == (None, False)
        assert everything.quality is not None
        assert set(part.text) - set(everything.text) == {"importance"}
        (nothing,) = one.assess(photo, [whole], tasks=["importance"], text=True).regions
        assert (nothing.importance, nothing.text) == (None, {})


def test_words_go_on_from_what_the_head_reads(tiny_model, processor, photo, regions):
    torch.manual_seed(3)
    head = RegionHead(tiny_model.config.text.hidden_size).eval()
    engine = Engine(tiny_model, processor, head=head)
    report = Assessor(engine, ModelInfo("tiny", "0", trained=False)).assess(
        photo, regions[:2], tasks=["quality", "distortion"], text=True
    )
    for region, entry in zip(regions[:2], report.regions, strict=True):
        (read,) = (
            Assessor(engine, ModelInfo("tiny", "0", trained=False)).assess(photo, [region]).regions
        )
        found = tuple((one.type, one.severity) for one in read.distortions)
        known = Findings(read.quality.level, found, read.importance.level)
        for task in ("quality", "distortion"):
            text = INSTRUCTIONS[AssessmentTask(task)]
            told_of = engine.book.free(text, known)
            session = engine.open(photo)
            assert engine.generate(session, [region], [[told_of]]) == [[entry.text[task]]]
            assert engine.generate(session, [region], [[engine.book.free(text)]]) != [
                [entry.text[task]]
            ]


def test_array_image_path_and_photo_are_the_same_photo(assessor, photo, regions, tmp_path):
    file = tmp_path / "photo.png"
    Image.fromarray(photo.pixels).save(file)
    sources = [photo, photo.pixels, Image.fromarray(photo.pixels), file, str(file)]
    reports = [assessor.assess(source, regions[:1], tasks=["quality"]) for source in sources]
    assert len({report.image.sha256 for report in reports}) == 1
    assert len({report.regions[0].quality.score for report in reports}) == 1


def test_no_region_means_the_whole_photo(assessor, photo):
    (entry,) = assessor.assess(photo, tasks=["quality"]).regions
    assert entry.region.area_fraction == 1


@pytest.mark.parametrize(
    ("arguments", "error", "complaint"),
    [
        ({"tasks": ["beauty"]}, ValueError, "beauty"),
        ({"tasks": []}, ValueError, "no task"),
        ({"regions": []}, ValueError, "no regions were given"),
    ],
)
def test_wrong_requests_are_explained(assessor, photo, arguments, error, complaint):
    with pytest.raises(error, match=complaint):
        assessor.assess(photo, **arguments)


def test_boxes_and_specs_are_regions_too(assessor, photo, regions):
    box, spec = (10, 20, 60, 70), RegionSpec(id="face", box=(0, 0, 5, 5))
    report = assessor.assess(photo, [box, spec, regions[4]], tasks=["quality"])
    assert [entry.region.id for entry in report.regions] == ["1", "face", "5"]
    assert report.regions[0].region.box == box


def test_equal_ids_and_foreign_regions_are_refused(assessor, photo, regions):
    with pytest.raises(ValueError, match="used more than once: 1"):
        assessor.assess(photo, [regions[0], regions[0]])
    other = np.zeros((20, 30, 3), np.uint8)
    with pytest.raises(ValueError, match="the photo 30x20 px"):
        assessor.assess(other, regions[:1])
    with pytest.raises(PhotoError):
        assessor.assess("no-such-photo.jpg")


def test_the_revision_follows_the_wording(tiny_model, tokenizer):
    digests = {
        Engine(
            tiny_model, SeagullProcessor(tokenizer, prompt_style=style, image_tokens=9)
        ).book.digest
        for style in STYLES
    }
    assert len(digests) == len(STYLES)


def test_boxes_come_as_tuples_lists_or_arrays(assessor, photo):
    box = (4, 6, 40, 50)
    for asked in ([box], [list(box)], np.array([box])):
        (entry,) = assessor.assess(photo, asked, tasks="quality").regions
        assert entry.region.box == box
        assert entry.importance is None


@pytest.mark.parametrize(
    ("asked", "tasks", "complaint"),
    [
        ((4, 6, 40, 50), ["quality"], "several boxes go in a list"),
        (["4,6,40,50"], ["quality"], "several boxes go in a list"),
        ([(4, 6, 40)], ["quality"], "region 1: a box is"),
        ([(4, 6, float("nan"), 50)], ["quality"], "finite"),
        ([("a", 6, 40, 50)], ["quality"], "list of numbers"),
        (None, ["qualty"], "unknown task 'qualty'; nearest: quality"),
    ],
)
def test_what_is_no_region_or_task_is_told(assessor, photo, asked, tasks, complaint):
    unchecked = inspect.unwrap(type(assessor).assess)  # people are told by us, not by beartype
    with pytest.raises(ValueError, match=complaint):
        unchecked(assessor, photo, asked, tasks=tasks)


def test_regions_of_several_photos_are_read_in_one_pass_as_each_would_be_alone(
    tiny_model, processor, photo, regions
):
    rng = np.random.default_rng(2)
    others = [Photo(rng.integers(0, 256, photo.pixels.shape, dtype=np.uint8)) for _ in range(2)]
    asked = [
        Asked(photo, regions[:3]),
        Asked(others[0], regions[2:3], (AssessmentTask.QUALITY,)),
        Asked(others[1], regions[1:5]),
        Asked(photo, regions[3:5]),
    ]
    together = headed(tiny_model, processor)
    reports = together.assess_together(asked)
    assert together.engine.counters.mask_passes == 1
    for item, report in zip(asked, reports, strict=True):
        alone = headed(tiny_model, processor).assess(item.photo, item.regions, tasks=item.tasks)
        assert report.image == alone.image
        assert len(report.regions) == len(alone.regions)
        for one, other in zip(report.regions, alone.regions, strict=True):
            assert one.quality.score == pytest.approx(other.quality.score, abs=1e-5)
            assert (one.importance is None) == (other.importance is None)


def test_photos_of_different_sizes_are_read_together_too(tiny_model, processor, photo, regions):
    wide = Photo(np.ascontiguousarray(photo.pixels[:60]))
    mask = np.zeros(wide.size, dtype=bool)
    mask[10:40, 20:90] = True
    assessor = headed(tiny_model, processor)
    first, second = assessor.assess_together(
        [Asked(photo, regions[:2]), Asked(wide, [Region(mask)])]
    )
    assert assessor.engine.counters.mask_passes == 2
    alone = headed(tiny_model, processor).assess(wide, [mask]).regions[0]
    assert second.regions[0].quality.score == pytest.approx(alone.quality.score, abs=1e-5)
    assert len(first.regions) == 2
