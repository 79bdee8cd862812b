"""What holds for the whole project: sizes of files and functions, who sees settings, the guides."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("seagull", "data_tools", "benchmarks", "scripts")
CODE = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 300, 50
SETTINGS_FILE = "seagull/files/config.py"
SETTINGS_OPENED_IN = {"config", "config_faults", "setup", "run", "estimate"}


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines without the docstring; of a command's declaration, whose options are its arguments,
    those of its body."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    docstring = 0 if body is function.body else _lines(function.body[0])
    if _declares_command(function):
        return _lines(body[-1]) + body[-1].lineno - body[0].lineno if body else 0
    return _lines(function) - docstring


def _declares_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether typer makes a command of it: such functions are given typer's context."""
    arguments = (*function.args.posonlyargs, *function.args.args)
    hints = [ast.unparse(one.annotation) for one in arguments if one.annotation is not None]
    return function.col_offset == 0 and "typer.Context" in hints[:1]


def _lines(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {_name(file): len(file.read_text("utf-8").splitlines()) for file in (*CODE, *TESTS)}
    long = {n: count for n, count in lengths.items() if count > MOST_LINES}
    assert long == {}


def test_no_function_is_longer_than_50_lines() -> None:
    long = {
        f"{_name(file)}: {function.name}": length
        for file in CODE
        for function in _functions(file)
        if (length := _length(function)) > MOST_LINES_OF_A_FUNCTION
    }
    assert long == {}


def test_the_settings_of_a_run_are_opened_where_it_is_put_together_alone() -> None:
    training = ROOT / "seagull" / "training"
    whole = {
        file.relative_to(training).with_suffix("").as_posix()
        for file in training.rglob("*.py")
        if any(_is_settings(node) for node in ast.walk(ast.parse(file.read_text("utf-8"))))
    }
    assert whole <= SETTINGS_OPENED_IN


def _is_settings(node: ast.AST) -> bool:
    return isinstance(node, ast.alias | ast.Name) and (
        getattr(node, "name", getattr(node, "id", "")) == "TrainConfig"
    )


def test_settings_are_read_in_one_place() -> None:
    texts = {_name(file): file.read_text("utf-8") for file in CODE}
    assert [n for n, text in texts.items() if "yaml.safe_load" in text] == [SETTINGS_FILE]
    assert [n for n, text in texts.items() if "class ConfigError" in text] == [SETTINGS_FILE]


def _named_in(guide: str) -> Iterator[tuple[str, str | None]]:
    """Files, and names in files, that a guide speaks of: `path/file.py` or `path/file.py: name`."""
    text = (ROOT / guide).read_text("utf-8")
    for found in re.finditer(r"`((?:[\w.-]+/)*[\w.-]+\.[a-z]+)(?:: ([\w.]+))?`", text):
        yield found[1], found[2]
    for found in re.finditer(r"`((?:[\w.-]+/)+)`", text):
        yield found[1], None


NAMED = sorted(set(_named_in("CONTRIBUTING.md")), key=str)


def test_the_guide_names_enough() -> None:
    assert len([name for _, name in NAMED if name]) >= 20
    assert len((ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()) <= 120


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_what_the_guide_names_exists(path: str, name: str | None) -> None:
    assert (ROOT / path).exists()
    if name is None:
        return
    found = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    for part in name.split("."):
        found = getattr(found, part)
