"""Turns logits into log-probabilities of candidate answers.

A question's candidates are compared by their first tokens where those differ, and otherwise by
the sum over their tokens; ``read_paths`` says where logits are needed, ``read_answers`` reads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from seagull.inference.decoder import Readout
from seagull.inference.questions import Question
from seagull.preprocessing.packing import Item

Logs = NDArray[np.float64]
"""Log-probabilities of a question's candidates, shape (candidates,)."""


def read_paths(region: int, question: Question) -> list[tuple[Item, ...]]:
    """Packed sequences whose ends give the logits that the candidates' tokens are read from."""
    base = question.about(region)
    if question.single:
        return [base]
    return [
        base + candidate[:count]
        for candidate in question.candidates
        for count in range(len(candidate))
    ]


def read_answers(
    questions: Sequence[Question], rows: Sequence[Sequence[int]], readout: Readout
) -> list[Logs]:
    """Log-probabilities of each question's candidates.

    Args:
        questions: in any order, of any regions.
        rows: per question, the read-out's rows for its ``read_paths``.
        readout: of the pass over those paths.
    """
    singles = [index for index, question in enumerate(questions) if question.single]
    wholes = [index for index, question in enumerate(questions) if not question.single]
    logs_by_question: dict[int, Logs] = {}
    if singles:
        chosen = [(questions[index], rows[index][0]) for index in singles]
        logs_by_question |= zip(singles, _first_tokens(chosen, readout), strict=True)
    if wholes:
        pairs = [(questions[index], rows[index]) for index in wholes]
        logs_by_question |= zip(wholes, _whole_words(pairs, readout), strict=True)
    return [logs_by_question[index] for index in range(len(questions))]


def _first_tokens(chosen: Sequence[tuple[Question, int]], readout: Readout) -> list[Logs]:
    """Candidates compared by their first tokens, normalised over those alone."""
    tokens = sorted({candidate[0] for question, _ in chosen for candidate in question.candidates})
    column = {token: index for index, token in enumerate(tokens)}
    logits = readout.words([row for _, row in chosen], tokens).double()
    results = []
    for (question, _), line in zip(chosen, logits, strict=True):
        candidate_logits = line[[column[candidate[0]] for candidate in question.candidates]]
        results.append(candidate_logits.log_softmax(dim=0).cpu().numpy())
    return results


def _whole_words(pairs: Sequence[tuple[Question, Sequence[int]]], readout: Readout) -> list[Logs]:
    """Candidates compared by the sum over their tokens, then normalised over the candidates."""
    needed = sorted({row for _, rows in pairs for row in rows})
    place = {row: index for index, row in enumerate(needed)}
    total = readout.full(needed).float().logsumexp(dim=1)
    vocabulary = sorted(
        {token for question, _ in pairs for word in question.candidates for token in word}
    )
    column = {token: index for index, token in enumerate(vocabulary)}
    logits = readout.words(needed, vocabulary)
    results = []
    for question, rows in pairs:
        steps = [
            (number, token)
            for number, candidate in enumerate(question.candidates)
            for token in candidate
        ]
        lines = torch.tensor([place[row] for row in rows], device=logits.device)
        tokens = torch.tensor([column[token] for _, token in steps], device=logits.device)
        logs = (logits[lines, tokens] - total[lines]).double().cpu().numpy()
        sums = np.zeros(len(question.candidates))
        np.add.at(sums, [number for number, _ in steps], logs)
        results.append(sums - np.logaddexp.reduce(sums))
    return results
