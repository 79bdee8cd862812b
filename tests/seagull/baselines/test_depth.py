"""Depth: maps given, estimated and guessed; near is bright in all of them."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from transformers import (
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
    DPTImageProcessor,
)

from seagull.baselines.config import BaselineConfig, DepthSettings
from seagull.baselines.depth.maps import GivenMaps, map_name
from seagull.baselines.depth.prior import depth_prior, to_bytes
from seagull.baselines.depth.sources import depth_source
from seagull.baselines.errors import BaselineError
from seagull.baselines.run_data import open_data, prepare_depth, run_depth
from seagull.files.config import build_settings
from seagull.photos import Photo
from seagull.records import InstructionRecord, RegionLabels, write_records
from seagull.regions.spec import RegionSpec
from tests.seagull.baselines.conftest import ENCODERS


def plain(height: int = 48, width: int = 64) -> np.ndarray:
    return np.full((height, width, 3), 120, np.uint8)


def test_the_prior_of_a_flat_photo_is_the_place_alone():
    near = depth_prior(plain())
    rows = np.rint(np.linspace(0, 255, 48)).astype(int)
    assert near.shape == (48, 64)
    np.testing.assert_allclose(near, np.repeat(rows[:, None], 64, 1), atol=1)


def test_what_is_in_focus_is_nearer_than_what_is_not_at_the_same_height():
    pixels = plain(64, 128)
    rng = np.random.default_rng(0)
    pixels[:, :64] += rng.integers(0, 2, (64, 64, 1), dtype=np.uint8) * 60
    near = depth_prior(pixels)
    assert near[:, :48].mean() > near[:, 80:].mean() + 30


def test_what_has_another_colour_is_nearer_than_its_surroundings():
    pixels = plain(64, 128)
    pixels[20:44, 10:34] = (200, 40, 40)
    near = depth_prior(pixels).astype(int)
    assert near[32, 22] > near[32, 100] + 20


def test_a_map_is_stretched_by_its_own_ends():
    assert to_bytes(np.array([[2.0, 3.0, 4.0]])).tolist() == [[0, 128, 255]]
    assert to_bytes(np.array([[7.0, 7.0]])).tolist() == [[128, 128]]


def test_given_maps_are_found_by_the_photos_name_or_by_its_pixels(tmp_path: Path):
    ramp = np.tile(np.arange(64, dtype=np.uint16) * 1000, (48, 1))
    cv2.imwrite(str(tmp_path / "walk.png"), ramp)
    photo = Photo(plain(), "somewhere/walk.jpg")
    near = GivenMaps(tmp_path)(photo)
    assert (near[0, 0], near[0, 63]) == (0, 255)
    unnamed = Photo(plain() + np.uint8(1))
    with pytest.raises(BaselineError, match=f"call it like the photo, or {map_name(unnamed)}.png"):
        GivenMaps(tmp_path)(unnamed)
    np.save(tmp_path / f"{map_name(unnamed)}.npy", ramp[:, ::-1].astype(np.float32))
    assert GivenMaps(tmp_path)(unnamed)[0, 0] == 255


def test_photos_of_one_name_in_different_folders_do_not_share_a_map(tmp_path: Path):
    ramp = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    cv2.imwrite(str(tmp_path / "walk.png"), ramp)
    maps = GivenMaps(tmp_path)
    here, there = Photo(plain(), "here/walk.jpg"), Photo(plain() + np.uint8(1), "there/walk.jpg")
    for _ in range(2):
        maps(here)
    with pytest.raises(BaselineError, match=r"depth of .*here/walk.jpg or of .*there/walk.jpg"):
        maps(there)
    (tmp_path / "walk.png").unlink()
    for photo, depth in ((here, ramp), (there, ramp[:, ::-1])):
        cv2.imwrite(str(tmp_path / f"{map_name(photo)}.png"), depth)
    assert (maps(here)[0, 0], maps(there)[0, 0]) == (0, 255)


def test_a_map_of_two_training_photos_is_refused_before_anything_is_learned(tmp_path: Path):
    (tmp_path / "maps").mkdir()
    cv2.imwrite(str(tmp_path / "maps" / "1.png"), plain()[..., 0])
    records = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "1.png"), plain())
        labels = {"1": RegionLabels(quality=0.5, metric="mos")}
        region = (RegionSpec("1", whole=True),)
        records.append(InstructionRecord(folder, f"{folder}/1.png", region, (), labels))
    write_records(tmp_path / "train.jsonl", records)
    config = build_settings(BaselineConfig, {
        "system": "dgiqa", "output": str(tmp_path / "run"), **ENCODERS["dgiqa"],
        "data": {"train": [{"path": str(tmp_path / "train.jsonl")}]},
        "depth": {"source": "maps", "maps": str(tmp_path / "maps")},
    })  # fmt: skip
    dataset = open_data(config, run_depth(config, "cpu")).dataset
    with pytest.raises(BaselineError, match=r"a/1.png or of .*b/1.png"):
        prepare_depth(config, dataset, lambda what, done, total: None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (np.zeros((10, 64), np.float32), "64 x 48 px, got float32 of shape"),
        (np.full((48, 64), np.nan, np.float32), "a finite number everywhere"),
        (np.array([["a"] * 64] * 48), "got <U1"),
    ],
)
def test_maps_that_cannot_be_used_are_refused(tmp_path: Path, content: np.ndarray, said: str):
    np.save(tmp_path / "walk.npy", content)
    with pytest.raises(BaselineError, match=said):
        GivenMaps(tmp_path)(Photo(plain(), "walk.jpg"))


def test_a_map_that_would_run_code_is_refused(tmp_path: Path):
    np.save(tmp_path / "walk.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(BaselineError, match="cannot be read"):
        GivenMaps(tmp_path)(Photo(plain(), "walk.jpg"))
    (tmp_path / "run.png").write_bytes(b"not a picture")
    with pytest.raises(BaselineError, match="no picture"):
        GivenMaps(tmp_path)(Photo(plain(), "run.jpg"))


@pytest.fixture(scope="module")
def estimator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A depth estimator of transformers with random weights, small enough for a test."""
    backbone = Dinov2Config(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, image_size=28, patch_size=14,
        out_indices=[1, 2, 3, 4], reshape_hidden_states=False, apply_layernorm=True,
    )  # fmt: skip
    config = DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=16, neck_hidden_sizes=[4, 4, 8, 8],
        fusion_hidden_size=8, head_hidden_size=4, patch_size=14,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("estimator")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    DPTImageProcessor(
        size={"height": 28, "width": 28}, keep_aspect_ratio=True, ensure_multiple_of=14
    ).save_pretrained(folder)
    return folder


