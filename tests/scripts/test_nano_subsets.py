"""Which subset a photo is like, and its quality in each, are fitted to what the towers show."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from seagull.levels import QUALITY
from seagull.model import SeagullConfig
from seagull.model.adapter import AdapterInfo, read_adapter, save_adapter
from seagull.model.build import build_model
from seagull.model.head import head_of, read_head
from seagull.model.readers import SubsetReader
from seagull.records import InstructionRecord, RegionLabels, write_records
from seagull.regions.spec import RegionSpec
from seagull.types import AssessmentTask, Message

SCRIPTS = Path(__file__).parents[2] / "scripts"
PHOTOS, SIDE = 36, 64
GROUPS = ("vision_encoder", "mfe", "projector")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("nano_subsets")


@pytest.fixture
def config(tiny_config: SeagullConfig) -> SeagullConfig:
    settings = tiny_config.to_dict()
    settings["vision_config"] |= {"towers": 3, "scales": [1.0, 0.5, 1.0]}
    settings["mfe_config"] |= {"towers": 1, "region_tower": True, "subsets": 2}
    return SeagullConfig(**settings)


def _photos(folder: Path) -> Path:
    """Bright photos of one subset, dark ones of another, which is judged lower."""
    rng = np.random.default_rng(0)
    records = []
    for number in range(PHOTOS):
        name, light = ("b", 180) if number % 2 else ("a", 60)
        noise = int(rng.integers(5, 60))
        pixels = np.clip(light + rng.integers(-noise, noise, (SIDE, SIDE, 3)), 0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
        quality = (0.9 if number % 2 else 0.4) - noise / 200
        answer = f"The quality is {QUALITY.word(quality)}."
        records.append(
            InstructionRecord(
                id=str(number),
                image=f"{number}.png",
                regions=(RegionSpec(id="1", whole=True),),
                messages=(
                    Message("user", "Analyze the quality of this region.", ("1",)),
                    Message("assistant", answer, (), AssessmentTask.QUALITY),
                ),
                labels={"1": RegionLabels(quality=quality, metric="mos")},
                reference=f"{name} ({number}).jpg",
            )
        )
    write_records(folder / "records.jsonl", records)
    return folder / "records.jsonl"


def test_subsets_are_named_by_the_first_word(script: ModuleType) -> None:
    names, numbers = script.subsets_of(["ss02 (1).jpg", "ss01 (7).jpg", "ss02 (3).jpg"])
    assert names == ["ss01", "ss02"]
    assert numbers.tolist() == [1, 0, 1]


def test_a_reader_learns_subsets_and_a_quality_of_its_own_for_each(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Those in use are made for thousands of numbers a photo.
    monkeypatch.setattr(script, "LIKENESS_DECAY", 1e-3)
    monkeypatch.setattr(script, "QUALITY_DECAY", 1.0)
    generator = torch.Generator().manual_seed(1)
    shown = torch.randn(400, 3, 4, generator=generator)
    subset = (shown[:, 0, 0] > 0).long()
    # What lifts the quality in one subset lowers it in the other.
    slope = torch.where(subset == 1, 0.1, -0.1)
    quality = 0.5 + slope * shown[:, 1, 2].clamp(-2, 2)
    reader = SubsetReader(4, 3, range(1, 2), subsets=2)
    script.fit(reader, script.Judged(shown, quality, subset), views=1)
    likeness, _ = reader.by_subset(shown[:, None])
    assert (likeness[:, 0].argmax(dim=1) == subset).float().mean() > 0.95
    found = reader(shown[:, None])[:, 0]
    assert torch.corrcoef(torch.stack([found, quality]))[0, 1] > 0.9
    slopes = reader.quality.weight[:, 2]
    assert slopes[0] < -0.05 < 0.05 < slopes[1]


def test_the_reader_goes_into_the_adapter_and_nothing_else_changes(
    script: ModuleType,
    config: SeagullConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    torch.manual_seed(4)
    model = build_model(config)
    model.save_pretrained(tmp_path / "base")
    adapter = tmp_path / "adapter.safetensors"
    save_adapter(model, adapter, AdapterInfo(str(tmp_path / "base")), groups=GROUPS)
    _, before = read_adapter(adapter)
    records = _photos(tmp_path)
    monkeypatch.setattr(sys, "argv", ["nano_subsets.py", str(adapter), str(records)])
    script.main()
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["subsets"], said["bytes"]) == (["a", "b"], adapter.stat().st_size)
    info, after = read_adapter(adapter)
    assert info.base == str(tmp_path / "base")
    assert all(torch.equal(after[key], value) for key, value in before.items())
    added = {key: value for key, value in after.items() if key not in before}
    assert {key.split(".")[1] for key in added} == {"subsets"}
    script.main()
    again = read_adapter(adapter)[1]
    assert all(torch.equal(again[key], value) for key, value in after.items())
    reader = head_of(model).subsets
    reader.load_state_dict({k.removeprefix(script.PART): v.float() for k, v in added.items()})
    opinions = script.read_opinions(records)
    judged = script.Judged(script.look(model, opinions), opinions.quality, torch.arange(PHOTOS) % 2)
    found = script.compared(reader, judged, ["a", "b"])
    assert found["told"] > 0.9
    assert found["told_a"] + found["told_b"] == pytest.approx(2 * found["told"], abs=1e-3)
    assert found["srcc"] > 0.5
    assert read_head(adapter, head_of(model)) is None  # the rest of a head is not in it


def test_windows_depend_on_the_seed_alone(
    script: ModuleType, config: SeagullConfig, tmp_path: Path
) -> None:
    torch.manual_seed(4)
    model = build_model(config)
    opinions = script.read_opinions(_photos(tmp_path))
    whole = script.look(model, opinions)
    assert whole.shape == (PHOTOS, 3, model.mfe.tower_statistics)
    one, same, other = (script.look(model, opinions, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.allclose(one, other)
    assert not torch.allclose(one, whole)


def test_a_model_without_the_reader_is_refused(
    script: ModuleType,
    tiny_config: SeagullConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = build_model(tiny_config)
    model.save_pretrained(tmp_path / "base")
    adapter = tmp_path / "adapter.safetensors"
    save_adapter(model, adapter, AdapterInfo(str(tmp_path / "base")), groups=GROUPS)
    monkeypatch.setattr(sys, "argv", ["nano_subsets.py", str(adapter), "none.jsonl"])
    with pytest.raises(SystemExit, match=r"mfe_config\.subsets is 0"):
        script.main()
