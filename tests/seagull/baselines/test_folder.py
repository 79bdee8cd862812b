"""A model folder: what it says of itself, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from seagull.baselines.assessor import BaselineAssessor, load_baseline
from seagull.baselines.config import BaselineConfig
from seagull.baselines.errors import BaselineError
from seagull.baselines.folder import About, write_folder
from seagull.baselines.learners import starting_network
from seagull.baselines.network import BaselineNetwork
from seagull.baselines.views import Views
from seagull.files.config import ConfigError
from seagull.photos import Photo
from seagull.types import AssessmentTask, ModelInfo, Region

Make = Callable[..., BaselineConfig]
BOTH = {"protocol": "mask", "tasks": ["quality", "importance"]}


HISTORY = {"step": 3, "version": "0", "data": {"train.jsonl": "ab12" * 16}, "records": 11}


def written(config: BaselineConfig, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    write_folder(folder, starting_network(config), About(config, HISTORY))
    return folder


def loaded(config: BaselineConfig, folder: Path, **depth: str) -> BaselineAssessor:
    return load_baseline(written(config, folder), device="cpu", **depth)


@pytest.mark.parametrize("system", ["qfm-iqm", "dgiqa"])
def test_a_folder_reads_as_the_network_that_was_written(
    system: str, settings: Make, tmp_path: Path, photo: Photo, regions: list[Region]
):
    config = settings(system)
    first = loaded(config, tmp_path / "a").read(photo, regions)
    second = load_baseline(tmp_path / "a", device="cpu").read(photo, regions)
    np.testing.assert_array_equal(first, second)
    assert first.shape == (21, 1)
    assert ((first >= 0) & (first <= 1)).all()


def test_it_says_that_it_is_a_reconstruction_and_what_it_was_trained_on(
    settings: Make, tmp_path: Path, records: Path
):
    assessor = loaded(settings("dgiqa"), tmp_path / "a")
    assert assessor.info.name == "dgiqa (reconstruction, depth: prior)"
    card = (tmp_path / "a" / "README.md").read_text()
    assert card.startswith("# dgiqa (reconstruction)")
    assert str(records) in card
    assert f"- SHA-256 of `train.jsonl`: `{'ab12' * 16}`\n- used: 11 photos" in card
    assert "its training is unpublished" in card
    assert json.loads((tmp_path / "a" / "baseline.json").read_text())["reconstruction"] is True
    assert loaded(settings(), tmp_path / "b").info.name == "qfm-iqm (reconstruction)"


def test_the_name_of_the_depth_follows_its_source(settings: Make, tmp_path: Path, photo: Photo):
    config = settings("dgiqa")
    constant = loaded(config, tmp_path / "a", source="constant")
    assert constant.info.name == "dgiqa (reconstruction, depth: constant)"
    whole = [Region(np.ones(photo.size, bool))]
    prior = load_baseline(tmp_path / "a", device="cpu")
    assert prior.read(photo, whole) != constant.read(photo, whole)
    with pytest.raises(ConfigError, match=r"depth\.maps: name it"):
        load_baseline(tmp_path / "a", device="cpu", source="maps")


@pytest.mark.parametrize("changes", [{}, BOTH])
def test_a_region_is_read_alike_whatever_else_is_asked(
    changes: dict[str, object], settings: Make, tmp_path: Path, photo: Photo, regions: list[Region]
):
    assessor = loaded(settings(**changes), tmp_path / "a")
    whole = Region(np.ones(photo.size, bool), id="whole")
    together = assessor.read(photo, [*regions, whole])
    for place in (0, 7, 20):
        alone = assessor.read(photo, [regions[place]])
        np.testing.assert_allclose(together[place], alone[0], atol=1e-5)
    np.testing.assert_allclose(together[-1], assessor.read(photo, [whole])[0], atol=1e-5)


class Red(BaselineNetwork):
    """Reads how red a view is on the whole, in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, views: Views) -> torch.Tensor:
        return self.scale * views.pixels[views.of, :1].mean(dim=(2, 3))


def test_a_whole_photo_is_the_mean_over_its_windows_and_a_part_its_box(settings: Make):
    # Red grows by 2 a column from 0; windows are 64 px, the shorter side has its 72 px already.
    pixels = np.zeros((72, 100, 3), np.uint8)
    pixels[..., 0] = 2 * np.arange(100)
    part = np.zeros((72, 100), bool)
    part[4:68, 30:94] = True
    config = settings(view={"windows": 3})
    assessor = BaselineAssessor(Red(), config, None, ModelInfo("red", "1", True))
    whole, box, again = assessor.read(
        Photo(pixels), [Region(np.ones((72, 100), bool)), Region(part), Region(part)]
    )
    # Each window's top and left are drawn one after the other by a fixed seed.
    rng = np.random.default_rng(42)
    lefts = [int(rng.integers(0, end)) for _ in range(3) for end in (9, 37)][1::2]
    assert len(set(lefts)) > 1
    assert whole[0] == pytest.approx(sum(2 * left + 63 for left in lefts) / 3 / 255, abs=1e-6)
    assert [box[0], again[0]] == pytest.approx([(2 * 30 + 63) / 255] * 2, abs=1e-6)


