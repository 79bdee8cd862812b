"""Two networks in one adapter: the first stays as it is until it learns to use the second."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from seagull.model import SeagullConfig
from seagull.model.adapter import (
    AdapterInfo,
    apply_adapter,
    read_adapter,
    save_adapter,
    write_adapter,
)
from seagull.model.build import build_model
from seagull.model.head import GROUP, head_of
from seagull.model.lora import LoraSettings, attach_lora
from seagull.model.mfe import RegionTokens
from seagull.model.seagull import initialise_region_parts

SCRIPT = Path(__file__).parents[2] / "scripts" / "nano_join.py"
GROUPS = ("vision_encoder", "mfe", "projector", "lora")
RANK, KEPT = 4, 2


def _network(config: SeagullConfig, file: Path, seed: int) -> None:
    torch.manual_seed(seed)
    model = build_model(config)
    initialise_region_parts(model, seed)
    attach_lora(model, LoraSettings(RANK, 8.0, 0.0), seed=seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if ".lora_B." in name or "mfe.norms" in name:
                value.normal_()
    save_adapter(model, file, AdapterInfo("one", rank=RANK, alpha=8.0), groups=GROUPS)


def _config(tiny_config: SeagullConfig, towers: int) -> SeagullConfig:
    settings = tiny_config.to_dict()
    settings["vision_config"]["towers"] = towers
    settings["mfe_config"]["standardise"] = True
    return SeagullConfig(**settings)


@pytest.fixture(scope="module")
def joined(tiny_config: SeagullConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("joined")
    for seed, name in enumerate(("first", "second")):
        (folder / name).mkdir()
        _network(_config(tiny_config, 1), folder / name / "adapter.safetensors", seed)
    command = [sys.executable, str(SCRIPT), "first", "second", "out", "--rank", str(KEPT)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_joined_adapter_fits_a_model_with_two_towers(
    tiny_config: SeagullConfig, joined: Path
) -> None:
    model = build_model(_config(tiny_config, 2))
    apply_adapter(model, joined / "out" / "adapter.safetensors")
    for name, tower in zip(("first", "second"), model.vision_encoder.backbones, strict=True):
        own = load_file(joined / name / "adapter.safetensors")
        for key, value in tower.named_parameters():
            assert torch.equal(value, own[f"vision_encoder.backbone.{key}"])
    first, second = (load_file(joined / n / "adapter.safetensors") for n in ("first", "second"))
    for part in ("merge.weight", "basic.3.weight", "keys.3.project.weight", "norms.3.scale"):
        assert torch.equal(model.mfe.get_parameter(part), first[f"mfe.{part}"])
    for level in range(4):
        for part, kind in (("keys", "project.weight"), ("norms", "scale"), ("norms", "shift")):
            taken = model.mfe.get_parameter(f"{part}.{level + 4}.{kind}")
            assert torch.equal(taken, second[f"mfe.{part}.{level}.{kind}"])
    assert not any(model.mfe.basic[level].weight.any() for level in range(4, 8))


def test_a_third_tower_follows_the_second_with_a_change_of_low_rank(
    tiny_config: SeagullConfig, joined: Path
) -> None:
    base = build_model(_config(tiny_config, 3))
    (joined / "base").mkdir()
    base.save_pretrained(joined / "base")
    command = [
        sys.executable, str(SCRIPT), "out", "second", "three", "--rank", str(KEPT),
        "--towers", "3:2", "--base", "base",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=joined, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    model = build_model(_config(tiny_config, 3))
    apply_adapter(model, joined / "three" / "adapter.safetensors")
    second = load_file(joined / "second" / "adapter.safetensors")
    third = dict(model.vision_encoder.backbones[2].named_parameters())
    name = next(key for key, value in third.items() if value.ndim == 2)
    own = base.vision_encoder.backbones[2].get_parameter(name)
    values = torch.linalg.svdvals(third[name] - own)
    assert values[1] > 1e-3 > values[2]
    for key, value in third.items():
        same = torch.equal(value, second[f"vision_encoder.backbone.{key}"])
        assert same == (value.ndim != 2 or min(value.shape) <= 3), key
    assert torch.equal(model.mfe.norms[8].scale, second["mfe.norms.0.scale"])
    assert not any(model.mfe.basic[level].weight.any() for level in range(4, 12))


def _with_a_side_tower(folder: Path, known: str, kind: str, out: str) -> None:
    second = {"photos": "photos", "regions": "second"}[kind]
    command = [sys.executable, str(SCRIPT), known, second, out, "--rank", str(RANK)]
    command += ["--side", kind]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_side_towers_are_for_the_head_alone(tiny_config: SeagullConfig, joined: Path) -> None:
    first, second = (load_file(joined / n / "adapter.safetensors") for n in ("first", "second"))
    reader = {f"head.readers.0.{name}": torch.rand(3) for name in ("norm.shift", "inner.bias")}
    (joined / "photos").mkdir()
    file = joined / "photos" / "adapter.safetensors"
    write_adapter(file, second | reader, AdapterInfo("one"))
    _with_a_side_tower(joined, "first", "photos", "read")
    _with_a_side_tower(joined, "read", "photos", "twice")
    _with_a_side_tower(joined, "twice", "regions", "all")
    settings = _config(tiny_config, 4).to_dict()
    settings["mfe_config"] |= {"towers": 1, "region_tower": True}
    model = build_model(SeagullConfig(**settings))
    apply_adapter(model, joined / "all" / "adapter.safetensors", without=["head"])
    towers = zip(model.vision_encoder.backbones, (first, second, second, second), strict=True)
    for tower, own in towers:
        for key, value in tower.named_parameters():
            assert torch.equal(value, own[f"vision_encoder.backbone.{key}"])
    for key, value in model.mfe.named_parameters():
        assert torch.equal(value, first[f"mfe.{key}"])
    tensors = load_file(joined / "all" / "adapter.safetensors")
    for key, value in reader.items():
        for number in "01":
            assert torch.equal(tensors[key.replace("0", number, 1)], value)
    assert not any(key.startswith("head.readers.2") for key in tensors)


@torch.no_grad()
@pytest.mark.parametrize(("told", "its"), [("none", "none"), ("tokens", "region_tower")])
def test_a_reader_of_regions_reads_what_its_network_does(
    tiny_config: SeagullConfig, tmp_path: Path, told: str, its: str
) -> None:
    config = _config(tiny_config, 1)
    config.mfe.surroundings = told
    network = build_model(config)
    initialise_region_parts(network, 7)
    for linear in network.mfe.surroundings or ():
        torch.nn.init.normal_(linear.weight)
    for norm in network.mfe.norms or ():
        norm.scale.uniform_(0.5, 2)
    own = head_of(network)
    for name in ("first", "second"):
        file = tmp_path / name / "adapter.safetensors"
        file.parent.mkdir()
        _network(config, file, 2)
    save_adapter(network, file, AdapterInfo("one"), groups=GROUPS[:3])
    head = {GROUP + key: value for key, value in own.state_dict().items()}
    write_adapter(file, load_file(file) | head, AdapterInfo("one"))
    _with_a_side_tower(tmp_path, "first", "regions", "out")
    settings = _config(tiny_config, 2).to_dict()
    settings["mfe_config"] |= {"towers": 1, "region_tower": True, "surroundings": its}
    model = build_model(SeagullConfig(**settings))
    tensors = load_file(tmp_path / "out" / "adapter.safetensors")
    reader = head_of(model).regions
    place = "head.regions."
    parts = {k.removeprefix(place): v for k, v in tensors.items() if k.startswith(place)}
    assert reader is not None
    reader.load_state_dict(parts)
    generator = torch.Generator().manual_seed(3)
    pixels = torch.randn(1, 3, 64, 96, generator=generator)
    masks = torch.rand(1, 3, 64, 96, generator=generator) > 0.5
    pyramid, context = network.encode_image(pixels)
    seen = network.mfe.global_tokens(pyramid, context, masks)
    wanted = own(RegionTokens(seen, torch.zeros_like(seen)))
    for mine, theirs in zip(reader(pyramid, masks), wanted, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_lora_becomes_the_nearest_product_of_the_rank(joined: Path) -> None:
    before, first = read_adapter(joined / "first" / "adapter.safetensors")
    after, out = read_adapter(joined / "out" / "adapter.safetensors")
    assert (after.rank, after.alpha / after.rank) == (KEPT, before.alpha / before.rank)
    name = next(key for key in out if key.endswith(".lora_A.weight")).removesuffix("A.weight")
    whole = first[f"{name}B.weight"] @ first[f"{name}A.weight"]
    kept = out[f"{name}B.weight"] @ out[f"{name}A.weight"]
    left_out = torch.linalg.svdvals(whole)[KEPT:]
    assert left_out[0] > 1e-3
    torch.testing.assert_close((whole - kept).norm(), left_out.norm(), rtol=1e-4, atol=1e-5)


def test_the_second_network_can_be_the_mean_of_two(joined: Path) -> None:
    def join(mean: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(SCRIPT), "first", "second", "mean", "--mean", mean]
        return subprocess.run(command, cwd=joined, capture_output=True, text=True, check=False)

    assert join("first").returncode == 0
    first, second, out = (
        load_file(joined / name / "adapter.safetensors") for name in ("first", "second", "mean")
    )
    own = [key for key in second if key.startswith("vision_encoder.backbone.")]
    assert own
    for key in own:
        taken = out[key.replace("backbone", "others.0", 1)]
        assert torch.equal(taken, (first[key] + second[key]) / 2)
        assert torch.equal(out[key], first[key])
    other = join("out")
    assert other.returncode == 1
    assert other.stderr.startswith("--mean: only one of the two networks has ")