def settings(folder: Path, **more: Any) -> DepthSettings:
    return DepthSettings(source="model", model=str(folder), **more)


def test_an_estimator_of_transformers_gives_a_map_of_the_photos_size(estimator: Path, photo: Photo):
    source = depth_source(settings(estimator), "cpu")
    near = source(photo)
    assert (near.shape, near.dtype) == (photo.size, np.uint8)
    assert (near.min(), near.max()) == (0, 255)
    assert source.name == estimator.name


def test_distances_are_turned_over_so_that_near_is_bright(estimator: Path, photo: Photo):
    inverse = depth_source(settings(estimator), "cpu")(photo).astype(int)
    distance = depth_source(settings(estimator, near="dark"), "cpu")(photo).astype(int)
    assert abs(inverse + distance - 255).max() <= 1


def test_a_map_is_estimated_once_and_kept(
    estimator: Path, photo: Photo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = depth_source(settings(estimator, cache=str(tmp_path)), "cpu")
    made = first(photo)
    second: Any = depth_source(settings(estimator, cache=str(tmp_path)), "cpu")
    monkeypatch.setattr(second, "model", None)
    np.testing.assert_array_equal(second(Photo(photo.pixels, "renamed.png")), made)


def test_what_is_no_estimator_is_said_in_one_line(tmp_path: Path):
    with pytest.raises(BaselineError, match="no depth estimator that can be had"):
        depth_source(settings(tmp_path), "cpu")
    with pytest.raises(BaselineError, match="is no folder"):
        depth_source(DepthSettings(source="maps", maps=str(tmp_path / "none")), "cpu")