def test_depth_of_a_crop_is_that_of_the_whole_photo(settings: Make, tmp_path: Path):
    """The same pixels at the top and at the bottom lie at different depths."""
    pixels = np.tile(np.random.default_rng(0).integers(0, 255, (40, 80, 3), np.uint8), (3, 1, 1))
    top, bottom = (np.zeros((120, 80), bool) for _ in range(2))
    top[:40], bottom[80:] = True, True
    prior = loaded(settings("dgiqa"), tmp_path / "a")
    constant = loaded(settings("dgiqa"), tmp_path / "a", source="constant")
    own = [Region(top, "1"), Region(bottom, "2")]
    same, apart = constant.read(Photo(pixels), own), prior.read(Photo(pixels), own)
    assert same[0] == same[1]
    assert apart[0] != apart[1]


def test_a_report_leaves_open_what_the_baseline_does_not_know(
    settings: Make, tmp_path: Path, photo: Photo, regions: list[Region]
):
    report = loaded(settings(), tmp_path / "a").assess(photo, regions[:2])
    assert [one.importance for one in report.regions] == [None, None]
    assert [one.distortions for one in report.regions] == [None, None]
    quality = report.regions[0].quality
    assert quality is not None
    assert (quality.std, report.model.fixed_std) == (0.1, 0.1)
    both = loaded(settings(**BOTH), tmp_path / "b").assess(photo, regions[:1])
    assert both.regions[0].importance is not None


def test_what_a_baseline_cannot_answer_is_refused(settings: Make, tmp_path: Path, photo: Photo):
    assessor = loaded(settings(), tmp_path / "a")
    with pytest.raises(BaselineError, match="reads quality; that was not asked for"):
        assessor.assess(photo, tasks=[AssessmentTask.IMPORTANCE])
    with pytest.raises(BaselineError, match="in numbers only"):
        assessor.assess(photo, text=True)
    with pytest.raises(BaselineError, match="chat with another model"):
        assessor.chat(photo)


def test_folders_that_cannot_be_used_are_refused_in_words(settings: Make, tmp_path: Path):
    folder = written(settings(), tmp_path / "a")
    weights, about = folder / "model.safetensors", folder / "baseline.json"
    whole, said = weights.read_bytes(), about.read_text()
    weights.write_bytes(whole[:1000])
    with pytest.raises(BaselineError, match="damaged"):
        load_baseline(folder, device="cpu")
    weights.write_bytes(whole)
    about.write_text(said.replace('"queries": 6', '"queries": 5'))
    with pytest.raises(BaselineError, match="does not fit the settings"):
        load_baseline(folder, device="cpu")
    for text in ("{", "[]", '{"format": "seagull.baseline/1"}', said.replace("qfm-iqm", "other")):
        about.write_text(text)
        with pytest.raises(BaselineError, match=r"baseline\.json"):
            load_baseline(folder, device="cpu")
    weights.unlink()
    about.write_text(said)
    with pytest.raises(BaselineError, match="copy the whole folder"):
        load_baseline(folder, device="cpu")
    with pytest.raises(BaselineError, match="no baseline's folder"):
        load_baseline(tmp_path / "nowhere", device="cpu")


def test_an_encoder_begins_with_the_weights_of_a_file(settings: Make, tmp_path: Path):
    network = starting_network(settings(seed=1))
    state = network.encoder.backbone.state_dict()
    torch.save(state, tmp_path / "vit.pth")
    weights = {"encoder": {"weights": str(tmp_path / "vit.pth")}}
    other = starting_network(settings(seed=2, qfm_iqm=weights))
    for name, value in other.encoder.backbone.state_dict().items():
        torch.testing.assert_close(value, state[name])
    assert not torch.equal(other.decoder.panel, network.decoder.panel)
    torch.save({"cls_token": state["cls_token"]}, tmp_path / "vit.pth")
    with pytest.raises(BaselineError, match="is missing"):
        starting_network(settings(qfm_iqm=weights))
    (tmp_path / "vit.pth").write_bytes(b"nothing of the kind")
    with pytest.raises(BaselineError, match="no file of plain weights"):
        starting_network(settings(qfm_iqm=weights))
    with pytest.raises(BaselineError, match="give random, package, hub, or a weights file"):
        starting_network(settings(qfm_iqm={"encoder": {"weights": "imagenet"}}))
