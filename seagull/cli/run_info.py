"""The ``models`` and ``env`` commands: what is here."""

from __future__ import annotations

import importlib.util
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from seagull.cli.services import Services
from seagull.files.home import HomeError

PACKAGES = ("torch", "torchvision", "transformers", "timm", "peft", "numpy", "pillow")
EXTRAS = {
    "sam": "segment_anything",
    "quantized": "bitsandbytes",
    "data": "pyarrow",
    "ray": "ray",
}


def run_models(services: Services) -> None:
    """Prints the models: name, weights here or not, trained or not, what it is."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("Model", "Weights", "Adapter", "About"):
        table.add_column(column, overflow="fold")
    for entry in services.models():
        table.add_row(
            Text(entry.name, style="bold"),
            _where(entry.path),
            {True: "trained", False: "untrained", None: "-"}[entry.trained],
            entry.description,
        )
    Console(highlight=False).print(table)


def run_env(services: Services) -> None:
    """Prints versions, devices, extras, and what the cache folder holds; fit for a bug report."""
    rows = [("seagull", _version("seagull-iqa")), ("python", platform.python_version())]
    rows += [("system", f"{platform.system()} {platform.machine()}")]
    rows += [(name, _version(name)) for name in PACKAGES]
    rows += [("devices", ", ".join(_devices()))]
    rows += [(f"extra [{name}]", _extra(name, module)) for name, module in EXTRAS.items()]
    rows += _cache_rows(services)
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    Console(highlight=False).print(table)


def _cache_rows(services: Services) -> list[tuple[str, str]]:
    try:
        cache = services.cache_folder()
    except HomeError as error:
        return [("cache", f"none: {error}")]
    found = sorted(path for path in cache.iterdir() if _shown(path)) if cache.is_dir() else []
    rows = [("in the cache", f"{path.name} ({_megabytes(path)})") for path in found]
    return [("cache", str(cache)), *(rows or [("in the cache", "nothing; see: seagull download")])]


def _where(path: Path | None) -> Text:
    return Text("not here" if path is None else str(path))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _extra(name: str, module: str) -> str:
    if importlib.util.find_spec(module) is not None:
        return "installed"
    return f'not installed (pip install "seagull-iqa[{name}]")'


def _devices() -> list[str]:
    try:
        import torch
    except (ImportError, OSError) as error:
        return [f"none: torch cannot be imported ({error})"]
    devices = [f"cpu ({torch.get_num_threads()} threads)"]
    devices += [
        f"cuda:{index} ({torch.cuda.get_device_name(index)})"
        for index in range(torch.cuda.device_count())
    ]
    return devices + (["mps"] if torch.backends.mps.is_available() else [])


def _shown(path: Path) -> bool:
    return not path.name.startswith(".")


def _megabytes(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return f"{sum(file.stat().st_size for file in files) / 1e6:,.0f} MB"
