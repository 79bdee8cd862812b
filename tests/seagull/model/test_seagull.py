"""The whole model: assembly, saving, generation, quantised loading, and the paper's shapes."""

import json

import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from seagull.model import SeagullConfig, SeagullForConditionalGeneration, SeagullProcessor
from seagull.model.assembly import fill
from seagull.model.build import image_token_count, preset_config
from seagull.model.checkpoint import load_model, load_processor
from seagull.model.convert import check_coverage
from seagull.model.errors import ModelError
from seagull.model.fresh import build_model
from seagull.model.presets import preset
from seagull.types import Message

ASK = [Message("user", "Analyze the quality of this region.", ("1",))]


def asked(processor, photo, regions, names=("1",), prefix="The quality is"):
    return processor(
        photo.pixels, regions, [Message("user", "What about it?", names)], answer_prefix=prefix
    )


@torch.inference_mode()
def test_padding_changes_nothing(tiny_model, processor, photo, regions):
    inputs = asked(processor, photo, regions)
    kwargs = inputs.to_kwargs(labels=False)
    plain = tiny_model(**kwargs).logits
    padded = kwargs | {
        "input_ids": torch.nn.functional.pad(kwargs["input_ids"], (0, 5)),
        "attention_mask": torch.nn.functional.pad(kwargs["attention_mask"], (0, 5)),
        "region_masks": torch.nn.functional.pad(kwargs["region_masks"], (0, 0, 0, 0, 0, 2)),
        "region_crops": torch.nn.functional.pad(kwargs["region_crops"], (0, 0, 0, 0, 0, 0, 0, 2)),
        "region_crop_masks": torch.nn.functional.pad(
            kwargs["region_crop_masks"], (0, 0, 0, 0, 0, 2)
        ),
        "region_markers": torch.tensor([[0, -1]]),
    }
    got = tiny_model(**padded).logits[:, : plain.shape[1]]
    assert (got - plain).abs().max() < 1e-4


@torch.inference_mode()
def test_swapping_two_regions_swaps_their_tokens(tiny_model, processor, photo, regions):
    inputs = processor.regions(photo.pixels, regions[:5])
    pixels = processor.pixels(photo.pixels)[None]
    order = torch.tensor([3, 1, 4, 0, 2])
    features, straight = tiny_model.encode(
        pixels, inputs.masks[None], inputs.crops[None], inputs.crop_masks[None]
    )
    _, permuted = tiny_model.encode(
        features,
        inputs.masks[None, order],
        inputs.crops[None, order],
        inputs.crop_masks[None, order],
    )
    for before, after in zip(straight[1:], permuted[1:], strict=True):
        assert torch.allclose(before[:, order], after, atol=1e-5)


@torch.inference_mode()
def test_the_loss_is_over_the_answer_alone(tiny_model, processor, photo, regions):
    talk = [*ASK, Message("assistant", "The quality is good.")]
    inputs = processor(photo.pixels, regions, talk)
    output = tiny_model(**inputs.to_kwargs())
    logits, labels = output.logits[0, :-1], inputs.labels[0, 1:]
    expected = torch.nn.functional.cross_entropy(logits, labels, ignore_index=-100)
    assert output.loss.item() == pytest.approx(expected.item(), rel=1e-5)


@torch.inference_mode()
def test_a_region_named_twice_takes_its_own_tokens_twice(tiny_model, processor, photo, regions):
    talk = [
        Message("user", "Is it good?", ("1",)), Message("assistant", "Yes."),
        Message("user", "Is it good?", ("2",)), Message("assistant", "Yes."),
        Message("user", "Is it good?", ("1",)),
    ]  # fmt: skip
    inputs = processor(photo.pixels, regions[:2], talk, answer_prefix="")
    assert inputs.region_masks.shape[1] == 2
    kwargs = inputs.to_kwargs(labels=False)
    order = [0, 1, 0]
    thrice = kwargs | {
        name: kwargs[name][:, order]
        for name in ("region_masks", "region_crops", "region_crop_masks")
    }
    thrice["region_markers"] = torch.tensor([[0, 1, 2]])
    assert torch.allclose(tiny_model(**kwargs).logits, tiny_model(**thrice).logits, atol=1e-4)


