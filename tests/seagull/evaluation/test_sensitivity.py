"""Region sensitivity of predictors whose behaviour is known."""

import pytest

from seagull.evaluation.predictions import Prediction, Row
from seagull.evaluation.sensitivity import sensitivity
from seagull.records import RegionLabels, RegionOrder
from seagull.types import DistortionType

BLURRED = ((DistortionType.BLUR, "serious"),)


def photos(score, count: int = 6) -> list[Row]:
    """Each photo undistorted, and with the first of its three regions distorted."""
    rows = []
    for photo in range(count):
        for version in ("clean", "blurred"):
            for region in ("1", "2", "3"):
                found = BLURRED if version == "blurred" and region == "1" else ()
                quality = score(photo, version, region, bool(found))
                rows.append(
                    Row(f"{photo}.{version}", region, f"{photo}.{version}", str(photo),
                        RegionLabels(distortions=found), Prediction(quality=quality))
                )  # fmt: skip
    return rows


def test_a_predictor_that_looks_at_the_region():
    found = sensitivity(photos(lambda photo, version, region, bad: 0.3 if bad else 0.8))
    assert found["ranked_right"] == 1
    assert found["clean_move"] == 0
    assert found["distorted_drop"] == pytest.approx(0.5)
    assert found["fell"] == 1
    assert (found["pairs"], found["clean_regions"], found["photos"]) == (12, 12, 6)
    assert found["ci"]["ranked_right"] == (1, 1)


def test_a_predictor_that_looks_at_the_photo():
    found = sensitivity(
        photos(lambda photo, version, region, bad: 0.8 - 0.2 * (version != "clean"))
    )
    assert found["ranked_right"] == 0.5  # all ties
    assert found["clean_move"] == pytest.approx(found["distorted_drop"])
    assert found["clean_move"] == pytest.approx(0.2)


def test_pairs_are_of_one_version_of_one_photo():
    # Photos differ more than regions: comparing across photos would give another share.
    found = sensitivity(photos(lambda photo, version, region, bad: 0.1 * photo + 0.01 * bad))
    assert found["ranked_right"] == 0


def test_without_distorted_photos_there_is_nothing_to_say():
    rows = [row for row in photos(lambda *_: 0.5) if row.image.endswith("clean")]
    assert sensitivity(rows) is None


def test_scenes_of_one_photo_share_the_ids_of_regions_but_no_scores():
    rows = []
    for scene, clean in (("0", 0.9), ("1", 0.5)):
        for version in ("clean", "blurred"):
            for region in ("1", "2"):
                found = BLURRED if version == "blurred" and region == "1" else ()
                labels = RegionLabels(distortions=found, order=RegionOrder(f"m/photo.{scene}"))
                said = Prediction(quality=clean - 0.3 * bool(found))
                image = f"photo.{scene}.{version}"
                rows.append(Row(image, region, image, "photo", labels, said))
    found = sensitivity(rows)
    assert (found["clean_move"], found["clean_regions"]) == (0, 2)
    assert found["distorted_drop"] == pytest.approx(0.3)
    assert (found["fell"], found["photos"]) == (1, 1)
