"""Writes the tree of folders into README.md, two deep: each with its docstring's first sentence.

python scripts/file_tree.py           # rewrites the block in README.md
python scripts/file_tree.py --check   # fails if the block is out of date
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("seagull", "data_tools")
OTHERS = {
    "benchmarks": "What is claimed of speed and memory, as ratios taken in one run",
    "configs": "Settings of data runs, training runs and of seagull-nano",
    "docs": "The guides",
    "scripts": "Steps of seagull-nano's recipe, launchers, and checks of the project itself",
    "tests": "Mirror the packages",
}
BEGIN, END = "<!-- folders: made by scripts/file_tree.py -->\n", "<!-- end of folders -->\n"


def summary(file: Path) -> str:
    """First line of the file's docstring, without its full stop."""
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return docstring.split("\n")[0].rstrip(".")


def folders() -> Iterator[tuple[str, str]]:
    """Folders and what they are about.

    Raises:
        SystemExit: if a package does not say what it is about.
    """
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("__init__.py")):
            name = file.parent.relative_to(ROOT).as_posix()
            if not (text := summary(file)):
                raise SystemExit(f"{name}/__init__.py: its docstring says what the folder is about")
            if name.count("/") < 2:
                yield name, text
    yield from OTHERS.items()


def tree() -> str:
    """The block."""
    lines = list(folders())
    width = max(len(name) for name, _ in lines)
    return "```\n" + "".join(f"{name:<{width}}  {text}\n" for name, text in lines) + "```\n"


def main(check: bool) -> int:
    """Writes or checks the block; returns the exit code."""
    readme = ROOT / "README.md"
    old = readme.read_text("utf-8")
    before, rest = old.split(BEGIN)
    after = rest.split(END)[1]
    new = before + BEGIN + tree() + END + after
    if check and new != old:
        print("README.md: the tree of folders is out of date; run python scripts/file_tree.py")
        return 1
    if not check:
        readme.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
