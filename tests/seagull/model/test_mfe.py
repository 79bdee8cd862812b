"""The MFE against the published code's numbers, and its independence of what else is asked."""

import json
import zlib

import numpy as np
import pytest
import torch

from seagull.model.build import build_mfe, preset_config
from seagull.model.layers import mlp
from seagull.model.mfe import PyramidCrop, Standardise
from seagull.model.pooling import MaskPooling, geometry, level_weights, pool
from seagull.model.published import MFE_PREFIX, our_key

CHANNELS = [192, 384, 768, 1536]
SIDES = [128, 64, 32, 16]


def drawn(name: str, shape: list[int]) -> torch.Tensor:
    """The fixtures' rule for numbers: the name seeds them."""
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))


def weight(name: str, shape: list[int]) -> torch.Tensor:
    z = drawn(name, shape)
    if len(shape) == 1:
        return float(name.endswith("weight")) + 0.02 * z
    return z / float(np.sqrt(np.prod(shape[1:])))


@pytest.fixture(scope="module")
def published(shared):
    folder = shared / "fixtures" / "reference"
    shapes = json.loads((folder / "state_dict_keys.json").read_text())
    mfe = build_mfe(
        preset_config("seagull-7b").mfe,
        channels=CHANNELS,
        cells=[side * side for side in SIDES],
        crop_size=512,
        width=4096,
    ).eval()
    state = {}
    for key, shape in shapes.items():
        ours = our_key(key)
        if key.startswith(MFE_PREFIX) and ours is not None:
            state[ours.removeprefix("mfe.")] = weight(key.removeprefix(MFE_PREFIX), shape)
    mfe.load_state_dict(state)
    pyramid = [
        drawn(f"feature.res{level}", [1, channels, side, side])
        for level, channels, side in zip(range(2, 6), CHANNELS, SIDES, strict=True)
    ]
    return mfe, pyramid, np.load(folder / "mfe.npz")


def no_encoder(pixels: torch.Tensor) -> list[torch.Tensor]:
    raise AssertionError("the paper's local token does not use the vision encoder")


@torch.inference_mode()
def test_tokens_equal_the_published_ones_asked_alone(published):
    mfe, pyramid, numbers = published
    masks = torch.from_numpy(numbers["masks"])[None]
    crops = drawn("crops", [1, 3, 3, 512, 512])[0]
    tokens = mfe.global_tokens(pyramid, mfe.image_context(pyramid), masks)[0]
    local = mfe.local_tokens(crops, masks[0], no_encoder)
    assert np.abs(tokens.numpy() - numbers["global_alone"]).max() < 1e-3
    assert np.abs(local.numpy() - numbers["local_alone"]).max() < 1e-3
    # The published code's answers to all three at once are far from that: not what we reproduce.
    assert np.abs(tokens.numpy() - numbers["global_joint"]).max() > 1


@torch.inference_mode()
def test_a_published_region_does_not_depend_on_its_neighbours(published):
    mfe, pyramid, numbers = published
    masks = torch.from_numpy(numbers["masks"])[None]
    context = mfe.image_context(pyramid)
    together = mfe.global_tokens(pyramid, context, masks)
    reversed_ = mfe.global_tokens(pyramid, context, masks.flip(1)).flip(1)
    alone = torch.cat(
        [mfe.global_tokens(pyramid, context, masks[:, i : i + 1]) for i in range(3)], dim=1
    )
    assert (together - alone).abs().max() < 1e-4
    assert (together - reversed_).abs().max() < 1e-4


def test_a_key_of_another_model_is_an_error():
    with pytest.raises(KeyError):
        our_key("mask_extractor.res6.weight")


def test_channel_keys_refuse_another_image_size(published):
    mfe, pyramid, _ = published
    with pytest.raises(ValueError, match="own input size"):
        mfe.image_context([level[:, :, :-1] for level in pyramid])


def test_pooling_a_constant_returns_it_and_no_deviation():
    features = torch.full((1, 4, 6, 8), 2.5)
    masks = torch.zeros(1, 1, 48, 64, dtype=torch.bool)
    masks[..., 5:20, 30:50] = True
    pooled = pool(features, level_weights(masks, (6, 8), "area"), ("mean", "std"))
    assert torch.allclose(pooled[..., :4], torch.tensor(2.5))
    assert (pooled[..., 4:] < 2e-3).all()


