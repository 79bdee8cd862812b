"""Baselines by name, fitted where they need it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seagull.evaluation.classical import ClassicalPredictor, measure
from seagull.evaluation.predictors import (
    AreaPredictor,
    Assesses,
    BoxPredictor,
    ConstantPredictor,
    CropPredictor,
    Predictor,
)
from seagull.evaluation.sets import EvaluationSet

BASELINES = {
    "constant": "the same answer everywhere: mean and commonest of --fit, else the middle, clean",
    "crop-only": "the model, shown the region's rectangle alone as a whole photo",
    "box-drawn": "the model, asked about the whole photo with the rectangle drawn on it",
    "area": "importance alone: the share of the photo that the region covers",
    "classical": "natural-scene statistics and kernel ridge regression, fitted on --fit",
}
PYIQA = "pyiqa:"
TRAINED = ("qfm-iqm:", "dgiqa:")
"""Trained systems, each followed by its folder."""
OF_MODEL = ("crop-only", "box-drawn")


def make_baselines(
    names: Sequence[str],
    *,
    assessor: Assesses | None = None,
    variant: str = "",
    fit: EvaluationSet | None = None,
    fit_limit: int | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[Predictor], frozenset[str]]:
    """The baselines, and digests of the pixels of photos that any was fitted to.

    Args:
        names: of ``BASELINES``, ``pyiqa:NAME``, or a trained system's ``qfm-iqm:FOLDER``.
        assessor: for those that ask the model.
        variant: how the model computes (type, quantization), for the fingerprint.
        fit: training set.
        fit_limit: most photos of it.
        seed: of any sampling in fitting.
        device: that trained systems compute on.
        progress: called with photos measured and photos in all.

    Raises:
        ValueError: if a baseline lacks what it needs, or a training photo cannot be read.
    """
    predictors: list[Predictor] = []
    digests: frozenset[str] = frozenset()
    for name in dict.fromkeys(names):
        if name == "classical":
            if fit is None:
                raise ValueError("the baseline classical is fitted: give --fit or --holdout")
            measured = measure(fit, limit=fit_limit, seed=seed, progress=progress)
            predictors.append(ClassicalPredictor.fitted(measured, seed=seed))
            digests |= measured.digests
        elif name.startswith(TRAINED):
            from seagull.evaluation.systems import load_system

            predictors.append(load_system(name, device))
        else:
            predictors.append(_make(name, assessor, variant, fit, fit_limit))
    return predictors, digests


def _make(
    name: str,
    assessor: Assesses | None,
    variant: str,
    fit: EvaluationSet | None,
    fit_limit: int | None,
) -> Predictor:
    if name.startswith(PYIQA):
        # The only baseline that needs torch without a model.
        from seagull.evaluation.external import load_pyiqa

        return load_pyiqa(name.removeprefix(PYIQA))
    if name == "constant":
        items = () if fit is None else fit.items(fit_limit)
        return ConstantPredictor.fitted(labels for item in items for labels in item.labels.values())
    if name == "area":
        return AreaPredictor()
    if assessor is None:
        raise ValueError(f"the baseline {name} asks a model; name one with --model")
    kinds = {"crop-only": CropPredictor, "box-drawn": BoxPredictor}
    return kinds[name](assessor, variant=variant)
