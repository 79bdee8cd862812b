"""The command line's shape: commands, options and help. What they do is in the ``run_`` files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seagull.cli.compare_command import COMPARE_EXAMPLES, COMPARE_HELP, compare
from seagull.cli.errors import DEBUG_OPTION, FriendlyGroup
from seagull.cli.evaluate_command import EVALUATE_EXAMPLES, evaluate
from seagull.cli.region_commands import (
    ASSESS_EXAMPLES,
    ASSESS_HELP,
    CHAT_EXAMPLES,
    assess,
    chat,
)
from seagull.cli.serve_command import SERVE_EXAMPLES, serve
from seagull.cli.services import Services

TRAIN_EXAMPLES = """
Examples:

\b
  seagull train configs/train/pretrain.yaml output=runs/first --dry-run
  seagull train configs/train/pretrain.yaml output=runs/first lora.rank=16 lr.mfe=3e-4
  seagull train configs/train/finetune.yaml output=runs/second adapter=runs/first --nproc 8
"""


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
    app.command(help=COMPARE_HELP, epilog=COMPARE_EXAMPLES)(compare)
    app.command(epilog=EVALUATE_EXAMPLES)(evaluate)
    app.command(epilog=SERVE_EXAMPLES)(serve)
    app.command()(download)
    app.command()(convert)
    app.command(epilog=TRAIN_EXAMPLES)(train)
    app.command()(export)
    app.command()(models)
    app.command()(env)
    return app


def download(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="What to fetch; none: list the names.")
    ] = None,
) -> None:
    """Fetch base weights (nano) or a segmenter (sam2.1-tiny, sam-vit-b ...) into the cache."""
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
    from seagull.cli.errors import is_debugging
    from seagull.cli.run_train import TrainRequest, run_train
    from seagull.training.loop.launch import Launch

    launch = Launch(nproc, nnodes, node_rank, master, hostfile)
    run_train(TrainRequest(config, tuple(overrides or ()), dry_run, launch, is_debugging()))


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


def _show_version(wanted: bool) -> None:
    if wanted:
        from seagull.version import __version__

        typer.echo(f"seagull {__version__}")
        raise typer.Exit()


def main() -> None:
    """Runs the ``seagull`` command and exits with its code."""
    build_app()()
