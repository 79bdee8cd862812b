"""transformers SAM and SAM 2 with tiny random weights: one encoding, sound masks, safe loading."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    Sam2Config,
    Sam2HieraDetConfig,
    Sam2MaskDecoderConfig,
    Sam2Model,
    Sam2PromptEncoderConfig,
    Sam2VideoConfig,
    Sam2VideoModel,
    Sam2VisionConfig,
    SamConfig,
    SamMaskDecoderConfig,
    SamModel,
    SamPromptEncoderConfig,
    SamVisionConfig,
)

from seagull.files.download import DOWNLOADS
from seagull.photos import Photo
from seagull.regions.everything import Selection
from seagull.regions.load import load_segmenter
from seagull.regions.sam_hf import HfSamSegmenter
from seagull.regions.segmenter import GridSettings

ANY_MASK = GridSettings(points_per_side=4, points_per_batch=5, pred_iou=-1e9, stability=0.0)


def tiny_sam() -> SamModel:
    return SamModel(
        SamConfig(
            vision_config=SamVisionConfig(
                hidden_size=24,
                output_channels=16,
                num_hidden_layers=2,
                num_attention_heads=3,
                image_size=64,
                patch_size=16,
                window_size=2,
                global_attn_indexes=[1],
                num_pos_feats=8,
                mlp_dim=32,
            ),
            prompt_encoder_config=SamPromptEncoderConfig(
                hidden_size=16, image_size=64, patch_size=16, mask_input_channels=8
            ),
            mask_decoder_config=SamMaskDecoderConfig(
                hidden_size=16, mlp_dim=20, num_attention_heads=2, iou_head_hidden_dim=12
            ),
        )
    )


def tiny_sam2_parts() -> dict[str, Any]:
    backbone = Sam2HieraDetConfig(
        hidden_size=8,
        image_size=[64, 64],
        num_attention_heads=1,
        blocks_per_stage=[1, 2, 2, 2],
        embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 2, 4, 8],
        window_size_per_stage=[8, 4, 4, 4],
        window_positional_embedding_background_size=[4, 4],
        global_attention_blocks=[4],
    )
    return {
        "vision_config": Sam2VisionConfig(
            backbone_config=backbone,
            backbone_channel_list=[64, 32, 16, 8],
            backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]],
            fpn_hidden_size=32,
        ),
        "prompt_encoder_config": Sam2PromptEncoderConfig(
            hidden_size=32, image_size=64, patch_size=16, mask_input_channels=8
        ),
        "mask_decoder_config": Sam2MaskDecoderConfig(
            hidden_size=32, mlp_dim=20, num_attention_heads=2, iou_head_hidden_dim=12
        ),
    }


def tiny_sam2() -> Sam2Model:
    return Sam2Model(Sam2Config(**tiny_sam2_parts()))


def tiny_sam2_video() -> Sam2VideoModel:
    return Sam2VideoModel(
        Sam2VideoConfig(
            **tiny_sam2_parts(),
            image_size=64,
            num_maskmem=2,
            memory_attention_hidden_size=32,
            memory_attention_num_layers=1,
            memory_attention_num_attention_heads=1,
            memory_attention_feed_forward_hidden_size=16,
            memory_attention_rope_feat_sizes=[4, 4],
            memory_encoder_hidden_size=32,
            memory_encoder_output_channels=16,
            mask_downsampler_embed_dim=32,
            memory_fuser_num_layers=1,
            memory_fuser_embed_dim=32,
            memory_fuser_intermediate_dim=16,
        )
    )


@pytest.fixture(scope="module", params=["sam", "sam2"])
def model(request: pytest.FixtureRequest) -> SamModel | Sam2Model:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = tiny_sam() if request.param == "sam" else tiny_sam2()
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    return made


def photo(height: int = 48, width: int = 64) -> Photo:
    rng = np.random.default_rng(0)
    return Photo(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_prompts_and_everything_cost_one_encoding(model: SamModel | Sam2Model) -> None:
    counted: list[int] = []
    hook = model.vision_encoder.register_forward_hook(lambda *_: counted.append(1))
    opened = HfSamSegmenter(model, "tiny", ANY_MASK).open(photo())
    prompted = [opened.segment([(20, 20, 1), (1, 1, 0)]), opened.segment([], (5, 5, 30, 30))]
    prompted.append(opened.segment([(9, 9, 1)], (5, 5, 30, 30)))
    automatic = opened.everything(Selection(max_area=1.0))
    hook.remove()
    assert len(counted) == 1
    assert automatic
    assert {one.mask.shape for one in prompted + automatic} == {(48, 64)}


def test_a_click_answers_as_the_model_run_whole(model: SamModel | Sam2Model) -> None:
    """The pixels go through the library's own processor and the model's own forward."""
    image = photo(64, 64)
    if isinstance(model, SamModel):
        from transformers.models.sam.image_processing_sam import SamImageProcessor

        square = {"height": 64, "width": 64}
        processor = SamImageProcessor(size={"longest_edge": 64}, pad_size=square)
    else:
        from transformers.models.sam2.image_processing_sam2 import Sam2ImageProcessor

        processor = Sam2ImageProcessor(size={"height": 64, "width": 64})
    inputs = processor(image.pixels, return_tensors="pt")
    with torch.inference_mode():
        out = model(
            pixel_values=inputs["pixel_values"],
            input_points=torch.tensor([[[[20.0, 33.0]]]]),
            input_labels=torch.ones(1, 1, 1, dtype=torch.long),
            multimask_output=True,
        )
    best = int(out.iou_scores[0, 0].argmax())
    logits = torch.nn.functional.interpolate(out.pred_masks[0], (64, 64), mode="bilinear")[0, best]
    found = HfSamSegmenter(model, "tiny").open(image).segment([(20, 33, 1)])
    assert np.array_equal(found.mask, (logits > 0).numpy())


def test_a_tall_photo_is_answered_at_its_own_size(model: SamModel | Sam2Model) -> None:
    found = HfSamSegmenter(model, "tiny").open(photo(200, 90)).segment([(30, 30, 1)])
    assert found.mask.shape == (200, 90)


def test_no_mask_worth_keeping_is_an_empty_answer(model: SamModel | Sam2Model) -> None:
    strict = GridSettings(points_per_side=2, pred_iou=1e9)
    assert HfSamSegmenter(model, "tiny", strict).open(photo()).everything(Selection()) == []


def test_a_saved_folder_gives_the_same_masks(model: SamModel | Sam2Model, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path / "tiny")
    loaded = load_segmenter(tmp_path / "tiny")
    assert loaded.name in ("sam-tiny", "sam2-tiny")
    expected = HfSamSegmenter(model, "tiny").open(photo()).segment([(9, 9, 1)])
    assert np.array_equal(loaded.open(photo()).segment([(9, 9, 1)]).mask, expected.mask)


def test_a_video_checkpoint_gives_the_masks_of_its_image_part(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SAM 2 and 2.1 are published with what follows objects through videos."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        video = tiny_sam2_video()
        for parameter in video.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    folder = tmp_path / "sam2.1-hiera-tiny"
    video.save_pretrained(folder)
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    loaded = load_segmenter(folder)
    assert loaded.name == "sam2.1-hiera-tiny"
    image = Sam2Model(Sam2Config(**tiny_sam2_parts()))
    assert not image.load_state_dict(video.state_dict(), strict=False).missing_keys
    expected = HfSamSegmenter(image, "tiny", ANY_MASK).open(photo()).segment([(9, 9, 1)])
    assert np.array_equal(loaded.open(photo()).segment([(9, 9, 1)]).mask, expected.mask)
    assert caplog.messages == []  # nothing is said of the parts that are left aside


def test_the_published_sam2_tiny_has_the_size_of_the_weights_that_are_expected() -> None:
    """Its layout is that of the library's defaults: header and tensors add up to its size."""
    with torch.device("meta"):
        tensors = Sam2VideoModel(Sam2VideoConfig()).state_dict()
    end, header = 0, dict[str, Any](__metadata__={"format": "pt"})
    for name, tensor in sorted(tensors.items()):
        start, end = end, end + tensor.nbytes
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [start, end]}
    length = len(json.dumps(header, separators=(",", ":")))
    _config, weights = DOWNLOADS["sam2.1-tiny"].files
    assert weights.size == 8 + -(-length // 8) * 8 + end


def test_folders_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    with pytest.raises(ValueError, match=r"config\.json"):
        load_segmenter(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(ValueError, match="'llama' model"):
        load_segmenter(folder)
    for settings in ({"vision_config": "none"}, {"prompt_encoder_config": {"hidden_size": "a"}}):
        (folder / "config.json").write_text(json.dumps({"model_type": "sam2_video", **settings}))
        with pytest.raises(ValueError, match=r"config\.json describes no sam2_video"):
            load_segmenter(folder)
    tiny_sam().save_pretrained(folder)
    (folder / "model.safetensors").unlink()
    torch.save(tiny_sam().state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match="cannot be loaded"):
        load_segmenter(folder)


def test_missing_weights_are_counted(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    tiny_sam().save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    del state["mask_decoder.iou_token.weight"]
    save_file(state, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match="1 weights are missing, mask_decoder"):
        load_segmenter(tmp_path)
