"""A comparison as a table for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from seagull.comparison.picture import change_colour
from seagull.comparison.types import Comparison, RegionChange
from seagull.comparison.words import change_text, distortions_text, headline
from seagull.reports.palette import hex_colour
from seagull.reports.text import printable, score_text


def headline_text(comparison: Comparison) -> Text:
    """The headline of the photo, in bold; one line, however wide the terminal is."""
    return Text(headline(comparison), style="bold")


def comparison_table(comparison: Comparison) -> RenderableType:
    """Which photos, and one line a region under it."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("Region", overflow="fold")
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Change", no_wrap=True)
    table.add_column("Before", no_wrap=True)
    table.add_column("After", no_wrap=True)
    table.add_column("Weight", justify="right", no_wrap=True)
    table.add_column("Distortions", overflow="fold")
    for one in comparison.regions:
        table.add_row(
            Text(printable(one.region.id), style="bold"),
            _coloured(one),
            "no pixel differs" if one.identical else change_text(one.change),
            score_text(one.before.quality),
            score_text(one.after.quality),
            f"{one.weight:.2f}",
            distortions_text(one.distortions) or "-",
        )
    return Group(_names(comparison), table)


def _names(comparison: Comparison) -> Text:
    names = (comparison.before.image.path, comparison.after.image.path)
    text = Text(" -> ".join(printable(name or "photo") for name in names))
    model = comparison.before.model
    text.append(f"  model {printable(model.name)}", style="dim")
    if not model.trained:
        text.append("  untrained", style="yellow")
    return text


def _coloured(one: RegionChange) -> Text:
    colour = hex_colour(change_colour(one.change.quality))
    text = Text("■ ", style=Style(color=colour), no_wrap=True)
    return text.append(one.change.verdict.value)
