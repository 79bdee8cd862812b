"""Where a run stands: from the plan and the commit records alone, without a look at any image."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from data_tools.card import stage_totals
from data_tools.plan import read_plan
from data_tools.state import STAGES, OutputTree, latest, read_journal, read_json


@dataclass(frozen=True)
class Failure:
    """A reference in quarantine (or a photo rejected when planned)."""

    stage: str
    id: str
    cell: str
    kind: str
    message: str
    attempts: int


@dataclass(frozen=True)
class Status:
    """The state of an output folder.

    Args:
        references: planned. ``shards``: planned.
        stages: totals by stage, as in `stage_totals`.
        rejected: photos not planned, by kind of reason.
        failures: the quarantine table.
        running: what workers have under their hands: shard, reference, stage, seconds.
        finished: whether every stage is committed for every shard.
    """

    references: int
    shards: int
    stages: dict[str, dict[str, Any]]
    rejected: dict[str, int]
    failures: list[Failure]
    running: list[dict[str, Any]]
    finished: bool


def read_status(tree: OutputTree) -> Status:
    """The status of an output folder.

    Raises:
        PlanError: if nothing is planned there.
    """
    plan = read_plan(tree)
    shards = len(plan["shards"])
    stages = stage_totals(tree, shards)
    reasons = Counter(row["reason"].split(":", 1)[0] for row in plan.get("rejected", []))
    return Status(
        references=sum(plan["shards"]),
        shards=shards,
        stages=stages,
        rejected=dict(reasons),
        failures=list(iter_failures(tree, shards)),
        running=list(_running(tree, shards)),
        finished=all(stages[stage]["shards"] == shards for stage in STAGES),
    )


def iter_failures(tree: OutputTree, shards: int) -> Iterator[Failure]:
    """The quarantine table, shard by shard; journals without a failure are not read."""
    for stage in STAGES:
        for shard in range(shards):
            record = read_json(tree.commit(stage, shard))
            if record is not None and not record["failed"]:
                continue
            for entry in latest(read_journal(tree.journal(stage, shard))).values():
                if entry.error is not None:
                    error = entry.error
                    yield Failure(
                        stage,
                        entry.id,
                        error["cell"],
                        error["class"],
                        error["message"],
                        error["attempts"],
                    )


def _running(tree: OutputTree, shards: int) -> Iterator[dict[str, Any]]:
    for shard in range(shards):
        beat = read_json(tree.current(shard))
        if beat is not None:
            age = round(time.time() - beat["since"], 1)
            yield {"shard": shard, "id": beat["id"], "stage": beat["stage"], "seconds": age}
