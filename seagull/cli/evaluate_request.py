"""What is asked of ``evaluate``, checked before anything is opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from seagull.cli.models import ModelRequest
from seagull.cli.names import unknown_name
from seagull.evaluation.baselines import BASELINES, OF_MODEL, PYIQA, TRAINED
from seagull.evaluation.sets import TableOptions
from seagull.evaluation.summary import TASKS
from seagull.evaluation.tables import MosScale

NO_MODEL = "none"


@dataclass(frozen=True)
class EvaluateRequest:
    """Everything asked of one ``evaluate`` run."""

    model: ModelRequest
    data: Path | None = None
    predictions: Path | None = None
    tasks: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    fit: Path | None = None
    fit_limit: int | None = None
    holdout: float | None = None
    trained_on: tuple[Path, ...] = ()
    metric: str | None = None
    table: TableOptions = field(default_factory=TableOptions)
    split: str = "train"
    limit: int | None = None
    sample: float | None = None
    seed: int = 0
    resamples: int = 1000
    out: Path | None = None
    json: bool = False

    @property
    def loads_model(self) -> bool:
        """Whether a model is asked."""
        return self.predictions is None and self.model.model != NO_MODEL

    def check(self) -> None:
        """Passes if the options fit together.

        Raises:
            ValueError: naming the option that does not.
        """
        if self.data is None and self.predictions is None:
            raise ValueError("nothing to evaluate: give --data, or --predictions with labels")
        if self.fit is not None and self.holdout is not None:
            raise ValueError("--fit and --holdout both say what is fitted to; give one of them")
        if self.data is None and (self.baselines or self.holdout is not None):
            raise ValueError("baselines and --holdout need the photos: give --data")
        for name in self.baselines:
            if name not in BASELINES and not name.startswith((PYIQA, *TRAINED)):
                more = [f"{PYIQA}NAME", *(f"{system}FOLDER" for system in TRAINED)]
                raise unknown_name("baseline", name, list(BASELINES), f", {', '.join(more)}")
            if name in OF_MODEL and not self.loads_model:
                raise ValueError(f"the baseline {name} asks a model; name one with --model")
        if self.predictions is None and not self.loads_model and not self.baselines:
            raise ValueError("--model none leaves nothing to evaluate; add a --baseline")
        if self.out is not None and self.out.exists() and not self.out.is_dir():
            raise ValueError(f"--out {self.out}: it is a file; name a folder")


def parse_evaluation_tasks(text: str | None) -> tuple[str, ...]:
    """The tasks of a comma-separated list; none for None.

    Raises:
        ValueError: on an unknown name (with the nearest).
    """
    given = [word.strip().lower() for word in (text or "").split(",") if word.strip()]
    for word in given:
        if word not in TASKS:
            raise unknown_name("task", word, TASKS)
    return tuple(task for task in TASKS if task in given)


def parse_scale(text: str | None) -> MosScale | None:
    """The opinion scale of ``WORST,BEST``; None for None.

    Raises:
        ValueError: if it is not two different numbers.
    """
    if text is None:
        return None
    try:
        worst, best = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"--mos-range {text!r}: write WORST,BEST, such as 1,5") from error
    return MosScale(worst, best)
