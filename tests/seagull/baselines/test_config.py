"""Settings of baselines: the shipped ones load, and faults are named together."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seagull.baselines.config import (
    BaselineConfig,
    DgiqaSettings,
    MatchSettings,
    QfmSettings,
)
from seagull.baselines.schedule import make_optimizer, set_rates, share
from seagull.baselines.systems import build_network
from seagull.files.config import ConfigError, build_settings, load_settings, to_plain

Make = Callable[..., BaselineConfig]
SHIPPED = sorted((Path(__file__).parents[3] / "configs" / "baselines").glob("*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_settings_load_and_make_a_network(file: Path):
    config = load_settings(BaselineConfig, file)
    assert build_settings(BaselineConfig, to_plain(config)) == config
    with torch.device("meta"):
        assert build_network(config).parts()


def test_there_are_settings_for_both_systems_and_both_protocols():
    found = [load_settings(BaselineConfig, file) for file in SHIPPED]
    kinds = {(one.system, one.protocol) for one in found}
    assert kinds == {(a, b) for a in ("qfm-iqm", "dgiqa") for b in ("crop", "mask")}


def test_defaults_are_the_thresholds_of_the_reconstruction():
    match, qfm = MatchSettings(), QfmSettings()
    assert (match.quality, match.similarity, match.quantile) == (0.05, 0.5, 0.2)
    assert (match.candidates, match.memory, match.semantics) == (4, 256, "frozen")
    assert (qfm.strength, qfm.consistency, qfm.tie, qfm.beta) == (0.3, 1.0, 0.5, 0.1)
    assert (qfm.queries, qfm.heads) == (6, 6)
    assert (qfm.distil.crops, qfm.distil.spread, qfm.distil.weight) == (5, 0.05, 0.5)
    assert DgiqaSettings().correlation == 0.5


def test_every_way_of_learning_that_can_be_set_is_in_a_shipped_config():
    found = [load_settings(BaselineConfig, file) for file in SHIPPED]
    assert any(one.qfm_iqm.distil.teacher for one in found)
    assert {one.depth.source for one in found if one.system == "dgiqa"} == {"prior", "model"}
    assert {one.schedule for one in found} == {"cosine", "step"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"system": "niqe"}, "system: one of qfm-iqm, dgiqa, got 'niqe'"),
        ({"tasks": ["quality", "importance"]}, "importance cannot be told from a crop"),
        ({"tasks": ["beauty"]}, "tasks: "),
        ({"dgiqa": {"heads": 4}}, "dgiqa: settings of another system"),
        ({"system": "dgiqa", "qfm_iqm": {"heads": 4}}, "qfm_iqm: settings of another system"),
        ({"view": {"short_side": 100}}, "view.short_side: 0, or at least view.side 224"),
        ({"qfm_iqm": {"match": {"kind": "best"}}}, "qfm_iqm.match.kind: one of semantic"),
        ({"batch_size": 1}, "batch_size: a number from 2"),
        ({"depth": {"source": "maps"}}, "depth.maps: name it"),
        ({"lr": {"head": 1.0}}, r"lr: unknown groups \['head'\]"),
        ({"data": {"train": [{"path": "a", "crop": 9}]}}, "crop and together are not for"),
        (
            {"protocol": "mask", "qfm_iqm": {"distil": {"teacher": "x"}}},
            "crops that nobody labelled have no mask",
        ),
        ({"system": "dgiqa", "dgiqa": {"heads": 7}}, "7 do not divide 960 channels"),
        ({"system": "dgiqa", "dgiqa": {"channels": [8]}}, "four numbers of channels"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes: dict[str, object], said: str):
    with pytest.raises(ConfigError, match=said):
        build_settings(BaselineConfig, {"system": "qfm-iqm", "output": "x", **changes})


def test_the_rate_rises_and_then_falls(settings: Make):
    config = settings(warmup=4)
    assert [share(config, step, 104) for step in range(4)] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert share(config, 4, 104) == 1.0
    assert share(config, 54, 104) == pytest.approx(0.5)
    assert share(config, 103, 104) == pytest.approx(0.0, abs=1e-3)
    stepped = settings(warmup=0.0, schedule="step")
    rates = [share(stepped, step, 90) for step in (0, 29, 30, 59, 60, 89)]
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_encoders_have_a_rate_of_their_own_and_biases_do_not_decay(settings: Make):
    config = settings("dgiqa", lr={"encoder": 1e-5, "default": 1e-3}, weight_decay=0.1)
    network = build_network(config)
    optimizer = make_optimizer(config, network)
    set_rates(optimizer, 0.5)
    by = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    assert len(by) == len(list(network.parameters()))
    assert by[id(network.head.weight)]["lr"] == pytest.approx(5e-4)
    assert by[id(network.head.weight)]["weight_decay"] == 0.1
    assert by[id(network.head.bias)]["weight_decay"] == 0
    first = next(network.encoder_depth.parameters())
    assert by[id(first)]["lr"] == pytest.approx(5e-6)


def test_the_panel_and_places_do_not_decay(settings: Make):
    network = build_network(settings())
    optimizer = make_optimizer(settings(), network)
    by = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert by[id(network.decoder.panel)] == 0
    assert by[id(network.encoder.backbone.pos_embed)] == 0
    assert by[id(network.encoder.backbone.cls_token)] == 0
    assert by[id(network.decoder.read.weight)] > 0
