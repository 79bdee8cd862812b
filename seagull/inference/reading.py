"""From logits to log-probabilities of candidate answers.

A question's candidates are told apart by their first tokens where those differ, and otherwise by
the sum over their tokens; ``read_paths`` says where logits are needed, ``log_probabilities`` reads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from seagull.inference.questions import Question
from seagull.inference.tree import Item


def read_paths(region: int, question: Question) -> list[tuple[Item, ...]]:
    """Packed sequences whose ends give the logits that the candidates' tokens are read from."""
    base = question.about(region)
    if question.single:
        return [base]
    longest = sorted(question.candidates, key=len)
    return [base + candidate[:count] for candidate in longest for count in range(len(candidate))]


def log_probabilities(
    question: Question, logits: Float[Tensor, "rows V"], rows: Sequence[int]
) -> Float[np.ndarray, " candidates"]:
    """Log-probabilities of the candidates, from the rows of ``read_paths``."""
    if question.single:
        first = [candidate[0] for candidate in question.candidates]
        chosen = logits[rows[0]][torch.tensor(first, device=logits.device)].double()
        return chosen.log_softmax(dim=0).cpu().numpy()
    sums: dict[tuple[int, ...], float] = {}
    position = iter(rows)
    for candidate in sorted(question.candidates, key=len):
        logs = [logits[next(position)].double().log_softmax(dim=0)[token] for token in candidate]
        sums[candidate] = float(torch.stack(logs).sum())
    read = np.array([sums[candidate] for candidate in question.candidates])
    return read - np.logaddexp.reduce(read)
