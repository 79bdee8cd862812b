"""Settings: strict, all faults at once, and every shipped training file loads."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from data_tools.config import DataConfig
from seagull.files.config import ConfigError, build_settings, load_settings, to_plain
from seagull.training.config import Source, TrainConfig


@dataclass(frozen=True)
class PlainFolder:
    output: str


CONFIGS = Path(__file__).parents[3] / "configs"
SHIPPED = sorted([*(CONFIGS / "train").glob("*.yaml"), *(CONFIGS / "nano").glob("*.yaml")])


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_settings_load_and_survive_being_written(file: Path) -> None:
    config = load_settings(TrainConfig, file)
    assert config.data.train
    assert build_settings(TrainConfig, to_plain(config)) == config


def test_there_are_settings_for_each_stage() -> None:
    stages = {load_settings(TrainConfig, file).stage.value for file in SHIPPED}
    assert stages == {"pretrain", "finetune", "mfe_only", "full"}


def test_every_fault_is_named_with_its_path() -> None:
    plain = {
        "output": "x", "stage": "second", "lora": {"rnk": 4}, "epochs": "many",
        "data": {"train": [{"path": "a", "weight": "heavy"}]},
    }  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        build_settings(TrainConfig, plain)
    lines = str(caught.value).split("\n")
    assert len(lines) == 4
    assert lines[0].startswith("stage: one of pretrain, finetune")
    assert "did you mean rank?" in lines[1]
    assert lines[2].startswith("epochs: float expected")
    assert lines[3].startswith("data.train[0].weight: float expected")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"output": ""}, "output"),
        ({"batch_size": 6, "micro_batch": 4}, "batch_size"),
        ({"trainable": ["lora", "language_model"]}, "exclude each other"),
        ({"trainable": []}, "nothing would be trained"),
        ({"quantization": "4bit", "stage": "full"}, "quantization"),
        ({"lr": {"encoder": 1.0}}, "unknown groups"),
        ({"lora": {"dropout": 1.0}}, "lora.dropout"),
        ({"loss": {"soft_levels": 2}}, "loss.soft_levels"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        build_settings(TrainConfig, {"output": "x", **changes})


def test_overrides_are_yaml_values_at_dotted_keys(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("output: a\nlr: {default: 1e-4}\n")
    config = load_settings(TrainConfig, file, ["lora.rank=4", "lr.mfe=3e-4", "deepspeed=null"])
    assert (config.lora.rank, config.rate("mfe"), config.rate("lora")) == (4, 3e-4, 1e-4)
    with pytest.raises(ConfigError, match="key=value"):
        load_settings(TrainConfig, file, ["lora.rank"])
    with pytest.raises(ConfigError, match="not a group"):
        load_settings(TrainConfig, file, ["output.a=1"])


@pytest.mark.parametrize("name", ["2024-01-01", "on", "1e3", "a: b", "x #1", "[", ""])
def test_an_override_of_text_is_taken_as_it_is_written(name: str) -> None:
    for cls in (DataConfig, PlainFolder):
        assert load_settings(cls, None, [f"output={name}"]).output == name


def test_an_override_of_optional_text_may_be_null() -> None:
    one = load_settings(TrainConfig, None, ["output=x", "adapter=2024", "deepspeed=null"])
    assert (one.adapter, one.deepspeed) == ("2024", None)


def test_a_text_in_place_of_a_list_is_a_list_of_one() -> None:
    config = load_settings(TrainConfig, None, ["output=x", "data.train=a/b.jsonl", "trainable=mfe"])
    assert config.data.train == (Source("a/b.jsonl"),)
    assert config.trainable == ("mfe",)
    several = load_settings(
        TrainConfig, None, ["output=x", "data.train=[a.jsonl, {path: b.jsonl, weight: 2}]"]
    )
    assert several.data.train == (Source("a.jsonl"), Source("b.jsonl", weight=2.0))
    assert load_settings(TrainConfig, None, ["output=x", "data.train=[]"]).data.train == ()
    assert load_settings(TrainConfig, None, ["output=x", "trainable=null"]).trainable is None
    with pytest.raises(ConfigError, match=r"data\.train: a list, got 3"):
        load_settings(TrainConfig, None, ["output=x", "data.train=3"])


def test_an_override_that_is_no_yaml_is_refused_with_its_key() -> None:
    with pytest.raises(ConfigError, match=r"run\.workers: '\[' is not a YAML value"):
        load_settings(DataConfig, None, ["run.workers=["])
