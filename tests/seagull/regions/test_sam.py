"""The real segment-anything code on a tiny random ViT: one encoding, safe checkpoints."""

import pickle
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from segment_anything import SamAutomaticMaskGenerator, SamPredictor
from segment_anything.modeling import (
    ImageEncoderViT,
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoWayTransformer,
)

from seagull.photos import Photo
from seagull.regions.build import build_regions
from seagull.regions.everything import Selection
from seagull.regions.load import load_segmenter
from seagull.regions.sam import EncodedPhoto, SamSegmenter, build_sam
from seagull.regions.segmenter import GridSettings
from seagull.regions.spec import RegionSpec, box_spec

ANY_MASK = GridSettings(points_per_side=4, points_per_batch=5, pred_iou=-1e9, stability=0.0)


def tiny_sam(side: int = 64) -> Sam:
    torch.manual_seed(0)
    tokens = side // 16
    return Sam(
        image_encoder=ImageEncoderViT(
            img_size=side,
            patch_size=16,
            embed_dim=24,
            depth=3,
            num_heads=3,
            mlp_ratio=2.0,
            out_chans=16,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            window_size=2,
            global_attn_indexes=(1,),
        ),
        prompt_encoder=PromptEncoder(
            embed_dim=16,
            image_embedding_size=(tokens, tokens),
            input_image_size=(side, side),
            mask_in_chans=8,
        ),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=3,
            transformer=TwoWayTransformer(depth=2, embedding_dim=16, mlp_dim=20, num_heads=8),
            transformer_dim=16,
            iou_head_depth=3,
            iou_head_hidden_dim=12,
        ),
        pixel_mean=[123.675, 116.28, 103.53],
        pixel_std=[58.395, 57.12, 57.375],
    ).eval()


@pytest.fixture(scope="module")
def sam() -> Sam:
    with torch.random.fork_rng():
        return tiny_sam()


@pytest.fixture
def encodings(sam: Sam) -> list[int]:
    """Grows by one each time the image encoder runs."""
    counted: list[int] = []
    hook = sam.image_encoder.register_forward_hook(lambda *_: counted.append(1))
    yield counted
    hook.remove()


def photo(height: int = 48, width: int = 64, seed: int = 0) -> Photo:
    rng = np.random.default_rng(seed)
    return Photo(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_any_number_of_prompts_and_everything_cost_one_encoding(
    sam: Sam, encodings: list[int]
) -> None:
    segmenter = SamSegmenter(sam, grid=ANY_MASK)
    specs = [RegionSpec(str(i), points=((i * 9, i * 7, 1), (60, 1, 0))) for i in range(1, 5)]
    specs.append(box_spec((5, 5, 40, 40), "box", refine=True))
    built = build_regions(
        photo(), specs, everything=True, segmenter=segmenter, selection=Selection(max_area=1.0)
    )
    assert len(built.regions) > 5
    assert len(encodings) == 1


def test_prompts_answer_as_the_package_does(sam: Sam) -> None:
    image = photo()
    predictor = SamPredictor(sam)
    predictor.set_image(image.pixels)
    masks, scores, _ = predictor.predict(np.array([[20, 30]]), np.array([1]))
    found = SamSegmenter(sam).open(image).segment([(20, 30, 1)])
    assert np.array_equal(found.mask, masks[scores.argmax()])
    boxed, _, _ = predictor.predict(box=np.array([4, 5, 40, 44]), multimask_output=False)
    assert np.array_equal(SamSegmenter(sam).open(image).segment([], (4, 5, 40, 44)).mask, boxed[0])


def test_everything_is_what_the_package_generates() -> None:
    image = photo()
    with torch.random.fork_rng():
        sam = tiny_sam()
        # Most random networks give one mask everywhere; this one gives four.
        torch.manual_seed(10)
        for parameter in sam.parameters():
            torch.nn.init.normal_(parameter, std=0.7)
    theirs = SamAutomaticMaskGenerator(
        sam, points_per_side=4, pred_iou_thresh=-1e9, stability_score_thresh=0.0
    ).generate(image.pixels)
    everything = Selection(limit=1000, min_area=0.0, max_area=1.0, max_iou=1.0)
    ours = SamSegmenter(sam, grid=ANY_MASK).open(image).everything(everything)
    masks = {one["segmentation"].tobytes() for one in theirs if one["area"]}
    assert len(masks) > 2
    assert {one.mask.tobytes() for one in ours} == masks


def test_a_large_photo_is_encoded_small_and_answered_at_its_own_size(sam: Sam) -> None:
    found = SamSegmenter(sam).open(photo(300, 200)).segment([(100, 200, 1)])
    assert found.mask.shape == (300, 200)


def test_no_mask_worth_keeping_is_an_empty_answer(sam: Sam) -> None:
    strict = GridSettings(points_per_side=2, pred_iou=1e9)
    assert SamSegmenter(sam, grid=strict).open(photo()).everything(Selection()) == []


def test_an_encoded_photo_refuses_another(sam: Sam) -> None:
    encoded = EncodedPhoto(sam, photo().pixels)
    with pytest.raises(ValueError, match="another photo"):
        encoded.set_image(photo(seed=1).pixels)


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
@pytest.mark.parametrize("side", [64, 128])
def test_a_checkpoint_tells_its_own_architecture(ending: str, side: int, tmp_path: Path) -> None:
    with torch.random.fork_rng():
        original = tiny_sam(side)
    path = tmp_path / f"sam.{ending}"
    state = {name: tensor.contiguous() for name, tensor in original.state_dict().items()}
    save_file(state, path) if ending == "safetensors" else torch.save(state, path)
    loaded = load_segmenter(path)
    assert loaded.name == "sam-vit-24"
    image = photo(side, side)
    expected = SamSegmenter(original).open(image).segment([(9, 30, 1)])
    assert np.array_equal(loaded.open(image).segment([(9, 30, 1)]).mask, expected.mask)


@pytest.mark.parametrize(
    ("width", "depth", "heads", "whole"),
    [(768, 12, 12, (2, 5, 8, 11)), (1280, 32, 16, (7, 15, 23, 31))],
)
def test_published_shapes_give_the_published_network(
    width: int, depth: int, heads: int, whole: tuple[int, ...]
) -> None:
    from segment_anything import sam_model_registry

    from seagull.regions.sam import _encoder_shape

    with torch.device("meta"):
        theirs = sam_model_registry["vit_b" if width == 768 else "vit_h"]()
    shape = _encoder_shape(theirs.state_dict())
    assert shape["embed_dim"] == width
    assert (shape["depth"], shape["num_heads"], shape["window_size"]) == (depth, heads, 14)
    assert (shape["global_attn_indexes"], shape["img_size"]) == (whole, 1024)


class Harm:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("harm",)


def test_files_that_are_no_checkpoint_are_refused(
    sam: Sam, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "junk.pth").write_bytes(b"junk")
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    (tmp_path / "harm.pth").write_bytes(pickle.dumps(Harm()))
    torch.save({"model": Harm()}, tmp_path / "harm2.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(ValueError, match=r"checkpoint"):
            load_segmenter(path)
    assert "harm" not in capsys.readouterr().out


def test_missing_and_odd_tensors_are_named(sam: Sam) -> None:
    state = sam.state_dict()
    del state["mask_decoder.iou_token.weight"]
    with pytest.raises(ValueError, match="iou_token"):
        build_sam(state, "x.pth")
    with pytest.raises(ValueError, match=r"x\.pth: not a SAM checkpoint"):
        build_sam({"weight": torch.zeros(1)}, "x.pth")
