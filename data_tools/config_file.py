"""Reading settings: a strict YAML loader with ``key=value`` overrides."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from data_tools.config import ConfigError, DataConfig
from seagull.files.text import TextError, read_text


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> DataConfig:
    """The settings of a YAML file with ``key=value`` overrides (dotted keys, YAML values).

    Raises:
        ConfigError: naming every unknown key, wrong type and impossible value at once.
    """
    plain: dict[str, Any] = {}
    if path is not None:
        if not path.is_file():
            raise ConfigError(f"no settings file at {path}")
        try:
            plain = yaml.safe_load(read_text(path)) or {}
        except (yaml.YAMLError, TextError) as error:
            raise ConfigError(f"{path} is not YAML: {error}") from error
        if not isinstance(plain, dict):
            raise ConfigError(
                f"{path}: settings are `key: value` lines, got {type(plain).__name__}"
            )
    for override in overrides:
        _apply_override(plain, override)
    return config_from_dict(plain)


def config_from_dict(plain: Mapping[str, Any]) -> DataConfig:
    """The settings of plain values.

    Raises:
        ConfigError: naming every unknown key, wrong type and impossible value at once.
    """
    faults: list[str] = []
    config = _build(DataConfig, plain, "", faults)
    if faults:
        raise ConfigError("\n".join(faults))
    return typing.cast(DataConfig, config)


def _apply_override(plain: dict[str, Any], override: str) -> None:
    key, sign, text = override.partition("=")
    if not sign or not key:
        raise ConfigError(f"an override is written key=value, got {override!r}")
    *parents, last = key.split(".")
    for parent in parents:
        plain = plain.setdefault(parent, {})
        if not isinstance(plain, dict):
            raise ConfigError(f"{key}: {parent} is not a group of settings")
    plain[last] = text if key in ("input", "output") else yaml.safe_load(text)


def _build(cls: type, plain: Mapping[str, Any], path: str, faults: list[str]) -> object:
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    for key, value in plain.items():
        name = f"{path}{key}"
        if key not in hints:
            faults.append(f"{name}: unknown; known here are {', '.join(hints)}")
        elif dataclasses.is_dataclass(hints[key]):
            if isinstance(value, Mapping):
                values[key] = _build(typing.cast(type, hints[key]), value, f"{name}.", faults)
            else:
                faults.append(f"{name}: a group of settings, got {value!r}")
        else:
            try:
                values[key] = _coerce(value, hints[key])
            except TypeError as error:
                faults.append(f"{name}: {error}")
    if faults:
        return None
    try:
        return cls(**values)
    except ConfigError as error:
        faults.extend(str(error).split("\n"))
        return None


def _coerce(value: Any, hint: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        inner = next(arg for arg in typing.get_args(hint) if arg is not type(None))
        return None if value is None else _coerce(value, inner)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"a list, got {value!r}")
        return tuple(_coerce(item, typing.get_args(hint)[0]) for item in value)
    if origin is not None:
        if not isinstance(value, Mapping):
            raise TypeError(f"a group of names, got {value!r}")
        inner = typing.get_args(hint)[1]
        return {str(key): _coerce(item, inner) for key, item in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise TypeError(f"{hint.__name__} expected, got {value!r}")
    return value
