"""Writes the file tree into README.md: each file with the first sentence of its docstring.

python scripts/file_tree.py           # rewrites the block in README.md
python scripts/file_tree.py --check   # fails if the block is out of date
"""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("seagull", "data_tools", "benchmarks", "scripts")
BEGIN, END = "<!-- files: made by scripts/file_tree.py -->\n", "<!-- end of files -->\n"


def summary(file: Path) -> str:
    """First line of the file's docstring, without its full stop."""
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return docstring.split("\n")[0].rstrip(".")


def tree() -> str:
    """The block: files by folder, in order of their names; files without a docstring left out."""
    lines = []
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            text = summary(file)
            if text:
                lines.append((file.relative_to(ROOT).as_posix(), text))
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
        print("README.md: the file tree is out of date; run python scripts/file_tree.py")
        return 1
    if not check:
        readme.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
