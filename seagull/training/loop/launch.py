"""Starts a run in several processes: the command runs itself again under torchrun."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch

from seagull.files.config import ConfigError
from seagull.files.text import read_text

DEFAULT_PORT = 29517


@dataclass(frozen=True)
class Launch:
    """Where the processes of a run are.

    Args:
        processes: on each machine; None is one per GPU, or one where there is none.
        nodes: machines.
        node_rank: number of this machine; the first is 0.
        master: ``host`` or ``host:port`` of the first machine.
        hostfile: lines ``host slots=8``: gives nodes, this machine's rank, master and processes.
    """

    processes: int | None = None
    nodes: int = 1
    node_rank: int = 0
    master: str | None = None
    hostfile: Path | None = None


def is_launched() -> bool:
    """Whether this process is one of torchrun's."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def worker_arguments(config: Path, overrides: Sequence[str], *, debug: bool = False) -> list[str]:
    """The ``seagull`` command line of one process of a run.

    torchrun reads every word behind it, too, and takes ``--nproc`` or ``--master`` for options of
    its own. The processes need no such word: torchrun tells each who it is.
    """
    # An absolute path never begins with a dash.
    return ["train", str(config.absolute()), *overrides, *(["--debug"] if debug else [])]


def relaunch(
    launch: Launch, arguments: Sequence[str], device: str, say: Callable[[str], None]
) -> None:
    """Replaces this process by torchrun if the run has several; returns if it has one.

    Args:
        launch: where the processes are.
        arguments: of the ``seagull`` command in each process, see ``worker_arguments``.
        device: ``cpu`` starts one process unless ``launch`` asks for more.
        say: gets the message that the other machines are waited for, or that there are none.

    Raises:
        ConfigError: if the machines are not described in a way that works.
    """
    if is_launched():
        return
    resolved = from_hostfile(launch, socket.gethostname()) if launch.hostfile else launch
    if resolved.nodes == 1 and resolved.master and not launch.hostfile:
        say("one machine trains, so --master is not used; --nnodes says how many there are")
    count = resolved.processes or (max(1, torch.cuda.device_count()) if device != "cpu" else 1)
    if count == 1 and resolved.nodes == 1:
        return
    command = torchrun_command(resolved, count, arguments)
    if resolved.nodes > 1:
        say(
            f"machine {resolved.node_rank} of {resolved.nodes}: training begins when all have met "
            f"at {resolved.master}"
        )
    os.execv(command[0], command)


def torchrun_command(launch: Launch, processes: int, arguments: Sequence[str]) -> list[str]:
    """The command that starts this machine's processes.

    Raises:
        ConfigError: if several machines have no common master, or it has no such port.
    """
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}"]
    if launch.nodes == 1:
        command += ["--standalone"]
    else:
        if not launch.master:
            raise ConfigError("--nnodes: several machines need --master HOST:PORT, or a hostfile")
        if not 0 <= launch.node_rank < launch.nodes:
            raise ConfigError(f"--node-rank: from 0 to {launch.nodes - 1}, got {launch.node_rank}")
        host, port = split_address(launch.master)
        command += [
            f"--nnodes={launch.nodes}",
            f"--node-rank={launch.node_rank}",
            f"--master-addr={host}",
            f"--master-port={port}",
        ]
    return [*command, "-m", "seagull", *arguments]


def split_address(master: str) -> tuple[str, int]:
    """Host and port of ``HOST``, ``HOST:PORT``, ``[IPv6]:PORT`` or a bare IPv6 address.

    Raises:
        ConfigError: if the port is no number from 1 to 65535.
    """
    match = re.fullmatch(r"\[(.+)\](?::(.*))?|([^:]+)(?::([^:]*))?|(.*:.*:.*)", master)
    if match is None:
        raise ConfigError(f"--master: HOST or HOST:PORT, got {master!r}")
    host, port = match[1] or match[3] or match[5], match[2] or match[4] or str(DEFAULT_PORT)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ConfigError(f"--master: a port is a number from 1 to 65535, got {port!r}")
    return host, int(port)


