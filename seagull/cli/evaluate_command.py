"""The shape of the ``evaluate`` command: its options and their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seagull.cli import options as opt

_DATA = "Data"
_BASELINES = "Baselines"
_NUMBERS = "Numbers"

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="FILE",
        help="Region records (.jsonl, .tar, .parquet, .arrow; a folder, a pattern, hf:NAME), or a "
        "table with `image` and `mos` (.csv, .tsv, .parquet, .mat).",
        rich_help_panel=_DATA,
    ),
]  # fmt: skip
Predictions = Annotated[
    Path | None,
    typer.Option(
        "--predictions", metavar="FILE",
        help="Evaluate these (reports or rows, .jsonl) instead of asking a model.",
        rich_help_panel=_DATA,
    ),
]  # fmt: skip
Tasks = Annotated[
    str | None,
    typer.Option(
        "--tasks", metavar="LIST",
        help="Of quality, importance, distortion, calibration, sensitivity. Default: all there is.",
        rich_help_panel=_DATA,
    ),
]  # fmt: skip
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit", metavar="N", min=1, help="The first N photos only.", rich_help_panel=_DATA
    ),
]
Sample = Annotated[
    float | None,
    typer.Option(
        "--sample", metavar="SHARE",
        help="This share of the pictures only, drawn by the seed from all photos.",
        rich_help_panel=_DATA,
    ),
]  # fmt: skip
Metric = Annotated[
    str | None,
    typer.Option(
        "--metric", metavar="NAME", help="Only labels of this metric.", rich_help_panel=_DATA
    ),
]
MosRange = Annotated[
    str | None,
    typer.Option(
        "--mos-range", metavar="WORST,BEST",
        help="Scale of a table's opinions. Default: the first of 0-1, 1-5, 0-5, 1-10, 0-10, 0-100 "
        "that holds them all.",
        rich_help_panel=_DATA,
    ),
]  # fmt: skip
Images = Annotated[
    Path | None,
    typer.Option(
        "--images", metavar="FOLDER", help="Where a table's image paths start.",
        rich_help_panel=_DATA,
    ),
]  # fmt: skip
Form = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="NAME",
        help="The table is that of kadid, koniq, spaq, live, clive or tid2013, as published.",
        rich_help_panel=_DATA,
    ),
]  # fmt: skip
ImageColumn = Annotated[
    str | None,
    typer.Option(
        "--image-column", metavar="NAME", help="The table's column of photos.",
        rich_help_panel=_DATA,
    ),
]  # fmt: skip
MosColumn = Annotated[
    str | None,
    typer.Option(
        "--mos-column", metavar="NAME", help="The table's column of scores.",
        rich_help_panel=_DATA,
    ),
]  # fmt: skip
StdColumn = Annotated[
    str | None,
    typer.Option(
        "--std-column", metavar="NAME", help="The table's column of their standard deviations.",
        rich_help_panel=_DATA,
    ),
]  # fmt: skip
Split = Annotated[
    str,
    typer.Option(
        "--split", metavar="NAME", help="Of a set of Hugging Face datasets.",
        rich_help_panel=_DATA,
    ),
]  # fmt: skip
Baselines = Annotated[
    list[str] | None,
    typer.Option(
        "--baseline", metavar="NAME",
        help="constant, area, crop-only, box-drawn, classical, pyiqa:NAME, pyiqa:NAME:box-drawn, "
        "qfm-iqm:FOLDER or dgiqa:FOLDER. Repeatable.",
        rich_help_panel=_BASELINES,
    ),
]  # fmt: skip
Fit = Annotated[
    Path | None,
    typer.Option(
        "--fit", metavar="FILE", help="Fit baselines to this set; refused if it shares photos.",
        rich_help_panel=_BASELINES,
    ),
]  # fmt: skip
FitLimit = Annotated[
    int | None,
    typer.Option(
        "--fit-limit", metavar="N", min=1, help="Fit to the first N photos only.",
        rich_help_panel=_BASELINES,
    ),
]  # fmt: skip
Holdout = Annotated[
    float | None,
    typer.Option(
        "--holdout", metavar="SHARE",
        help="Evaluate on this share of the photos of --data and fit baselines to the others.",
        rich_help_panel=_BASELINES,
    ),
]  # fmt: skip
TrainedOn = Annotated[
    list[Path] | None,
    typer.Option(
        "--trained-on", metavar="FILE",
        help="What the model was trained on; refused if --data shares photos. Repeatable.",
        rich_help_panel=_DATA,
    ),
]  # fmt: skip
Seed = Annotated[
    int,
    typer.Option(
        "--seed", min=0, help="Of the hold-out, the sample and the intervals.",
        rich_help_panel=_NUMBERS,
    ),
]  # fmt: skip
Resamples = Annotated[
    int,
    typer.Option(
        "--resamples", metavar="N", min=0, max=100_000,
        help="Bootstrap resamples for 95 % intervals; 0 for none.",
        rich_help_panel=_NUMBERS,
    ),
]  # fmt: skip
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FOLDER",
        help="Predictions, results, plots and a page; a second run goes on with the predictions.",
        rich_help_panel=opt.OUTPUT,
    ),
]  # fmt: skip

EVALUATE_EXAMPLES = """
Examples:

\b
  seagull evaluate --data regions.jsonl --out results/
  seagull evaluate --data photos.csv --holdout 0.2 --baseline classical
  seagull evaluate --predictions mine.jsonl --json
"""


def evaluate(  # noqa: PLR0913 - one parameter an option is how typer reads a command
    context: typer.Context,
    *,
    data: Data = None,
    predictions: Predictions = None,
    tasks: Tasks = None,
    limit: Limit = None,
    sample: Sample = None,
    metric: Metric = None,
    mos_range: MosRange = None,
    images: Images = None,
    form: Form = None,
    image_column: ImageColumn = None,
    mos_column: MosColumn = None,
    std_column: StdColumn = None,
    split: Split = "train",
    baseline: Baselines = None,
    fit: Fit = None,
    fit_limit: FitLimit = None,
    holdout: Holdout = None,
    trained_on: TrainedOn = None,
    seed: Seed = 0,
    resamples: Resamples = 1000,
    out: Out = None,
    json: opt.Json = False,
    model: opt.Model = "nano",
    device: opt.Device = "auto",
    dtype: opt.Dtype = "auto",
    quantization: opt.Quantization = None,
) -> None:
    """Compare a model's answers with opinions and labels, beside baselines."""
    from seagull.cli.evaluate_request import EvaluateRequest, parse_evaluation_tasks, parse_scale
    from seagull.cli.models import ModelRequest
    from seagull.cli.run_evaluate import run_evaluate
    from seagull.evaluation.sets import TableOptions

    request = EvaluateRequest(
        model=ModelRequest(model, device, dtype, quantization),
        data=data,
        predictions=predictions,
        tasks=parse_evaluation_tasks(tasks),
        baselines=tuple(baseline or ()),
        fit=fit,
        fit_limit=fit_limit,
        holdout=holdout,
        trained_on=tuple(trained_on or ()),
        metric=metric,
        table=TableOptions(
            parse_scale(mos_range), images, form, image_column, mos_column, std_column
        ),
        split=split,
        limit=limit,
        sample=sample,
        seed=seed,
        resamples=resamples,
        out=out,
        json=json,
    )
    run_evaluate(request, context.obj)
