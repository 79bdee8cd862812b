"""Model folders that cannot be used say why; the released checkpoint converts key by key."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from seagull.model.checkpoint import check_folder, load_model, load_processor
from seagull.model.config import SeagullConfig
from seagull.model.convert import convert_checkpoint
from seagull.model.errors import ModelError
from seagull.model.fresh import build_model
from seagull.model.presets import preset
from seagull.model.published import VISION_PREFIX, our_key


@pytest.fixture(scope="module")
def folder(tiny_model, processor, tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    tiny_model.save_pretrained(path)
    processor.save_pretrained(path)
    return path


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def load(path):
    return load_model(path, dtype=torch.float32, device="cpu")


@pytest.mark.parametrize("name", ["config.json", "processor_config.json", "tokenizer_config.json"])
def test_settings_in_utf_16_are_named(copy, name):
    file = copy / name
    file.write_text(file.read_text(), encoding="utf-16")
    with pytest.raises(ModelError, match=rf"{name}: this is UTF-16 text; save it as UTF-8"):
        check_folder(copy)


def test_missing_and_left_over_keys_are_named(copy):
    state = load_file(copy / "model.safetensors")
    state["mfe.surprise.weight"] = state.pop("mfe.merge.weight")
    save_file(state, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError) as caught:
        load(copy)
    assert "1 missing (mfe.merge.weight)" in str(caught.value)
    assert "1 left over (mfe.surprise.weight)" in str(caught.value)


def test_a_key_of_another_shape_is_named(copy):
    state = load_file(copy / "model.safetensors")
    state["mfe.merge.bias"] = torch.zeros(3)
    save_file(state, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"of another shape \(mfe.merge.bias\)"):
        load(copy)


def test_pickled_weights_are_refused_unopened(copy):
    (copy / "model.safetensors").unlink()
    (copy / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(ModelError, match="pickled"):
        load(copy)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (shutil.rmtree, "no such model folder"),
        (lambda path: (path / "config.json").unlink(), "config.json is missing"),
        (lambda path: (path / "config.json").write_text("{"), "cannot be read"),
        (lambda path: (path / "model.safetensors").unlink(), "there are no weights"),
    ],
)
def test_incomplete_folders_say_what_is_missing(copy, spoil, complaint):
    spoil(copy)
    with pytest.raises(ModelError, match=complaint):
        load(copy)


@pytest.mark.parametrize(
    "spoil", [lambda data: b"", lambda data: b"x" * 99, lambda data: data[:999]]
)
def test_damaged_weights_are_told(copy, spoil):
    file = copy / "model.safetensors"
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(ModelError, match=r"model\.safetensors: damaged, cut off"):
        load(copy)


def set_config(folder, part, **values):
    plain = json.loads((folder / "config.json").read_text())
    (plain[part] if part else plain).update(values)
    (folder / "config.json").write_text(json.dumps(plain))


@pytest.mark.parametrize(
    ("part", "values", "complaint"),
    [
        ("mfe_config", {"keys": "foo"}, "config.json cannot be read.*'positions'"),
        ("mfe_config", {"num_heads": 7}, "no possible model.*7 heads"),
        ("vision_config", {"architecture": "nope"}, "no possible model.*nope"),
        (None, {"image_level": 9}, "no possible model"),
        ("mfe_config", {"embed_dim": 4_000_000}, "of another shape"),
        ("text_config", {"hidden_size": 6_400_000}, "of another shape"),
    ],
)
def test_an_impossible_configuration_is_refused_before_it_costs_memory(
    copy, part, values, complaint
):
    set_config(copy, part, **values)
    with pytest.raises(ModelError, match=complaint):
        load(copy)


def test_code_in_a_model_folder_is_never_run_nor_asked_about(copy, monkeypatch):
    asked = []
    monkeypatch.setattr("builtins.input", lambda *words: asked.append(words) or "n")
    (copy / "evil.py").write_text("raise SystemExit('run')\n")
    file = copy / "tokenizer_config.json"
    plain = json.loads(file.read_text())
    code = {"AutoTokenizer": ["evil.T", "evil.T"]}
    file.write_text(json.dumps(plain | {"tokenizer_class": "Evil", "auto_map": code}))
    with pytest.raises(ModelError, match="the processor cannot be loaded"):
        load_processor(copy)
    code = {"AutoModelForCausalLM": "evil.T", "AutoConfig": "evil.T"}
    set_config(copy, None, text_config={"model_type": "vit", "auto_map": code})
    with pytest.raises(ModelError, match="no possible model"):
        load(copy)
    assert not asked


def test_another_kind_of_model_is_refused(copy):
    (copy / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(ModelError, match="not a Seagull model"):
        check_folder(copy)


def test_a_missing_processor_is_named(copy):
    (copy / "processor_config.json").unlink()
    with pytest.raises(ModelError, match=r"processor_config.json is missing"):
        load_processor(copy)


# The published layout at toy size: 64 px images, so keys of 16*16 ... 2*2 cells and a crop of 4*4.
TOY = {
    "vision": "test_convnext",
    "text": {
        "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 4, "max_position_embeddings": 512,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def released(tokenizer, shared, tmp_path_factory):
    """A folder like the released one, with every published key, at toy size."""
    path = tmp_path_factory.mktemp("released")
    settings = preset("seagull-7b")["model"]
    settings["vision_config"]["architecture"] = TOY["vision"]
    settings["text_config"] |= TOY["text"] | {"vocab_size": len(tokenizer)}
    settings["mfe_config"] |= {"embed_dim": 16, "num_heads": 8, "cross_dim": 8, "mlp_dim": 24}
    settings["image_size"] = settings["crop_size"] = 64
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = build_model(SeagullConfig(**settings))
    ours = model.state_dict()
    names = json.loads((shared / "fixtures/reference/state_dict_keys.json").read_text())
    state = {}
    for key in names:
        name = our_key(key)
        if name is None:
            state[key] = torch.zeros(2)
        elif name in ours:
            state[key] = ours[name].clone()
    missing = set(ours) - {our_key(key) for key in state}
    assert not missing
    (path / "config.json").write_text(json.dumps(TOY["text"] | {"vocab_size": len(tokenizer)}))
    tokenizer.save_pretrained(path)
    return path, state, model


def write_bins(path, state):
    items = list(state.items())
    torch.save(dict(items[::2]), path / "pytorch_model-00001-of-00002.bin")
    torch.save(dict(items[1::2]), path / "pytorch_model-00002-of-00002.bin")


@torch.inference_mode()
def test_conversion_of_pickled_shards_keeps_every_number(released, tmp_path, photo, regions):
    source, state, model = released
    reference = shutil.copytree(source, tmp_path / "ref")
    write_bins(reference, state)
    out = convert_checkpoint(reference, tmp_path / "out", architecture=TOY["vision"])
    again = load(out)
    for key, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[key], value), key
    processor = load_processor(out)
    assert processor.image_tokens == 16
    assert again.config.trained
    inputs = processor.regions(photo.pixels, regions[:2])
    assert inputs.masks.shape[1:] == (64, 64)


def test_a_vision_tower_from_open_clip_fills_the_gap(released, tmp_path):
    source, state, model = released
    reference = shutil.copytree(source, tmp_path / "ref")
    tower = {key: value for key, value in state.items() if key.startswith(VISION_PREFIX)}
    rest = {key: value for key, value in state.items() if key not in tower}
    save_file(rest, reference / "model.safetensors")
    with pytest.raises(ModelError, match=r"lacks the vision tower.*--vision"):
        convert_checkpoint(reference, tmp_path / "out", architecture=TOY["vision"])
    clip = {key.removeprefix(VISION_PREFIX): value for key, value in tower.items()}
    torch.save(clip | {"transformer.width": torch.ones(1)}, tmp_path / "open_clip.bin")
    out = convert_checkpoint(
        reference, tmp_path / "out", vision=tmp_path / "open_clip.bin", architecture=TOY["vision"]
    )
    again = load(out).state_dict()
    assert all(torch.equal(again[key], value) for key, value in model.state_dict().items())


def test_conversion_names_what_is_missing_and_what_is_left_over(released, tmp_path):
    source, state, _ = released
    reference = shutil.copytree(source, tmp_path / "ref")
    wrong = dict(state)
    wrong["model.layers.7.strange.weight"] = torch.zeros(1)
    wrong["another.weight"] = wrong.pop("mask_extractor.final_mlp.weight")
    write_bins(reference, wrong)
    with pytest.raises(ModelError) as caught:
        convert_checkpoint(reference, tmp_path / "out", architecture=TOY["vision"])
    assert "1 missing: mfe.merge.weight" in str(caught.value)
    assert "another.weight" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_pickle_that_is_more_than_weights_is_refused(released, tmp_path):
    source, _, _ = released
    reference = shutil.copytree(source, tmp_path / "ref")
    torch.save({"weights": print}, reference / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot be read as plain weights"):
        convert_checkpoint(reference, tmp_path / "out")


def test_a_missing_tokenizer_is_explained(released, tmp_path):
    source, state, _ = released
    reference = shutil.copytree(source, tmp_path / "ref")
    for file in reference.glob("*token*"):
        file.unlink()
    write_bins(reference, state)
    with pytest.raises(ModelError, match="tokenizer"):
        convert_checkpoint(reference, tmp_path / "out", architecture=TOY["vision"])