@torch.inference_mode()
def test_generation_equals_stepwise_argmax(tiny_model, processor, photo, regions):
    kwargs = asked(processor, photo, regions, prefix="").to_kwargs(labels=False)
    generated = tiny_model.generate(**kwargs, max_new_tokens=6, do_sample=False, eos_token_id=-1)
    ids = kwargs["input_ids"]
    for _ in range(6):
        step = kwargs | {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        ids = torch.cat([ids, tiny_model(**step).logits[:, -1:].argmax(-1)], dim=1)
    assert torch.equal(generated, ids)


@torch.inference_mode()
def test_saving_and_loading_gives_the_same_logits(tiny_model, processor, photo, regions, tmp_path):
    tiny_model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    kwargs = asked(processor, photo, regions).to_kwargs(labels=False)
    expected = tiny_model(**kwargs).logits
    again = load_model(tmp_path, dtype=torch.float32, device="cpu")
    assert torch.equal(again(**kwargs).logits, expected)
    assert list(tmp_path.glob("*.safetensors"))
    by_auto = AutoModelForImageTextToText.from_pretrained(tmp_path)
    assert isinstance(by_auto, SeagullForConditionalGeneration)
    assert isinstance(AutoProcessor.from_pretrained(tmp_path), SeagullProcessor)
    assert load_processor(tmp_path).to_dict() == processor.to_dict()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@torch.inference_mode()
def test_half_precision_stays_close(tiny_model, processor, photo, regions, tmp_path, dtype):
    tiny_model.save_pretrained(tmp_path)
    half = load_model(tmp_path, dtype=dtype, device="cpu")
    inputs = asked(processor, photo, regions)
    exact = tiny_model(**inputs.to_kwargs(labels=False)).logits[:, -1].softmax(-1)
    rough = (
        half(**inputs.to("cpu", dtype).to_kwargs(labels=False)).logits[:, -1].float().softmax(-1)
    )
    assert (exact - rough).abs().sum() < 0.2


@pytest.mark.parametrize("quantization", ["8bit", "4bit"])
@torch.inference_mode()
def test_quantised_loading_leaves_the_region_parts_alone(
    tiny_model, processor, photo, regions, tmp_path, quantization
):
    pytest.importorskip("bitsandbytes")
    tiny_model.save_pretrained(tmp_path)
    small = load_model(tmp_path, dtype=torch.float32, device="cpu", quantization=quantization)
    kinds = {type(module).__name__ for module in small.language_model.model.modules()}
    assert kinds & {"Linear4bit", "Linear8bitLt"}
    assert type(small.projector.mlp[0]) is torch.nn.Linear
    assert type(small.mfe.merge) is torch.nn.Linear
    logits = small(**asked(processor, photo, regions).to_kwargs(labels=False)).logits
    assert torch.isfinite(logits).all()


def test_counts_that_differ_raise():
    ids = torch.tensor([[5, 9, 9]])
    with pytest.raises(ValueError, match="hold \\[2\\] of them, but 3 tokens"):
        fill(torch.zeros(1, 3, 4), ids, 9, torch.ones(1, 3, 4))
    markers = torch.tensor([[2, -1, -1]])
    with pytest.raises(ValueError, match="hold \\[2\\] of them, but \\[1\\] tokens"):
        fill(torch.zeros(1, 3, 4), ids, 9, torch.ones(1, 3, 4), markers)
    with pytest.raises(ValueError, match="hold \\[2\\] of them, but 0 tokens"):
        fill(torch.zeros(1, 3, 4), ids, 9, None)


def test_regions_without_a_photo_raise(tiny_model):
    with pytest.raises(ValueError, match="without the photo"):
        tiny_model(
            input_ids=torch.tensor([[1, 2]]),
            region_masks=torch.ones(1, 1, 32, 32, dtype=torch.bool),
        )
    with pytest.raises(ValueError, match="either input_ids or inputs_embeds"):
        tiny_model()


def test_an_unknown_encoder_is_named(tiny_config):
    config = SeagullConfig(**tiny_config.to_dict())
    config.vision.architecture = "resnet_of_dreams"
    with pytest.raises(ValueError, match="resnet_of_dreams"):
        SeagullForConditionalGeneration(config)


def test_the_paper_s_model_has_every_published_key(shared):
    """All 710 keys: each is one of ours with its shape, or is known not to be used."""
    shapes = json.loads((shared / "fixtures/reference/state_dict_keys.json").read_text())
    assert len(shapes) == 710
    model = build_model(preset_config("seagull-7b"), device="meta")
    ours = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    check_coverage({key: tuple(shape) for key, shape in shapes.items()}, ours)
    without = {key: tuple(shape) for key, shape in shapes.items() if "res3.weight" not in key}
    with pytest.raises(ModelError, match=r"2 missing: mfe\.basic\.1\.weight, mfe\.keys\.1"):
        check_coverage(without, ours)


@pytest.mark.parametrize("name", ["seagull-7b", "seagull-nano"])
def test_presets_agree_with_their_own_encoder(name):
    model = build_model(preset_config(name), device="meta")
    settings = preset(name)["processor"]
    strides = model.vision_encoder.strides
    assert settings["image_tokens"] == image_token_count(model.config, strides)
    assert settings["multiple"] == strides[-1]
    assert settings["crop_size"] == model.config.crop_size
    assert settings["image_size"] == model.config.image_size
    assert preset("seagull-nano") != preset("seagull-7b")


@pytest.mark.slow
@torch.inference_mode()
def test_the_7b_shaped_path_runs_end_to_end(tokenizer, photo, regions):
    """Real widths and the real vision encoder; two of the language model's 32 layers."""
    settings = preset("seagull-7b")
    settings["model"]["text_config"]["num_hidden_layers"] = 2
    with torch.device("meta"):
        model = SeagullForConditionalGeneration(SeagullConfig(**settings["model"]))
    model = torch.nn.Module.to_empty(model, device="cpu").to(dtype=torch.bfloat16).eval()
    generator = torch.Generator().manual_seed(0)
    for tensor in model.parameters():
        tensor.uniform_(-0.02, 0.02, generator=generator)
    for tensor in model.buffers():
        tensor.fill_(0.01)
    processor = SeagullProcessor(tokenizer, **settings["processor"])
    model.config.image_token_id = processor.image_id
    model.config.global_token_id = processor.global_id
    model.config.local_token_id = processor.local_id
    inputs = asked(processor, photo, regions, names=("1", "2", "21"))
    assert (inputs.input_ids == processor.image_id).sum() == 1024
    kwargs = inputs.to("cpu", torch.bfloat16).to_kwargs(labels=False)
    logits = model(**kwargs, logits_to_keep=1).logits
    assert logits.shape == (1, 1, 32002)
    assert torch.isfinite(logits).all()