@pytest.mark.parametrize("coverage", ["area", "touched"])
def test_pooling_ignores_what_is_outside_the_mask(coverage):
    features = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    masks = torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    masks[..., 16:32, 16:40] = True
    weights = level_weights(masks, (8, 8), coverage)
    changed = features.clone()
    changed[..., 6:, :] = 100
    assert torch.equal(pool(features, weights), pool(changed, weights))


def test_area_pooling_weighs_cells_by_their_share():
    features = torch.tensor([[[[1.0, 5.0]]]])
    masks = torch.zeros(1, 1, 8, 16, dtype=torch.bool)
    masks[..., :, :8] = True
    masks[..., :, 8:10] = True  # a quarter of the second cell
    pooled = pool(features, level_weights(masks, (1, 2), "area"))
    assert pooled.item() == pytest.approx((1 + 0.25 * 5) / 1.25)


def test_a_region_lost_between_samples_keeps_the_cells_it_touches():
    masks = torch.zeros(1, 1, 512, 512, dtype=torch.bool)
    masks[..., 0, 0] = True  # bilinear resizing to 16x16 samples rows 15 and 16 only
    weights = level_weights(masks, (16, 16), "touched")
    assert weights.sum() == 1
    assert weights[0, 0, 0, 0] == 1


def test_unknown_statistics_are_refused():
    with pytest.raises(ValueError, match="'mean' and 'std'"):
        pool(torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2), ("median",))


def test_a_local_token_sees_its_region_and_not_the_rest_of_the_crop():
    generator = torch.Generator().manual_seed(0)
    local = PyramidCrop(MaskPooling(("mean", "std"), "area"), Standardise(16), mlp([16, 16, 8]))
    masks = torch.zeros(1, 32, 32, dtype=torch.bool)
    masks[:, :16, :16] = True
    pyramid = [
        torch.randn(1, channels, side, side, generator=generator)
        for channels, side in ((3, 8), (5, 4))
    ]
    changed = [level.clone() for level in pyramid]
    for level in changed:
        level[..., level.shape[2] // 2 :, :] += 3
    assert torch.equal(local(pyramid, masks), local(changed, masks))
    assert not torch.allclose(local(pyramid, masks), local(pyramid, ~masks), atol=1e-3)


def test_geometry_knows_size_and_place_whatever_the_resolution():
    masks = torch.zeros(1, 2, 32, 64, dtype=torch.bool)
    masks[0, 0] = True
    masks[0, 1, :8, 48:] = True
    whole, corner = geometry(masks)[0]
    assert whole[[0, 1, 2]].tolist() == pytest.approx([1, 1, 0])
    assert whole[[3, 4]].tolist() == pytest.approx([0, 0], abs=1e-6)
    assert corner[0].item() == pytest.approx(1 / 16)
    assert corner[3].item() == pytest.approx(-0.75)
    assert corner[4].item() == pytest.approx(0.75)
    assert corner[5] < whole[5]
    finer = masks.repeat_interleave(3, dim=2).repeat_interleave(3, dim=3)
    torch.testing.assert_close(geometry(finer), geometry(masks), atol=2e-2, rtol=0)


@pytest.mark.parametrize("told", [True, False])
def test_mask_pooling_alone_forgets_the_size_of_a_region(told):
    config = preset_config("seagull-nano").mfe
    config.geometry = told
    mfe = build_mfe(config, channels=[4, 6], cells=None, crop_size=64, width=8).eval()
    pyramid = [torch.ones(1, 4, 8, 8), torch.ones(1, 6, 4, 4)]
    masks = torch.zeros(1, 2, 32, 32, dtype=torch.bool)
    masks[0, 0, :8, :8] = True
    masks[0, 1] = True
    with torch.inference_mode():
        small, large = mfe.global_tokens(pyramid, mfe.image_context(pyramid), masks)[0]
    assert torch.allclose(small, large, atol=1e-5) != told
