"""One command for one process, one machine or many."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seagull.files.config import ConfigError
from seagull.training.loop.launch import (
    Launch,
    deepspeed_presets,
    from_hostfile,
    prepare_deepspeed,
    relaunch,
    split_address,
    torchrun_command,
    worker_arguments,
)


def test_one_machine_stands_alone() -> None:
    command = torchrun_command(Launch(), 8, ["train", "c.yaml", "a=1"])
    assert command[3:] == [
        "--nproc-per-node=8",
        "--standalone",
        "-m",
        "seagull",
        "train",
        "c.yaml",
        "a=1",
    ]


def test_a_master_of_one_machine_is_said_not_to_be_used() -> None:
    said: list[str] = []
    relaunch(Launch(processes=1, master="there:29500"), ["train"], "cpu", said.append)
    assert len(said) == 1
    assert "--master is not used" in said[0]


def test_many_machines_meet_at_the_master() -> None:
    command = torchrun_command(Launch(nodes=4, node_rank=2, master="a:99"), 8, [])
    assert {"--nnodes=4", "--node-rank=2", "--master-addr=a", "--master-port=99"} < set(command)
    with pytest.raises(ConfigError, match="--master"):
        torchrun_command(Launch(nodes=2), 8, [])
    with pytest.raises(ConfigError, match="from 0 to 1"):
        torchrun_command(Launch(nodes=2, node_rank=2, master="a"), 8, [])


@pytest.mark.parametrize(
    ("master", "address"),
    [
        ("a", ("a", 29517)),
        ("a.b:99", ("a.b", 99)),
        ("[::1]:99", ("::1", 99)),
        ("[::1]", ("::1", 29517)),
        ("fe80::1", ("fe80::1", 29517)),
    ],
)
def test_a_master_is_a_host_with_or_without_a_port(master: str, address: tuple[str, int]) -> None:
    assert split_address(master) == address


@pytest.mark.parametrize("master", ["a:b", "a:0", "a:70000", "a:-1", ":99"])
def test_a_port_that_is_none_is_named(master: str) -> None:
    with pytest.raises(ConfigError, match="--master"):
        split_address(master)


def test_processes_get_no_option_that_torchrun_could_take(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        words = worker_arguments(Path("-c.yaml"), ["a=1"])
    assert words == ["train", str(tmp_path / "-c.yaml"), "a=1"]


def test_a_hostfile_says_who_is_who(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("# two machines\nalpha.local slots=4\nbeta slots=4  # second\n")
    found = from_hostfile(Launch(hostfile=file), "beta.local")
    assert (found.processes, found.nodes, found.node_rank) == (4, 2, 1)
    assert found.master == "alpha.local:29517"
    with pytest.raises(ConfigError, match="gamma, is not among"):
        from_hostfile(Launch(hostfile=file), "gamma")
    file.write_text("alpha four\n")
    with pytest.raises(ConfigError, match="HOST slots=N"):
        from_hostfile(Launch(hostfile=file), "alpha")


def test_deepspeed_presets_are_found_by_name(tmp_path: Path) -> None:
    pytest.importorskip("deepspeed")
    assert deepspeed_presets() == ["zero2", "zero2_offload", "zero3", "zero3_offload"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RANK", "0")
        assert prepare_deepspeed("zero3", "cpu")["zero_optimization"]["stage"] == 3
        with pytest.raises(ConfigError, match="neither a file nor one of zero2"):
            prepare_deepspeed("zero4", "cpu")


@pytest.mark.parametrize("launched", [True, False])
def test_a_process_of_torchrun_ends_without_what_python_does_at_its_end(launched: bool) -> None:
    code = (
        "import atexit\n"
        "from seagull.training.loop.launch import end_process\n"
        "atexit.register(print, 'late')\n"
        "print('done')\n"
        "end_process()\n"
        "print('further')\n"
    )
    environment = {key: value for key, value in os.environ.items() if "TORCHELASTIC" not in key}
    if launched:
        environment["TORCHELASTIC_RUN_ID"] = "one"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split() == (["done"] if launched else ["done", "further", "late"])
