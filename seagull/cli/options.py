"""Options that more than one command takes, with their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_REGIONS = "Regions (none given: the whole photo)"
_MODEL = "Model"
OUTPUT = "Output (none given: a table)"
"""The panel of the help that the output options stand in."""


def output(option: str, help: str, metavar: str = "FILE") -> typer.models.OptionInfo:
    """An output option that writes a file or, where ``metavar`` says so, a folder."""
    return typer.Option(option, metavar=metavar, help=help, rich_help_panel=OUTPUT)


Boxes = Annotated[
    list[str] | None,
    typer.Option(
        "--box", metavar="X1,Y1,X2,Y2", help="Rectangle in pixels, end exclusive. Repeatable.",
        rich_help_panel=_REGIONS,
    ),
]  # fmt: skip
BoxFormat = Annotated[
    str | None,
    typer.Option(
        "--box-format", metavar="FORMAT",
        help="What boxes are, if not x1,y1,x2,y2 in pixels: xywh, unit (0 to 1), 1000 (0 to 1000); "
        "xyxy: pixels in any case.",
        rich_help_panel=_REGIONS,
    ),
]  # fmt: skip
SinglePoints = Annotated[
    list[str] | None,
    typer.Option(
        "--point", metavar="X,Y", help="The thing at a point; each --point is a region of its own.",
        rich_help_panel=_REGIONS,
    ),
]  # fmt: skip
PointGroups = Annotated[
    list[str] | None,
    typer.Option(
        "--points", metavar='"X,Y X,Y,- ..."',
        help="One region from several points; '-' marks a point outside it.",
        rich_help_panel=_REGIONS,
    ),
]  # fmt: skip
Polygons = Annotated[
    list[str] | None,
    typer.Option(
        "--polygon", metavar='"X,Y X,Y X,Y ..."', help="Outline; ';' separates rings.",
        rich_help_panel=_REGIONS,
    ),
]  # fmt: skip
Masks = Annotated[
    list[str] | None,
    typer.Option(
        "--mask", metavar="FILE[:ids]",
        help="Mask image of the photo's size, white inside; with :ids each object id or colour.",
        rich_help_panel=_REGIONS,
    ),
]  # fmt: skip
Rles = Annotated[
    list[str] | None,
    typer.Option(
        "--rle", metavar="JSON|FILE",
        help='COCO run lengths: {"size":\\[h,w],"counts":...}; also COCO annotations, SAM output.',
        rich_help_panel=_REGIONS,
    ),
]  # fmt: skip
Whole = Annotated[
    bool, typer.Option("--whole", help="The whole photo.", rich_help_panel=_REGIONS)
]  # fmt: skip
Everything = Annotated[
    bool,
    typer.Option(
        "--everything", help="Every region found automatically.", rich_help_panel=_REGIONS
    ),
]
MaxRegions = Annotated[
    int,
    typer.Option(
        "--max-regions", metavar="N", min=1, max=1000,
        help="Most regions for --everything; at most 128 with --server.",
        rich_help_panel=_REGIONS,
    ),
]  # fmt: skip
Refine = Annotated[
    bool,
    typer.Option(
        "--refine", help="Let the segmenter find the thing inside each box.",
        rich_help_panel=_REGIONS,
    ),
]  # fmt: skip
Segmenter = Annotated[
    str | None,
    typer.Option(
        "--segmenter", metavar="NAME|PATH",
        help="SAM checkpoint, or the name of a segmenter. Default: the best one that is there.",
        rich_help_panel=_REGIONS,
    ),
]  # fmt: skip
Json = Annotated[
    bool, typer.Option("--json", help="JSON on stdout.", rich_help_panel=OUTPUT)
]  # fmt: skip
Jsonl = Annotated[
    Path | None,
    output("--jsonl", "One result a line, as soon as it is there; a second run goes on with the "
           "file."),
]  # fmt: skip
Model = Annotated[
    str,
    typer.Option(
        "--model", "-m", metavar="NAME|FOLDER", help="See: seagull models.", rich_help_panel=_MODEL
    ),
]
Device = Annotated[
    str,
    typer.Option("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:1, balanced ...",
                 rich_help_panel=_MODEL),
]  # fmt: skip
Dtype = Annotated[
    str,
    typer.Option("--dtype", metavar="TYPE", help="auto, fp32, bf16 or fp16.",
                 rich_help_panel=_MODEL),
]  # fmt: skip
Quantization = Annotated[
    str | None,
    typer.Option("--quantization", metavar="BITS", help="8bit or 4bit (saves memory, not time).",
                 rich_help_panel=_MODEL),
]  # fmt: skip
Server = Annotated[
    str | None,
    typer.Option(
        "--server", metavar="URL",
        help="A server's model and segmenter instead of one here: http://HOST:PORT.",
        rich_help_panel=_MODEL,
    ),
]  # fmt: skip
ApiKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--api-key-file", metavar="FILE", help="Holds the key for --server, if it wants one.",
        rich_help_panel=_MODEL,
    ),
]  # fmt: skip