def from_hostfile(launch: Launch, host: str) -> Launch:
    """The launch that a hostfile describes, as seen from the machine named ``host``.

    Raises:
        ConfigError: if a line is not ``HOST [slots=N]``, or this machine is not in it.
    """
    assert launch.hostfile is not None
    if not launch.hostfile.is_file():
        raise ConfigError(f"--hostfile: there is no file {launch.hostfile}")
    hosts: list[tuple[str, int | None]] = []
    for line in read_text(launch.hostfile).splitlines():
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        slots = re.fullmatch(r"slots=(\d+)", words[1]) if len(words) > 1 else None
        if len(words) > 2 or (len(words) == 2 and slots is None):
            raise ConfigError(f"--hostfile: a line is `HOST slots=N`, got {line!r}")
        hosts.append((words[0], int(slots.group(1)) if slots else None))
    names = [name for name, _ in hosts]
    short = [name.split(".", 1)[0] for name in names]
    if host.split(".", 1)[0] not in short:
        raise ConfigError(f"--hostfile: this machine, {host}, is not among {', '.join(names)}")
    rank = short.index(host.split(".", 1)[0])
    counts = {slots for _, slots in hosts}
    if len(counts) > 1:
        raise ConfigError("--hostfile: all machines need the same number of slots")
    master = launch.master or f"{names[0]}:{DEFAULT_PORT}"
    return Launch(launch.processes or counts.pop(), len(hosts), rank, master)


def deepspeed_presets() -> list[str]:
    """Names of the shipped DeepSpeed settings."""
    folder = resources.files("seagull.training.deepspeed")
    return sorted(f.name.removesuffix(".json") for f in folder.iterdir() if ".json" in f.name)


def prepare_deepspeed(preset: str, device: str) -> dict[str, Any]:
    """The settings of a preset's name or a JSON file, after making sure DeepSpeed can start.

    Raises:
        ConfigError: if it is neither, or DeepSpeed is not installed.
    """
    import json

    name, file = f"{preset}.json", Path(preset)
    if preset in deepspeed_presets():
        text = resources.files("seagull.training.deepspeed").joinpath(name).read_text("utf-8")
    elif file.is_file():
        text = read_text(file)
    else:
        raise ConfigError(
            f"deepspeed: {preset!r} is neither a file nor one of {', '.join(deepspeed_presets())}"
        )
    try:
        settings: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"deepspeed: {preset} is not JSON: {error}") from error
    try:
        import deepspeed
    except ImportError as error:
        raise ConfigError('deepspeed is missing: pip install "seagull-iqa[train]"') from error
    if device == "cpu":
        # Optional shared-memory collectives that would be compiled on first use.
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    _describe_single_process()
    return settings


def _describe_single_process() -> None:
    """Says who we are where torchrun did not; DeepSpeed would look for MPI otherwise."""
    if "RANK" in os.environ:
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    os.environ.update(
        RANK="0", LOCAL_RANK="0", WORLD_SIZE="1", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port)
    )


def leave_processes() -> None:
    """Ends the communication with the run's other processes, if there are any."""
    if not torch.distributed.is_initialized():
        return
    # Only a run that uses DeepSpeed has loaded it; it has groups of its own.
    deepspeed = sys.modules.get("deepspeed")
    if deepspeed is not None and deepspeed.comm.is_initialized():
        deepspeed.comm.destroy_process_group()
    else:
        torch.distributed.destroy_process_group()


def end_process() -> None:
    """Ends this process here if torchrun started it; its work has to be done.

    DeepSpeed holds on to the model, and so to its communication threads, for as long as Python
    runs. A thread that gives back a tensor while Python is ending takes the process down
    ("terminate called without an active exception"), and a finished run would count as failed.
    """
    if is_launched():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
