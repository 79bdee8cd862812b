"""Comparisons as Markdown: the comment of a CI job."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seagull.comparison.gates import GateResult
from seagull.comparison.results import PairResult
from seagull.comparison.summary import Summary, share_text, summary_line, worst_first
from seagull.comparison.types import Verdict
from seagull.comparison.words import NOTHING, change_text, whole_text
from seagull.reports.text import printable

MOST_ROWS = 10


def markdown_summary(
    results: Sequence[PairResult],
    summary: Summary | None,
    gates: Sequence[GateResult] = (),
    problems: Sequence[str] = (),
) -> str:
    """The summary as Markdown text.

    Args:
        results: all of them; the ten with the worst changes are listed.
        summary: of the results; None without any.
        gates: what became of the limits.
        problems: one line for each photo that could not be compared.
    """
    said = NOTHING if summary is None else summary_line(summary)
    parts = [f"## Before and after\n\n**{said}**"]
    if note := whole_text([one.whole for one in results]):
        parts.append(_cell(note))
    if gates:
        rows = [[_passed(one), f"`--{one.name}`", _cell(one.text)] for one in gates]
        parts.append(_table(["", "limit", "found"], rows))
    if summary is not None:
        parts += [*_regions(summary), _worst(results)]
    if problems:
        lines = "\n".join(f"- {_cell(line)}" for line in problems)
        parts.append(f"### Not compared ({len(problems)})\n\n{lines}")
    return "\n\n".join(parts) + "\n"


def _regions(summary: Summary) -> list[str]:
    """Tables of the regions by verdict and, if there are any, by distortion type."""
    counts = [[word.value, str(summary.verdicts[word])] for word in Verdict]
    tables = [_table(["regions", "count"], counts)]
    if summary.types:
        rows = [
            [kind.value, f"{one.before:.1%}", f"{one.after:.1%}", share_text(one.change)]
            for kind, one in summary.types.items()
        ]
        tables.append(_table(["regions with", "before", "after", "change"], rows))
    return tables


def _worst(results: Sequence[PairResult]) -> str:
    rows = [
        [_cell(one.after), one.change.verdict.value, change_text(one.change), _cell(one.worst)]
        for one in worst_first(results)[:MOST_ROWS]
    ]
    return _table(["photo", "verdict", "quality", "worst region"], rows)


def _passed(result: GateResult) -> str:
    return "passed" if result.passed else "**failed**"


def _cell(text: str) -> str:
    """Text of a cell: a file's name cannot end the cell or bring Markdown or HTML with it."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~])", r"\\\1", printable(text))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
