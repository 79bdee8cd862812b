"""Which settings change which stage's output: fingerprints, and the diff of two settings."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_tools.config import DataConfig
from data_tools.state import digest_of
from seagull.photos.lists import matching

STAGE_VERSIONS: Mapping[str, int] = {
    "reference": 1,
    "masks": 1,
    "distort": 1,
    "label": 1,
    "chat": 1,
    "pack": 1,
}
"""Raised when a stage's code starts to give other output for the same settings."""
_SECTIONS: Mapping[str, tuple[str, ...]] = {"chat": ("chat", "label"), "pack": ("pack", "chat")}
_FILES = {"masks": "given"}


def output_settings(config: DataConfig) -> dict[str, Any]:
    """The settings that change what is written, with digests of the files they name."""
    plain = dataclasses.asdict(config)
    for name in ("input", "output", "run", "versions"):  # versions keep an account of their own
        plain.pop(name)
    plain["plan"].pop("max_photos")
    plain["distort"]["tables"] = _ladder_tables(config)
    plain["label"]["version"] = _metric_version(config.label.metric)
    plain["distort"].pop("ladders")
    if plain["masks"]["given_size"] == "photo":  # so that folders made before it was there go on
        plain["masks"].pop("given_size")
    for section, name in _FILES.items():
        path = plain[section][name]
        if path is not None and (files := given_files(path)):
            plain[section][name + "_digest"] = digest_files(files)
        plain[section].pop(name)
    settings: dict[str, Any] = json.loads(json.dumps(plain))
    return settings


def _ladder_tables(config: DataConfig) -> dict[str, Any]:
    from data_tools.render import load_ladders

    tables = load_ladders(config.distort.ladders).to_dict()
    return {name: table for name, table in tables.items() if name in config.distort.types}


def _metric_version(metric: str) -> str:
    from data_tools.render import load_labeller

    return load_labeller(metric).version


def stage_fingerprint(settings: Mapping[str, Any], stage: str) -> str:
    """A digest of everything but its inputs that decides a stage's output."""
    sections = {name: settings[name] for name in _SECTIONS.get(stage, (stage,))}
    text = json.dumps([stage, STAGE_VERSIONS[stage], settings["seed"], sections], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> list[str]:
    """One line per setting that differs, as ``masks.min_area: was 0.002, now 0.01``."""
    lines = []
    for key in sorted(set(old) | set(new)):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            lines += differences(before, after, f"{path}{key}.")
        elif before != after:
            lines.append(f"{path}{key}: was {_short(before)}, now {_short(after)}")
    return lines


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def given_files(pattern: str | Path) -> list[Path]:
    """The file of that name, or the files that fit a pattern, in the order of their names."""
    path = Path(pattern)
    if path.is_file():
        return [path]
    return sorted(found for found in matching(str(path)) if found.is_file())


def digest_files(paths: Sequence[Path]) -> str:
    """The digest of one file's bytes, or of several files' digests."""
    digests = [digest_file(path) for path in paths]
    return digests[0] if len(digests) == 1 else digest_of(digests)


def digest_file(path: Path) -> str:
    """BLAKE2b-128 of a file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
