"""The vision encoder with several towers, and what of a photo and of crops they see."""

import pytest
import torch

from seagull.model import SeagullConfig, SeagullForConditionalGeneration
from seagull.model.build import build_model
from seagull.model.seagull import initialise_region_parts
from seagull.model.vision import VisionEncoder


def test_the_levels_of_a_tower_follow_those_of_the_one_before() -> None:
    encoder = VisionEncoder("test_convnext", [0, 1], towers=2).eval()
    one, two = encoder.backbones
    assert encoder.channels == encoder.crop_channels * 2
    pixels = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        levels, alone = encoder(pixels), [*one(pixels), *two(pixels)]
        crop = encoder.first(pixels)
    assert [level.shape[1] for level in levels] == encoder.channels
    assert [64 // level.shape[2] for level in levels] == encoder.strides
    assert all(torch.equal(a, b) for a, b in zip(levels, alone, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(crop, levels[:2], strict=True))
    assert not torch.equal(levels[0], levels[2])


def test_a_vision_encoder_without_a_tower_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one, got 0"):
        VisionEncoder("test_convnext", [0, 1], towers=0)


@pytest.mark.parametrize("look", ["first", "forward"])
def test_sides_that_do_not_fit_the_stride_are_refused(look: str) -> None:
    encoder = VisionEncoder("test_convnext", [0, 1], towers=2).eval()
    with pytest.raises(ValueError, match=r"multiples of 8 px, got \(64, 60\)"):
        getattr(encoder, look)(torch.rand(1, 3, 64, 60))


@pytest.fixture(scope="module")
def two_towers(tiny_config: SeagullConfig) -> SeagullForConditionalGeneration:
    settings = tiny_config.to_dict()
    settings["vision_config"]["towers"] = 2
    torch.manual_seed(5)
    model = build_model(SeagullConfig(**settings))
    initialise_region_parts(model, 5)
    return model


@torch.inference_mode()
def test_regions_are_read_off_both_towers_and_crops_off_the_first(
    two_towers, processor, photo, regions
) -> None:
    inputs = processor.regions(photo.pixels, regions[:2])
    pixels = processor.pixels(photo.pixels)[None]
    given = inputs.masks[None], inputs.crops[None], inputs.crop_masks[None]

    def tokens():
        pyramid, context = two_towers.encode_image(pixels)
        return two_towers.region_tokens(pyramid, context, *given)

    before = tokens()
    two_towers.vision_encoder.others[0].stem_0.weight.mul_(1.5)
    after = tokens()
    assert not torch.allclose(before.global_tokens, after.global_tokens, atol=1e-4)
    assert torch.equal(before.local_tokens, after.local_tokens)
