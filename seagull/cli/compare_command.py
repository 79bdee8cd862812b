"""The shape of the ``compare`` command: its options and their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seagull.cli import options as opt

COMPARE_HELP = (
    "Compare the same regions of photos before and after: what became better or worse.\n\n"
    "Two photos of one size, or two folders, whose photos are paired by their names. Regions are "
    "given as to assess; automatic ones are found in the photo before. Without any region option "
    "it is --everything: local damage may not show in the number of a whole photo (--whole). Exit "
    "code 4: a limit (--fail-..., --baseline) was broken; 2, whatever the limits say: photos were "
    "not compared."
)
COMPARE_EXAMPLES = """
Examples:

\b
  seagull compare before.png after.png --html report.html
  seagull compare before.png after.jpg --box 40,60,220,300 --json
  seagull compare before/ after/ --everything --jsonl out.jsonl --markdown summary.md
  seagull compare before/ after/ --everything --fail-mean-below -0.02 --junit out.xml
  seagull compare before.png after.png --everything --server http://127.0.0.1:8000
"""
_LIMITS = "Limits (exit code 4 if broken)"


def compare(  # noqa: PLR0913 - one parameter an option is how typer reads a command
    context: typer.Context,
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="A photo or a folder.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="A photo or a folder.")],
    *,
    box: opt.Boxes = None,
    box_format: opt.BoxFormat = None,
    point: opt.SinglePoints = None,
    points: opt.PointGroups = None,
    polygon: opt.Polygons = None,
    mask: opt.Masks = None,
    rle: opt.Rles = None,
    whole: opt.Whole = False,
    everything: opt.Everything = False,
    max_regions: opt.MaxRegions = 32,
    refine: opt.Refine = False,
    segmenter: opt.Segmenter = None,
    resize: Annotated[
        str | None,
        typer.Option(
            "--resize",
            metavar="before|after",
            help="Bring this photo to the other one's size; else other sizes are refused.",
        ),
    ] = None,
    json: opt.Json = False,
    jsonl: opt.Jsonl = None,
    overlay: Annotated[
        Path | None,
        opt.output("--overlay", "Before, after and the map of change side by side.", "FILE|FOLDER"),
    ] = None,
    html: Annotated[
        Path | None, opt.output("--html", "One page with sliders and the worst changes.")
    ] = None,
    markdown: Annotated[Path | None, opt.output("--markdown", "A summary for people.")] = None,
    junit: Annotated[Path | None, opt.output("--junit", "JUnit XML for a CI job.")] = None,
    graph: Annotated[
        Path | None,
        opt.output("--graph", "Distortion graph, in the JSON form of Panda.", "FILE|FOLDER"),
    ] = None,
    fail_mean_below: Annotated[
        float | None,
        typer.Option(
            "--fail-mean-below",
            metavar="CHANGE",
            help="The mean change of the photos must not be below this, such as -0.02.",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    fail_worse_share: Annotated[
        float | None,
        typer.Option(
            "--fail-worse-share",
            metavar="SHARE",
            help="The share of worse regions must not be above this, such as 0.05.",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="Must not be worse than in this --jsonl file of an earlier run.",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    model: opt.Model = "nano",
    device: opt.Device = "auto",
    dtype: opt.Dtype = "auto",
    quantization: opt.Quantization = None,
    server: opt.Server = None,
    api_key_file: opt.ApiKeyFile = None,
) -> None:
    """Compare the same regions of photos before and after."""
    from seagull.cli.compare_outputs import CompareOutputs
    from seagull.cli.models import ModelRequest
    from seagull.cli.remote import server_request
    from seagull.cli.requests import RegionRequest
    from seagull.cli.run_compare import CompareRequest, run_compare
    from seagull.comparison.gates import Gates

    regions = RegionRequest(
        box=tuple(box or ()),
        point=tuple(point or ()),
        points=tuple(points or ()),
        polygon=tuple(polygon or ()),
        mask=tuple(mask or ()),
        rle=tuple(rle or ()),
        whole=whole,
        everything=everything,
        max_regions=max_regions,
        refine=refine,
        segmenter=segmenter,
        box_format=box_format,
    ).or_everything()
    several = before.is_dir()
    outputs = CompareOutputs(json, jsonl, overlay, html, markdown, junit, graph, several)
    request = CompareRequest(
        before=before,
        after=after,
        regions=regions,
        outputs=outputs,
        gates=Gates(fail_mean_below, fail_worse_share, baseline),
        model=ModelRequest(model, device, dtype, quantization),
        resize=resize,
        server=server_request(context, server, api_key_file),
    )
    run_compare(request, context.obj)
