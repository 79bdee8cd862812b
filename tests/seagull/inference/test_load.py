"""From a name or folder to an assessor, and what is refused on the way."""

import pytest
from torch import nn

from seagull.inference.assessor import Assessor
from seagull.inference.engine import Engine
from seagull.inference.load import find_model, load, revision
from seagull.model.config import SeagullConfig
from seagull.model.errors import ModelError
from seagull.model.fresh import build_model, initialise_region_parts
from seagull.preprocessing.processor import SeagullProcessor
from seagull.types import ModelInfo


def test_load_folds_batch_normalisation(tiny_config, processor, photo, regions, tmp_path):
    settings = tiny_config.to_dict()
    settings["vision_config"] |= {"architecture": "tf_efficientnet_lite0", "levels": [1, 2, 3, 4]}
    model = build_model(SeagullConfig(**settings))
    initialise_region_parts(model, seed=3)
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    assessor = load(tmp_path, device="cpu")
    modules = assessor.engine.model.vision_encoder.modules()
    assert not any(isinstance(module, nn.BatchNorm2d) for module in modules)
    plain = Assessor(Engine(model.eval(), processor), ModelInfo("tiny", "0", trained=False))
    read, wanted = (
        one.assess(photo, regions[:1], tasks=["quality"]).regions[0].quality.score
        for one in (assessor, plain)
    )
    assert read == pytest.approx(wanted, abs=1e-4)


def test_load_takes_a_folder_and_says_what_is_wrong_with_a_name(
    tiny_model, processor, photo, regions, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "mine"
    tiny_model.save_pretrained(folder)
    processor.save_pretrained(folder)
    assessor = load(folder, device="cpu")
    assert assessor.info.name == "mine"
    assert not assessor.info.trained
    assert assessor.assess(photo, regions[:1]).model.revision == assessor.info.revision
    with pytest.raises(ModelError, match="seagull convert RELEASED_CHECKPOINT"):
        find_model("seagull-7b")
    with pytest.raises(ModelError, match=r"no model 'nanno'.*nearest: nano"):
        find_model("nanno")
    with pytest.raises(ModelError, match="seagull download nano"):
        load("nano")
    with pytest.raises(ModelError, match="unknown dtype 'float12'"):
        load(folder, device="cpu", dtype="float12")
    with pytest.raises(ModelError, match="unknown device 'abacus'"):
        load(folder, device="abacus")
    with pytest.raises(ModelError, match="unknown quantization '2bit'"):
        load(folder, device="cpu", quantization="2bit")


def test_a_processor_of_another_model_is_refused(tiny_model, processor, tokenizer, tmp_path):
    tiny_model.save_pretrained(tmp_path)
    for change, told in (
        ({"image_tokens": 16}, "image tokens: the processor has 16, the model 9"),
        ({"multiple": 24}, "multiple of the sides"),
        ({"crop_size": 32}, "crop size: the processor has 32, the model 64"),
    ):
        settings = {"image_tokens": 9, "max_side": 256, "crop_size": 64} | change
        SeagullProcessor(tokenizer, **settings).save_pretrained(tmp_path)
        with pytest.raises(ModelError, match=told):
            load(tmp_path, device="cpu")


def test_revision_follows_the_weights(tiny_model, tmp_path):
    tiny_model.save_pretrained(tmp_path)
    before = revision(tmp_path)
    assert revision(tmp_path) == before
    file = tmp_path / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert revision(tmp_path) != before
