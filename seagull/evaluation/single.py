"""Accuracy on regions with one distortion: its type named first, its severity within one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seagull.evaluation.label_sets import Found
from seagull.levels import SEVERITY

SINGLE_SCORES = ("type_accuracy_single", "severity_within_one", "severity_within_one_all")


@dataclass(frozen=True, eq=False)
class SingleDistortions:
    """Outcomes region by region; false where a region does not belong to the question.

    Attributes:
        single: exactly one distortion is labelled, shape (n,).
        visible: and its severity is above the lowest word.
        named_first: its type is the first one predicted.
        named: its type is among those predicted.
        near: and the severity predicted for it is at most one word away.
    """

    single: NDArray[np.bool_]
    visible: NDArray[np.bool_]
    named_first: NDArray[np.bool_]
    named: NDArray[np.bool_]
    near: NDArray[np.bool_]

    def scores(self, rows: NDArray[np.intp]) -> dict[str, float | None]:
        """The ``SINGLE_SCORES`` of these rows; None where no region belongs to the question."""
        return {
            "type_accuracy_single": _share(self.named_first[rows], self.visible[rows]),
            "severity_within_one": _share(self.near[rows], self.named[rows]),
            "severity_within_one_all": _share(self.near[rows], self.single[rows]),
        }

    def counts(self) -> Mapping[str, int]:
        """What each score is a share of: ``visible``, ``named``, ``single``."""
        return {name: int(getattr(self, name).sum()) for name in ("visible", "named", "single")}


def single_distortions(predicted: Sequence[Found], true: Sequence[Found]) -> SingleDistortions:
    """The outcomes of predicted against labelled distortions.

    Args:
        predicted: likeliest first.
        true: what is labelled.
    """
    rows = [
        _outcome(predicted_set, true_set)
        for predicted_set, true_set in zip(predicted, true, strict=True)
    ]
    return SingleDistortions(*np.array(rows, dtype=np.bool_).reshape(-1, 5).T)


def _outcome(predicted: Found, true: Found) -> tuple[bool, bool, bool, bool, bool]:
    if len(true) != 1:
        return (False,) * 5
    ((kind, severity),) = true
    place, visible = SEVERITY.words.index(severity), severity != SEVERITY.words[0]
    words = [word for predicted_kind, word in predicted if predicted_kind == kind]
    severity_close = any(abs(SEVERITY.words.index(word) - place) <= 1 for word in words[:1])
    return (
        True,
        visible,
        visible and predicted[:1] != () and predicted[0][0] == kind,
        bool(words),
        severity_close,
    )


def _share(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> float | None:
    return float((hits & among).sum() / among.sum()) if among.any() else None
