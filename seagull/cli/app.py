"""The command line's shape: commands, options and help. What they do is in the ``run_`` files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seagull.cli import options as opt
from seagull.cli.errors import DEBUG_OPTION, FriendlyGroup
from seagull.cli.evaluate_command import EVALUATE_EXAMPLES, evaluate
from seagull.cli.services import Services

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
"""
CHAT_EXAMPLES = """
Examples:

\b
  seagull chat photo.jpg --box 40,60,220,300
  seagull chat photo.jpg --box 0,0,90,90 --box 90,0,180,90 --ask "Which is sharper?"
  echo "What is wrong here?" | seagull chat photo.jpg
"""
TRAIN_EXAMPLES = """
Examples:

\b
  seagull train configs/train/pretrain.yaml output=runs/first --dry-run
  seagull train configs/train/pretrain.yaml output=runs/first lora.rank=16 lr.mfe=3e-4
  seagull train configs/train/finetune.yaml output=runs/second adapter=runs/first --nproc 8
"""
_OUTPUT = "Output (none given: a table)"


def build_app(services: Services | None = None) -> typer.Typer:
    """The command-line application.

    Args:
        services: what the commands load models and regions with; the real ones by default.
    """
    app = typer.Typer(
        name="seagull",
        cls=FriendlyGroup,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    provided = services or Services()

    @app.callback()
    def root(
        context: typer.Context,
        version: Annotated[
            bool,
            typer.Option(
                "--version", help="Show the version.", is_eager=True, callback=_show_version
            ),
        ] = False,
        debug: Annotated[bool, typer.Option(DEBUG_OPTION, help="Show tracebacks.")] = False,
    ) -> None:
        """Quality, importance and distortions of regions of a photo."""
        context.obj = provided

    app.command(help=ASSESS_HELP, epilog=ASSESS_EXAMPLES)(assess)
    app.command(epilog=CHAT_EXAMPLES)(chat)
    app.command(epilog=EVALUATE_EXAMPLES)(evaluate)
    app.command()(download)
    app.command()(convert)
    app.command(epilog=TRAIN_EXAMPLES)(train)
    app.command()(export)
    app.command()(models)
    app.command()(env)
    return app


def assess(  # noqa: PLR0913 - one parameter an option is how typer reads a command
    context: typer.Context,
    photos: Annotated[
        list[str], typer.Argument(metavar="PHOTO...", help="Photos, folders, or glob patterns.")
    ],
    *,
    box: opt.Boxes = None,
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
    json: Annotated[
        bool, typer.Option("--json", help="JSON on stdout.", rich_help_panel=_OUTPUT)
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="One row a region.", rich_help_panel=_OUTPUT),
    ] = None,
    jsonl: Annotated[
        Path | None,
        typer.Option(
            "--jsonl",
            metavar="FILE",
            help="One report a line, as soon as it is there; a second run goes on with the file.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    overlay: Annotated[
        Path | None,
        typer.Option(
            "--overlay",
            metavar="FILE|FOLDER",
            help="The photo with its regions drawn; with --everything also the heat map.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    heatmap: Annotated[
        Path | None,
        typer.Option(
            "--heatmap",
            metavar="FILE|FOLDER",
            help="Quality as colour over the photo.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    model: opt.Model = "nano",
    device: opt.Device = "auto",
    dtype: opt.Dtype = "auto",
    quantization: opt.Quantization = None,
) -> None:
    """Assess regions of photos: quality, importance, distortions."""
    from seagull.cli.models import ModelRequest
    from seagull.cli.outputs import OutputRequest, heatmap_beside, several_photos
    from seagull.cli.requests import RegionRequest, parse_tasks
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
    )
    request = AssessRequest(
        photos=tuple(photos),
        regions=regions,
        outputs=OutputRequest(json, csv, jsonl, overlay, heatmap, several),
        model=ModelRequest(model, device, dtype, quantization),
        tasks=asked,
        text=text,
    )
    run_assess(request, context.obj)


def chat(  # noqa: PLR0913 - one parameter an option is how typer reads a command
    context: typer.Context,
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="One photo.")],
    *,
    box: opt.Boxes = None,
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


def download(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="What to fetch; none: list the names.")
    ] = None,
) -> None:
    """Fetch base weights (nano) or a SAM checkpoint (sam-vit-b ...) into the cache."""
    from seagull.cli.run_files import run_download

    run_download(name, context.obj)


def convert(
    context: typer.Context,
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE_DIR", help="Released weights.")],
    out: Annotated[Path, typer.Argument(metavar="OUT_DIR", help="A new folder.")],
    vision: Annotated[
        Path | None,
        typer.Option("--vision", metavar="FILE", help="Vision tower, if it is a file of its own."),
    ] = None,
) -> None:
    """Turn the released SEAGULL checkpoint into a model folder for --model."""
    from seagull.cli.run_files import run_convert

    run_convert(reference, out, vision, context.obj)


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Settings, a YAML file.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change.")
    ] = None,
    *,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show sizes, memory, steps and samples; train nothing."),
    ] = False,
    nproc: Annotated[
        int | None,
        typer.Option("--nproc", metavar="N", min=1, help="Processes here. Default: one per GPU."),
    ] = None,
    nnodes: Annotated[int, typer.Option("--nnodes", metavar="N", min=1, help="Machines.")] = 1,
    node_rank: Annotated[
        int, typer.Option("--node-rank", metavar="N", min=0, help="Number of this machine.")
    ] = 0,
    master: Annotated[
        str | None, typer.Option("--master", metavar="HOST[:PORT]", help="The first machine.")
    ] = None,
    hostfile: Annotated[
        Path | None,
        typer.Option("--hostfile", metavar="FILE", help="Lines 'host slots=8' instead."),
    ] = None,
) -> None:
    """Train a model on instruction records; run it again to go on where it stopped."""
    import sys

    from seagull.cli.run_train import TrainRequest, run_train
    from seagull.training.launch import Launch

    launch = Launch(nproc, nnodes, node_rank, master, hostfile)
    run_train(TrainRequest(config, _all(overrides), dry_run, launch, tuple(sys.argv[1:])))


def export(
    adapter: Annotated[str, typer.Argument(metavar="ADAPTER", help="A run's folder or adapter.")],
    out: Annotated[Path, typer.Argument(metavar="OUT_DIR", help="A new folder.")],
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="NAME|FOLDER", help="Base model, if it has moved."),
    ] = None,
    dtype: Annotated[
        str, typer.Option("--dtype", metavar="TYPE", help="bf16, fp32 or fp16.")
    ] = "bf16",
) -> None:
    """Merge an adapter into its base: a model folder for --model."""
    from seagull.cli.run_train import run_export

    run_export(adapter, out, base, dtype)


def models(context: typer.Context) -> None:
    """List the models and whether their weights are here."""
    from seagull.cli.run_info import run_models

    run_models(context.obj)


def env(context: typer.Context) -> None:
    """Show versions, devices, the cache folder and what is in it."""
    from seagull.cli.run_info import run_env

    run_env(context.obj)


def _all(values: list[str] | None) -> tuple[str, ...]:
    return tuple(values or ())


def _show_version(wanted: bool) -> None:
    if wanted:
        from seagull.version import __version__

        typer.echo(f"seagull {__version__}")
        raise typer.Exit()


def main() -> None:
    """Runs the ``seagull`` command and exits with its code."""
    build_app()()
