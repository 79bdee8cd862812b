"""Settings: strict, all faults at once, and every shipped training file loads."""

from pathlib import Path

import pytest

from seagull.files.config import ConfigError, build_settings, load_settings, to_plain
from seagull.training.config import TrainConfig

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
