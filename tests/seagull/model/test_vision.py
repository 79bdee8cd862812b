"""The vision encoder with several towers, and what of a photo and of crops they see."""

import pytest
import torch

from seagull.model import SeagullConfig, SeagullForConditionalGeneration
from seagull.model.build import build_model
from seagull.model.head import head_of, side_view
from seagull.model.seagull import initialise_region_parts
from seagull.model.vision import VisionEncoder, reduced, reduced_side


def test_the_levels_of_a_tower_follow_those_of_the_one_before() -> None:
    encoder = VisionEncoder("test_convnext", [0, 1], towers=2).eval()
    one, two = encoder.backbones
    assert encoder.channels == encoder.crop_channels * 2
    pixels = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        levels, alone = encoder(pixels), [*one(pixels), *two(pixels)]
        crop = encoder.first(pixels)
    assert [level.shape[1] for level in levels] == encoder.channels
    assert [64 // level.shape[2] for level in levels] == encoder.strides * 2
    assert all(torch.equal(a, b) for a, b in zip(levels, alone, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(crop, levels[:2], strict=True))
    assert not torch.equal(levels[0], levels[2])


def test_a_tower_of_half_scale_sees_the_photo_at_half_its_sides() -> None:
    encoder = VisionEncoder("test_convnext", [0, 1], towers=3, scales=[1, 0.5, 0.5]).eval()
    # Even gradients look the same at any scale, so a filter that shifts or darkens would show.
    rows, columns = torch.meshgrid(torch.arange(96.0), torch.arange(64.0), indexing="ij")
    pixels = (rows / 96 + columns / 64)[None, None].expand(2, 3, -1, -1)
    small = reduced(pixels, 0.5, 8)
    assert small.shape == (2, 3, 48, 32)
    torch.testing.assert_close(
        small[..., 4:-4, 4:-4],
        pixels.unfold(2, 2, 2).unfold(3, 2, 2).mean((-1, -2))[..., 4:-4, 4:-4],
    )
    with torch.inference_mode():
        levels = encoder(pixels)
        alone = [*encoder.backbone(pixels), *(x for t in encoder.others for x in t(small))]
    assert [tuple(level.shape[2:]) for level in levels[:4]] == [(24, 16), (12, 8), (12, 8), (6, 4)]
    assert all(torch.equal(a, b) for a, b in zip(levels, alone, strict=True))
    assert encoder.cells(64) == [256, 64, 64, 16, 64, 16]


@pytest.mark.parametrize(("side", "seen"), [(512, 256), (288, 160), (32, 32), (320, 160)])
def test_sides_are_reduced_up_to_the_next_multiple(side: int, seen: int) -> None:
    assert reduced_side(side, 0.5, 32) == seen


@pytest.mark.parametrize("scales", [[1.0], [1.0, 0.5, 0.5], [1.0, 0.0], [1.0, 1.5]])
def test_scales_that_do_not_go_with_the_towers_are_refused(scales: list[float]) -> None:
    with pytest.raises(ValueError, match="scales: one above 0 and at most 1 for each of 2 towers"):
        VisionEncoder("test_convnext", [0, 1], towers=2, scales=scales)


@torch.inference_mode()
def test_the_levels_of_a_tower_are_the_mean_of_its_looks_turned_back() -> None:
    encoder = VisionEncoder("test_convnext", [0, 1], towers=3, looks=[1, 2, 3]).eval()
    pixels = torch.rand(2, 3, 64, 96)
    once, mirrored, all_three = (
        backbone(pixels)
        + [level.flip(3) for level in backbone(pixels.flip(3))]
        + [level.flip(2) for level in backbone(pixels.flip(2))]
        for backbone in encoder.backbones
    )
    wanted = [
        *once[:2],
        *(torch.stack(mirrored[number:4:2]).mean(dim=0) for number in range(2)),
        *(torch.stack(all_three[number::2]).mean(dim=0) for number in range(2)),
    ]
    levels = encoder(pixels)
    torch.testing.assert_close(levels, wanted)
    # Twice looked at, a photo and its mirror image show the same.
    turned = encoder.look(pixels.flip(3), [1])
    torch.testing.assert_close([level.flip(3) for level in turned], levels[2:4])
    assert not torch.equal(levels[0], levels[2])


@pytest.mark.parametrize("looks", [[1], [1, 2, 3], [1, 0], [1, 4]])
def test_looks_that_do_not_go_with_the_towers_are_refused(looks: list[int]) -> None:
    with pytest.raises(ValueError, match="looks: from 1 to 3 for each of 2 towers"):
        VisionEncoder("test_convnext", [0, 1], towers=2, looks=looks)


@torch.inference_mode()
def test_what_is_read_off_a_tower_of_half_scale_is_what_it_reads_alone(
    tiny_config: SeagullConfig,
) -> None:
    def model_of(**vision) -> SeagullForConditionalGeneration:
        settings = tiny_config.to_dict()
        settings["vision_config"] |= vision
        torch.manual_seed(5)
        model = build_model(SeagullConfig(**settings))
        initialise_region_parts(model, 5)
        return model

    two = model_of(towers=2, scales=[1.0, 0.5])
    alone = model_of(scales=[0.5])
    alone.vision_encoder.backbone.load_state_dict(two.vision_encoder.others[0].state_dict())
    for level in range(4):
        own = two.mfe.keys[level + 4].state_dict()
        alone.mfe.keys[level].load_state_dict(own)
    alone.mfe.block.load_state_dict(two.mfe.block.state_dict())
    pixels = torch.rand(1, 3, 128, 64)
    (_, both), (_, half) = two.encode_image(pixels), alone.encode_image(pixels)
    assert [keys.shape[2] for keys, _ in both.levels] == [8] * 4 + [2] * 4
    for wanted, got in zip(half.levels, both.levels[4:], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(wanted, got, strict=True))


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


@torch.inference_mode()
def test_side_towers_leave_the_tokens_as_they_are(
    tiny_config: SeagullConfig, processor, photo, regions
) -> None:
    settings = tiny_config.to_dict()
    settings["vision_config"] |= {"towers": 3, "scales": [1.0, 0.5, 0.5]}
    settings["mfe_config"]["towers"] = 1
    torch.manual_seed(5)
    model = build_model(SeagullConfig(**settings))
    initialise_region_parts(model, 5)
    alone = build_model(tiny_config)
    own = model.state_dict()
    alone.load_state_dict({key: own[key] for key in alone.state_dict()})
    inputs = processor.regions(photo.pixels, regions[:2])
    pixels = processor.pixels(photo.pixels)[None]
    given = inputs.masks[None], inputs.crops[None], inputs.crop_masks[None]
    (pyramid, context), (few, plain) = model.encode_image(pixels), alone.encode_image(pixels)
    pairs = zip(
        model.region_tokens(pyramid, context, *given),
        alone.region_tokens(few, plain, *given),
        strict=True,
    )
    assert all(torch.equal(mine, theirs) for mine, theirs in pairs)
    side, nothing = model.side_view(pyramid, given[0]), alone.side_view(few, given[0])
    for tower in (0, 1):
        levels = model.mfe.pooled(pyramid[4 * (tower + 1) :][:4], given[0])
        assert torch.equal(side.statistics[:, :, tower], torch.cat(levels, dim=-1))
    assert not torch.equal(side.statistics[:, :, 0], side.statistics[:, :, 1])
    torch.testing.assert_close(side.share, given[0].float().mean(dim=(2, 3)))
    # No other tower has to be asked for that.
    alone_seen = model.side_view(model.vision_encoder.look(pixels, [1, 2]), given[0])
    assert torch.equal(alone_seen.statistics, side.statistics)
    assert nothing.statistics.shape == (1, 2, 0, model.mfe.tower_statistics)
    assert side.every.shape == nothing.statistics.shape


def test_more_towers_in_the_tokens_than_there_are_is_refused(tiny_config: SeagullConfig) -> None:
    settings = tiny_config.to_dict()
    settings["mfe_config"]["towers"] = 2
    with pytest.raises(ValueError, match=r"mfe_config\.towers: from 0 to .* 1, got 2"):
        build_model(SeagullConfig(**settings))


@torch.inference_mode()
def test_a_tower_for_regions_is_read_by_the_head_alone(
    tiny_config: SeagullConfig, processor, photo, regions
) -> None:
    settings = tiny_config.to_dict()
    settings["vision_config"] |= {"towers": 3, "scales": [1.0, 0.5, 1.0]}
    settings["mfe_config"] |= {"towers": 1, "region_tower": True}
    torch.manual_seed(5)
    model = build_model(SeagullConfig(**settings))
    initialise_region_parts(model, 5)
    assert [*model.photo_towers] == [1]
    masks = processor.regions(photo.pixels, regions[:2]).masks[None]
    pixels = processor.pixels(photo.pixels)[None]
    pyramid = model.vision_encoder(pixels)
    seen = model.vision_encoder.look(pixels, [2])
    assert all(map(torch.equal, model.region_levels(pyramid), seen))
    head = head_of(model)
    assert head.regions is not None
    side = side_view(model, head, pyramid, masks)
    assert side.statistics.shape[2] == 1
    numbers, presence = head.regions(seen, masks)
    assert torch.equal(side.numbers, numbers)
    assert torch.equal(side.presence, presence)
    assert numbers[0, 0].sub(numbers[0, 1]).abs().max() > 0
    assert side_view(model, None, pyramid, masks).numbers.shape == (1, 2, 0)


@torch.inference_mode()
def test_a_reader_of_subsets_is_shown_all_towers(
    tiny_config: SeagullConfig, processor, photo, regions
) -> None:
    settings = tiny_config.to_dict()
    settings["vision_config"] |= {"towers": 3, "scales": [1.0, 0.5, 1.0]}
    settings["mfe_config"] |= {"towers": 1, "region_tower": True, "subsets": 2}
    torch.manual_seed(5)
    model = build_model(SeagullConfig(**settings))
    initialise_region_parts(model, 5)
    masks = processor.regions(photo.pixels, regions[:2]).masks[None]
    pyramid = model.vision_encoder(processor.pixels(photo.pixels)[None])
    head = head_of(model).eval()
    assert head.subsets is not None
    assert head.subsets.judges == range(1, 2)
    side = side_view(model, head, pyramid, masks)
    for tower in range(3):
        levels = model.mfe.pooled(pyramid[4 * tower :][:4], masks)
        assert torch.equal(side.every[:, :, tower], torch.cat(levels, dim=-1))
    assert torch.equal(side.statistics, side.every[:, :, 1:2])
    assert head.subsets(side.every).shape == (1, 2)


def test_subsets_need_a_side_tower_for_photos(tiny_config: SeagullConfig) -> None:
    settings = tiny_config.to_dict()
    settings["mfe_config"]["subsets"] = 2
    with pytest.raises(ValueError, match=r"mfe_config\.subsets: there is no side tower for photos"):
        build_model(SeagullConfig(**settings))


def test_a_tower_for_regions_must_be_a_side_tower(tiny_config: SeagullConfig) -> None:
    settings = tiny_config.to_dict()
    settings["mfe_config"]["region_tower"] = True
    with pytest.raises(ValueError, match=r"mfe_config\.region_tower: there is no side tower"):
        build_model(SeagullConfig(**settings))
