"""A panel learns opinions, and towers of low rank learn what it reads of views of the photos."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from seagull.config import load_settings
from seagull.levels import QUALITY
from seagull.model.build import preset
from seagull.records import InstructionRecord, RegionLabels, write_records
from seagull.regions.spec import RegionSpec
from seagull.types import AssessmentTask, Message

SCRIPTS = Path(__file__).parents[2] / "scripts"
PHOTOS, SIDE, RANK = 50, 64, 2
SETTINGS = """
records: records.jsonl
output: out
views: 48
window: 64
panel:
  - {weights: net.pth, scale: 1.0, window: 32, passes: 1, count: 2}
towers:
  - {weights: net.pth, scale: 1.0, start: 0, passes: 0, rank: 2, factor_passes: 0}
  - {weights: net.pth, scale: 0.5, passes: 1, rank: 2, factor_passes: 1}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of noise with opinions, one of another size, weights by chance, and a finished run."""
    folder = tmp_path_factory.mktemp("towers")
    chance = np.random.default_rng(0)
    records = []
    for number in range(PHOTOS + 1):
        side = SIDE if number else SIDE // 2
        pixels = chance.integers(0, 256, (side, side, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        records.append(_record(number))
    write_records(folder / "records.jsonl", records)
    torch.manual_seed(0)
    torch.save(timm.create_model("tf_efficientnet_lite0").state_dict(), folder / "net.pth")
    (folder / "settings.yaml").write_text(SETTINGS)
    _run(folder)
    return folder


def _record(number: int) -> InstructionRecord:
    quality = number / PHOTOS
    return InstructionRecord(
        id=str(number),
        image=f"{number}.png",
        regions=(RegionSpec(id="1", whole=True),),
        messages=(
            Message("user", "Rate it.", ("1",)),
            Message("assistant", QUALITY.word(quality), (), AssessmentTask.QUALITY),
        ),
        labels={"1": RegionLabels(quality=quality)},
        reference=f"{number}.png",
    )


def _run(folder: Path, *overrides: str) -> str:
    command = [sys.executable, str(SCRIPTS / "nano_towers.py"), "settings.yaml", *overrides]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_shipped_settings_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    import tower_settings

    file = SCRIPTS.parent / "configs" / "towers" / "nano.yaml"
    config = load_settings(tower_settings.TowersConfig, file)
    first = config.towers[0]
    assert first.start is not None
    assert config.panel[first.start].scale == first.scale
    scales = preset("seagull-nano")["model"]["vision_config"]["scales"]
    assert [tower.scale for tower in config.towers] == scales[2:4]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["1", "2"])
def test_a_tower_differs_from_its_base_by_factors_of_that_rank_and_has_a_reader(
    folder: Path, place: str
) -> None:
    tensors = load_file(folder / "out" / "towers" / place / "adapter.safetensors")
    base = torch.load(folder / "net.pth", weights_only=True)
    changed = 0
    for key, value in tensors.items():
        name = key.removeprefix("vision_encoder.backbone.")
        if value.ndim != 4 or value.shape[2:] != (1, 1) or RANK * sum(value.shape) >= value.numel():
            continue
        own = base[name].to(torch.bfloat16).float()
        sizes = torch.linalg.svdvals((value - own).flatten(1))
        assert sizes[RANK] < 1e-5 < sizes[0], key
        changed += 1
    assert changed > 20
    assert {"inner.weight", "outer.bias", "norm.scale"} <= {
        key.removeprefix("head.readers.0.") for key in tensors
    }


@pytest.mark.slow
def test_what_is_finished_is_not_trained_again(folder: Path) -> None:
    files = sorted((folder / "out").rglob("*.safetensors"))
    before = [file.stat().st_mtime_ns for file in files]
    (folder / "out" / "towers" / "2" / "adapter.safetensors").unlink()
    assert "0-0" not in _run(folder)
    after = [file.stat().st_mtime_ns for file in files]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True] * 3 + [False]


@pytest.mark.slow
def test_a_fifth_of_the_photos_can_be_left_out_and_read(folder: Path) -> None:
    said = _run(folder, "output=inner", "inner=true")
    for name in ("0-0", "0-1", "tower-0", "tower-1"):
        found = np.load(folder / "inner" / f"{name}.npy")
        assert 0 < len(found) < PHOTOS / 2
        assert ((found >= 0) & (found <= 1)).all()
        assert f"\n{name} " in said
    assert "1 photos are not of 64x64 px: left out" in said


@pytest.mark.slow
def test_what_a_finished_run_reads_of_photos_is_compared_with_their_labels(folder: Path) -> None:
    said = _run(folder, "--read", "records.jsonl").splitlines()
    names = [line.split()[0] for line in said[1:-1]]
    assert names == ["0-0", "0-1", "tower-0", "tower-1", "panel", "towers"]
    assert json.loads(said[-1])["srcc"].keys() == set(names)


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    import tower_views

    return tower_views


def _opinions(views: ModuleType) -> object:
    pixels = torch.arange(10, dtype=torch.uint8)[:, None, None, None] * 20
    pixels = pixels + torch.arange(8, dtype=torch.uint8)[None, None, None, :]
    names = [str(number) for number in range(10)]
    return views.Opinions(pixels.expand(10, 3, 8, 8).clone(), torch.rand(10), names)


def test_views_are_windows_of_every_photo_in_turn(views: ModuleType) -> None:
    opinions = _opinions(views)
    drawn = views.draw_views(opinions, 20, 4, 7)
    assert sorted(drawn.photos[:, 0].tolist()) == sorted([*range(10)] * 2)
    shown = (drawn.show(opinions) + 1) * 127.5
    for view, photo, flipped, corner in zip(
        shown, drawn.photos[:, 0], drawn.flipped, drawn.corners[:, 0, 1], strict=True
    ):
        row = photo * 20 + corner + torch.arange(4)
        torch.testing.assert_close(view[0, 0], (row.flip(0) if flipped else row).float())
    again = views.draw_views(opinions, 20, 4, 7)
    assert torch.equal(again.corners, drawn.corners)


def test_a_share_of_the_views_has_another_photo_blended_in(views: ModuleType) -> None:
    opinions = _opinions(views)
    drawn = views.draw_views(opinions, 1000, 8, 1, blended=0.5)
    blended = drawn.shares < 1
    assert 0.4 < blended.float().mean() < 0.6
    shown = (drawn.show(opinions) + 1) * 127.5
    first, second = drawn.photos.T * 20.0
    expected = second + (first - second) * drawn.shares
    torch.testing.assert_close(shown[:, 0].mean(dim=(1, 2)), expected + 3.5)


def test_the_panel_reads_the_mean_of_what_its_networks_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    import tower_settings
    import tower_workshop

    kinds = (tower_settings.Kind("none", count=2), tower_settings.Kind("none"))
    config = tower_settings.TowersConfig("none", str(tmp_path), kinds, ())
    (tmp_path / tower_settings.PANEL).mkdir()
    for member in tower_settings.members(config):
        reading = torch.arange(4.0) + 9 * member.kind + 3 * member.place
        save_file({tower_workshop.READING: reading}, member.file(tmp_path))
    torch.testing.assert_close(tower_workshop.panel_reading(config), torch.arange(4.0) + 4)
