"""Settings files: strict YAML into frozen dataclasses, with ``key=value`` overrides.

A settings class is a frozen dataclass whose fields are plain values, enums, tuples of them, or
other settings classes; it checks itself when made. Where a class has one setting without a default,
a text alone means that one. Every fault of a file is reported at once, by its dotted name.
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

from seagull.files.text import TextError, read_text

Settings = TypeVar("Settings")


class ConfigError(ValueError):
    """The settings cannot be used; the message lists every fault found."""


def load_settings(
    cls: type[Settings], path: Path | None, overrides: Sequence[str] = ()
) -> Settings:
    """The settings of a YAML file with ``key=value`` overrides (dotted keys, YAML values).

    Args:
        cls: the settings class.
        path: of the file; None begins with the class's defaults.
        overrides: a setting that is text is taken as it is written: ``output=2024`` is a folder;
            a text in place of a list is a list of one: ``data.train=records.jsonl``.

    Raises:
        ConfigError: naming every unknown key, wrong type and impossible value.
    """
    plain = {} if path is None else read_yaml(path)
    for override in overrides:
        apply_override(plain, override, cls)
    return build_settings(cls, plain)


def read_yaml(path: Path) -> dict[str, Any]:
    """The keys and values of a YAML file.

    Raises:
        ConfigError: if there is no such file or it is not a group of settings.
    """
    if not path.is_file():
        raise ConfigError(f"no settings file at {path}")
    try:
        plain = yaml.safe_load(read_text(path)) or {}
    except (yaml.YAMLError, TextError) as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    if not isinstance(plain, dict):
        raise ConfigError(f"{path}: settings are `key: value` lines, got {type(plain).__name__}")
    return plain


def apply_override(plain: dict[str, Any], override: str, cls: type) -> None:
    """Sets one dotted key of plain settings of a class.

    Raises:
        ConfigError: if it is not ``key=value`` or leads through a plain value.
    """
    key, sign, text = override.partition("=")
    if not sign or not key:
        raise ConfigError(f"an override is written key=value, got {override!r}")
    *parents, last = key.split(".")
    for parent in parents:
        plain = plain.setdefault(parent, {})
        if not isinstance(plain, dict):
            raise ConfigError(f"{key}: {parent} is not a group of settings")
    plain[last] = _override_value(key, text, cls)


def _override_value(key: str, text: str, cls: type) -> Any:
    hint: Any = cls
    for name in key.split("."):
        hint = typing.get_type_hints(hint).get(name) if dataclasses.is_dataclass(hint) else None
    may_be_none = set(typing.get_args(hint)) == {str, type(None)}
    if hint is str or (may_be_none and text not in ("null", "~", "")):
        return text  # YAML would make a date, a number or a truth value of some folders' names
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{key}: {text!r} is not a YAML value") from error
    is_list = tuple in (typing.get_origin(part) for part in (hint, *typing.get_args(hint)))
    return [value] if is_list and isinstance(value, str | Mapping) else value


def build_settings(cls: type[Settings], plain: Mapping[str, Any]) -> Settings:
    """The settings of plain values.

    Raises:
        ConfigError: naming every unknown key, wrong type and impossible value.
    """
    faults: list[str] = []
    built = _build(cls, plain, "", faults)
    if faults:
        raise ConfigError("\n".join(faults))
    return typing.cast(Settings, built)


def to_plain(settings: Any) -> Any:
    """The plain values of settings, fit for YAML and JSON."""
    if dataclasses.is_dataclass(settings):
        fields = dataclasses.fields(settings)
        return {field.name: to_plain(getattr(settings, field.name)) for field in fields}
    if isinstance(settings, enum.Enum):
        return settings.value
    if isinstance(settings, Mapping):
        return {str(key): to_plain(value) for key, value in settings.items()}
    if isinstance(settings, tuple | list):
        return [to_plain(item) for item in settings]
    return settings


def _build(cls: Any, plain: Mapping[str, Any], path: str, faults: list[str]) -> object:
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    before = len(faults)
    for key, value in plain.items():
        if key in hints:
            values[key] = _value(hints[key], value, f"{path}{key}", faults)
        else:
            near = difflib.get_close_matches(str(key), hints, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known here are {', '.join(hints)}"
            faults.append(f"{path}{key}: unknown; {hint}")
    if len(faults) > before:
        return None
    try:
        return cls(**values)
    except ConfigError as error:
        faults.extend(f"{path}{line}" for line in str(error).split("\n"))
    except TypeError:
        missing = [name for name in _needed(cls) if name not in values]
        faults.append(f"{path or 'settings'}: missing {', '.join(missing)}")
    return None


def _needed(cls: Any) -> list[str]:
    """Names of the settings that have no default."""
    return [
        field.name
        for field in dataclasses.fields(cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]


def _value(hint: Any, value: Any, name: str, faults: list[str]) -> Any:
    """The value as the hint wants it; a fault is noted where it cannot be."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        wanted = next(arg for arg in inner if arg is not type(None))
        return None if value is None else _value(wanted, value, name, faults)
    if dataclasses.is_dataclass(hint):
        if isinstance(value, str) and len(needed := _needed(hint)) == 1:
            value = {needed[0]: value}  # a source of records is its path, with what is usual
        if isinstance(value, Mapping):
            return _build(hint, value, f"{name}.", faults)
        faults.append(f"{name}: a group of settings, got {value!r}")
        return None
    if origin is tuple:
        if isinstance(value, list | tuple):
            return tuple(_value(inner[0], v, f"{name}[{i}]", faults) for i, v in enumerate(value))
        faults.append(f"{name}: a list, got {value!r}")
    elif origin is not None:
        if isinstance(value, Mapping):
            return {str(k): _value(inner[1], v, f"{name}.{k}", faults) for k, v in value.items()}
        faults.append(f"{name}: names with values, got {value!r}")
    return _scalar(hint, value, name, faults) if origin is None else None


def _scalar(hint: Any, value: Any, name: str, faults: list[str]) -> Any:
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        if value in (choices := [member.value for member in hint]):
            return hint(value)
        faults.append(f"{name}: one of {', '.join(map(str, choices))}, got {value!r}")
        return None
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is float and isinstance(value, str) and "e" in value.lower():
        # YAML 1.1 reads 1e-4 (no dot) as text.
        try:
            return float(value)
        except ValueError:
            pass
    if hint is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        faults.append(f"{name}: {hint.__name__} expected, got {value!r}")
    return value
