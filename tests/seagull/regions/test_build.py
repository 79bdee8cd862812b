"""From specs to regions: ids, one encoding, and a segmenter only where one is needed."""

from collections.abc import Sequence

import numpy as np
import pytest

from seagull.photos import Photo
from seagull.regions.build import build_regions
from seagull.regions.everything import Candidate, Selection, select
from seagull.regions.masks import box_mask
from seagull.regions.segmenter import Point, ScaledSegmenter
from seagull.regions.spec import RegionSpec, box_spec
from seagull.types import Box

PHOTO = Photo(np.zeros((30, 40, 3), dtype=np.uint8))


class Squares:
    """A segmenter whose masks are squares around points, and two squares for everything."""

    name = "squares"
    notice = "better ones can be had"

    def __init__(self, working: tuple[int, int] = (30, 40)) -> None:
        self.working = working
        self.opened = 0
        self.prompts: list[tuple[Sequence[Point], Box | None]] = []

    def open(self, photo: Photo) -> ScaledSegmenter:
        self.opened += 1
        return ScaledSegmenter(photo, self, self.working)

    def segment(self, points: Sequence[Point], box: Box | None) -> Candidate:
        self.prompts.append((points, box))
        x, y = (int(points[0][0]), int(points[0][1])) if points else (box or (0, 0))[:2]
        return Candidate(box_mask((x, y, x + 4, y + 4), self.working), 0.9)

    def candidates(self) -> list[Candidate]:
        return [Candidate(box_mask((0, 0, n, n), self.working), n / 20) for n in (4, 12)]


class Nothing(Squares):
    def segment(self, points: Sequence[Point], box: Box | None) -> Candidate:
        return Candidate(np.zeros(self.working, dtype=np.bool_), 0.0)

    def candidates(self) -> list[Candidate]:
        return []


def test_no_segmenter_is_loaded_for_regions_that_need_none() -> None:
    def load() -> Squares:
        raise AssertionError("not needed")

    built = build_regions(
        PHOTO, [box_spec((0, 0, 5, 5)), RegionSpec("2", whole=True)], segmenter=load
    )
    assert [region.id for region in built.regions] == ["1", "2"]
    assert (built.segmenter, built.notice) == (None, None)


def test_the_photo_is_opened_once_and_automatic_ids_avoid_the_given_ones() -> None:
    segmenter = Squares()
    specs = [
        RegionSpec("2", points=((5, 6, 1),)),
        box_spec((8, 9, 20, 20), "b", refine=True),
        box_spec((0, 0, 3, 3), "c"),
    ]
    built = build_regions(PHOTO, specs, everything=True, segmenter=lambda: segmenter)
    assert [region.id for region in built.regions] == ["2", "b", "c", "1", "3"]
    assert [region.segmenter for region in built.regions] == [
        "squares", "squares", None, "squares", "squares",
    ]  # fmt: skip
    assert segmenter.opened == 1
    assert (built.segmenter, built.notice) == ("squares", "better ones can be had")
    assert built.regions[3].confidence == 0.6


def test_prompts_and_masks_are_scaled_to_the_working_size_and_back() -> None:
    segmenter = Squares(working=(15, 20))
    specs = [RegionSpec("1", points=((9, 5, 1),)), box_spec((8, 6, 20, 20), "2", refine=True)]
    built = build_regions(PHOTO, specs, segmenter=segmenter)
    assert segmenter.prompts[0][0] == [(4.25, 2.25, 1)]
    assert segmenter.prompts[1][1] == (4, 3, 10, 10)
    assert built.regions[0].box == (8, 4, 16, 12)


def test_a_plain_mistake_shows_before_a_network_is_loaded() -> None:
    def load() -> Squares:
        raise AssertionError("not yet")

    specs = [RegionSpec("1", points=((1, 1, 1),)), box_spec((90, 90, 99, 99), "2")]
    with pytest.raises(ValueError, match="region 2: box"):
        build_regions(PHOTO, specs, segmenter=load)


def test_repeated_ids_and_empty_answers_are_named() -> None:
    with pytest.raises(ValueError, match="ids must differ; used more than once: 1"):
        build_regions(PHOTO, [box_spec((0, 0, 5, 5)), box_spec((0, 0, 6, 6))])
    with pytest.raises(ValueError, match="region p: squares found nothing"):
        build_regions(PHOTO, [RegionSpec("p", points=((1, 1, 1),))], segmenter=Nothing())
    with pytest.raises(ValueError, match="found no region"):
        build_regions(PHOTO, [], everything=True, segmenter=Nothing())


def candidate(box: Box, confidence: float, stability: float = 1.0) -> Candidate:
    return Candidate(box_mask(box, (100, 100)), confidence, stability)


def test_selection_ranks_drops_duplicates_and_caps() -> None:
    good, twin = candidate((0, 0, 50, 50), 0.9), candidate((0, 0, 50, 48), 0.8)
    other, shaky = candidate((50, 50, 90, 90), 0.7), candidate((50, 0, 90, 40), 0.9, 0.5)
    speck, whole = candidate((0, 0, 2, 2), 1.0), candidate((0, 0, 100, 100), 1.0)
    mixed = [speck, twin, shaky, other, whole, good]
    assert select(mixed, Selection()) == [good, other, shaky]
    assert select(mixed, Selection(limit=1)) == [good]
    assert whole in select(mixed, Selection(max_area=1.0))
    assert twin in select(mixed, Selection(max_iou=1.0))
    assert speck in select(mixed, Selection(min_area=0.0))


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"min_area": -1}, {"max_iou": float("nan")}])
def test_selections_that_make_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"automatic|share"):
        Selection(**wrong)  # type: ignore[arg-type]
