"""The shape of the commands about a photo's regions, ``assess`` and ``chat``: options and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seagull.cli import options as opt

ASSESS_HELP = (
    "Assess regions of photos: quality, importance, distortions.\n\n"
    "Region options may be given several times. Regions are numbered: boxes first, then points, "
    "polygons, masks, RLEs. A name in front, as in face=40,60,220,300, replaces the number."
)
ASSESS_EXAMPLES = """
Examples:

\b
  seagull assess photo.jpg --box 40,60,220,300
  seagull assess photo.jpg --box face=40,60,220,300 --point 120,80
  seagull assess photo.jpg --everything --overlay out.png --json > out.json
  seagull assess photos/ "more/*.png" --everything --jsonl out.jsonl
  seagull assess photo.jpg --point 120,80 --server http://127.0.0.1:8000
"""
CHAT_EXAMPLES = """
Examples:

\b
  seagull chat photo.jpg --box 40,60,220,300
  seagull chat photo.jpg --box 0,0,90,90 --box 90,0,180,90 --ask "Which is sharper?"
  echo "What is wrong here?" | seagull chat photo.jpg
"""


def assess(  # noqa: PLR0913 - one parameter an option is how typer reads a command
    context: typer.Context,
    photos: Annotated[
        list[str], typer.Argument(metavar="PHOTO...", help="Photos, folders, or glob patterns.")
    ],
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
    tasks: Annotated[
        str, typer.Option("--tasks", metavar="LIST", help="What to ask, comma-separated.")
    ] = "quality,importance,distortion",
    text: Annotated[bool, typer.Option("--text", help="Answers in words, too (slower).")] = False,
    read_out: Annotated[
        str,
        typer.Option(
            "--read-out",
            metavar="head|language_model",
            help="Numbers from the head, or off the language model's words (slower).",
        ),
    ] = "head",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list the photos, and what is left out.")
    ] = False,
    json: opt.Json = False,
    csv: Annotated[Path | None, opt.output("--csv", "One row a region.")] = None,
    jsonl: opt.Jsonl = None,
    overlay: Annotated[
        Path | None,
        opt.output(
            "--overlay",
            "The photo with its regions drawn; with --everything also the heat map.",
            "FILE|FOLDER",
        ),
    ] = None,
    heatmap: Annotated[
        Path | None, opt.output("--heatmap", "Quality as colour over the photo.", "FILE|FOLDER")
    ] = None,
    model: opt.Model = "nano",
    device: opt.Device = "auto",
    dtype: opt.Dtype = "auto",
    quantization: opt.Quantization = None,
    server: opt.Server = None,
    api_key_file: opt.ApiKeyFile = None,
) -> None:
    """Assess regions of photos: quality, importance, distortions."""
    from seagull.cli.models import ModelRequest
    from seagull.cli.outputs import OutputRequest, heatmap_beside, several_photos
    from seagull.cli.remote import server_request
    from seagull.cli.requests import RegionRequest, parse_read_out, parse_tasks
    from seagull.cli.run_assess import AssessRequest, run_assess

    asked = parse_tasks(tasks)
    several = several_photos(photos)
    if everything and overlay is not None and heatmap is None and "quality" in asked:
        heatmap = heatmap_beside(overlay, several)
    regions = RegionRequest(
        box=_all(box),
        point=_all(point),
        points=_all(points),
        polygon=_all(polygon),
        mask=_all(mask),
        rle=_all(rle),
        whole=whole,
        everything=everything,
        max_regions=max_regions,
        refine=refine,
        segmenter=segmenter,
        box_format=box_format,
    )
    request = AssessRequest(
        photos=tuple(photos),
        regions=regions,
        outputs=OutputRequest(json, csv, jsonl, overlay, heatmap, several),
        model=ModelRequest(model, device, dtype, quantization),
        tasks=asked,
        text=text,
        read_out=parse_read_out(read_out),
        dry_run=dry_run,
        server=server_request(context, server, api_key_file),
    )
    run_assess(request, context.obj)


def chat(  # noqa: PLR0913 - one parameter an option is how typer reads a command
    context: typer.Context,
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="One photo.")],
    *,
    box: opt.Boxes = None,
    box_format: opt.BoxFormat = None,
    point: opt.SinglePoints = None,
    points: opt.PointGroups = None,
    polygon: opt.Polygons = None,
    mask: opt.Masks = None,
    rle: opt.Rles = None,
    whole: opt.Whole = False,
    refine: opt.Refine = False,
    segmenter: opt.Segmenter = None,
    ask: Annotated[
        list[str] | None,
        typer.Option("--ask", metavar="QUESTION", help="Ask this and end. Repeatable."),
    ] = None,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=1, max=4096, help="Longest answer, in tokens.")
    ] = 128,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0.0, max=2.0, help="0: always the same answer.")
    ] = 0.0,
    model: opt.Model = "nano",
    device: opt.Device = "auto",
    dtype: opt.Dtype = "auto",
    quantization: opt.Quantization = None,
) -> None:
    """Talk about regions of a photo; /help inside lists the commands.

    Questions come from the keyboard, from --ask, or one a line from a pipe.
    """
    from seagull.cli.models import ModelRequest
    from seagull.cli.requests import RegionRequest
    from seagull.cli.run_chat import ChatRequest, run_chat

    regions = RegionRequest(
        box=_all(box),
        point=_all(point),
        points=_all(points),
        polygon=_all(polygon),
        mask=_all(mask),
        rle=_all(rle),
        whole=whole,
        refine=refine,
        segmenter=segmenter,
        box_format=box_format,
    )
    request = ChatRequest(
        photo=photo,
        regions=regions,
        model=ModelRequest(model, device, dtype, quantization),
        questions=tuple(ask or ()),
        max_tokens=max_tokens,
        temperature=temperature,
    )
    run_chat(request, context.obj)


def _all(values: list[str] | None) -> tuple[str, ...]:
    return tuple(values or ())
