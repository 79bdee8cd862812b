"""A report as a table for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from seagull.reports.palette import colour, hex_colour
from seagull.reports.text import distortions_text, printable, score_text
from seagull.types import LevelScore, QualityReport, RegionAssessment


def report_table(report: QualityReport) -> RenderableType:
    """One line a region under a headline naming photo and model; answers in words follow."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("Region", overflow="fold")
    table.add_column("Area", justify="right", no_wrap=True)
    table.add_column("Quality", no_wrap=True)
    table.add_column("Importance", no_wrap=True)
    table.add_column("Distortions", overflow="fold")
    spread = report.model.fixed_std is None
    for assessment in report.regions:
        region = assessment.region
        table.add_row(
            Text(printable(region.id), style="bold"),
            f"{region.area_fraction:.1%}",
            _coloured(assessment.quality, spread=spread),
            _coloured(assessment.importance, spread=spread),
            distortions_text(assessment),
        )
    return Group(_headline(report), table, *_answers(report))


def _headline(report: QualityReport) -> Text:
    image, model = report.image, report.model
    text = Text(printable(image.path or "photo"), style="bold")
    text.append(f"  {image.width}x{image.height}", style="not bold dim")
    text.append(f"  model {printable(model.name)}", style="not bold dim")
    if report.segmenter:
        text.append(f"  segmenter {printable(report.segmenter)}", style="not bold dim")
    if not model.trained:
        text.append("  untrained", style="not bold yellow")
    if model.fixed_std is not None:
        text.append(f"  spread not known, fixed at {model.fixed_std:g}", style="not bold yellow")
    return text


def _coloured(score: LevelScore | None, *, spread: bool) -> Text:
    text = Text(no_wrap=True)
    if score is not None:
        text.append("■ ", style=Style(color=hex_colour(colour(score.score))))
    return text.append(score_text(score, spread=spread))


def _answers(report: QualityReport) -> list[Text]:
    return [line for assessment in report.regions for line in _region_answers(assessment)]


def _region_answers(assessment: RegionAssessment) -> list[Text]:
    lines = []
    for task, answer in assessment.text.items():
        text = Text(f"{printable(assessment.region.id)} {task}: ", style="bold")
        lines.append(text.append(printable(answer), style="not bold"))
    return lines
