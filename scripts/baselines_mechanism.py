"""Does QFM-IQM's mechanism do what it is for? Figures of trained runs on photos not trained on.

    python -m scripts.baselines_mechanism outputs/nano/opinions/held_out.jsonl RUN [RUN ...]

Of each run (a folder that `make baselines` trained): SRCC; how far a prediction moves, as a share
of the predictions' standard deviation, when the features of a matched partner, and of a random one,
are added at one strength; the share of samples for which matching found a partner in training (its
log); and how alike in quality the photos are that lie closest in feature space ("feature aliasing":
the less alike, the worse). The claim is that training with matched noise makes predictions move
less under matched noise than under random noise, at equal accuracy: so SRCC stands beside them, and
runs are compared with those of equal seeds without noise. QFM-IQM here is a reconstruction. The
last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from scripts.baselines_table import difference_text, over_seeds, spread
from seagull.baselines.assessor import load_baseline
from seagull.baselines.config import BaselineConfig
from seagull.baselines.learners import starting_network
from seagull.baselines.qfm.matching import match
from seagull.baselines.qfm.memory import Entries
from seagull.baselines.qfm.network import QfmNetwork, RegionFeatures
from seagull.baselines.qfm.noise import perturbed
from seagull.baselines.views import READ_SEED, as_tensor, make_views, shown
from seagull.evaluation.metrics import srcc
from seagull.evaluation.sets import open_set
from seagull.types import Region

CLOSEST = 0.05
"""Share of all pairs, the closest in feature space, whose quality is compared."""
STRENGTH = 0.3
FIGURES = {
    "srcc": "SRCC", "moves_matched": "moves, matched noise", "moves_random": "moves, random noise",
    "matched_in_training": "with a partner", "closest_apart": "closest pairs' difference",
}  # fmt: skip

Figures = dict[str, Any]


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("records", type=Path, help="whole photos with MOS, not trained on")
    parser.add_argument("runs", type=Path, nargs="+", metavar="run", help="of QFM-IQM")
    parser.add_argument("--photos", type=int, default=300)
    options = parser.parse_args()
    found = {str(run): _figures(run, options.records, options.photos) for run in options.runs}
    print("\n".join(report(list(found.values()))))
    print(json.dumps({"reconstruction": True, "strength": STRENGTH, "runs": found}))


@torch.inference_mode()
def _figures(run: Path, records: Path, photos: int) -> Figures:
    """The figures of a run."""
    assessor = load_baseline(run, device="cpu")
    network, config = assessor.network, assessor.config
    if not isinstance(network, QfmNetwork) or config.protocol != "crop":
        raise SystemExit(f"{run}: no QFM-IQM by the crop protocol")
    entries = _entries(network, config, records, photos)
    read = network.decoder(RegionFeatures(entries.cls, entries.tokens))[:, 0]
    moves = {
        f"moves_{name}": _moves(network, config, entries, read, kind)
        for name, kind in (("matched", "semantic"), ("random", "random"))
    }
    agreement = srcc(read.double().numpy(), entries.quality.double().numpy())
    return {
        "trained_with": config.qfm_iqm.match.kind,
        "seed": config.seed,
        "srcc": None if agreement is None else round(agreement, 4),
        **moves,
        "matched_in_training": _matched(run),
        "closest_apart": closest_apart(entries.cls, entries.quality, CLOSEST),
    }


def _entries(network: QfmNetwork, config: BaselineConfig, records: Path, photos: int) -> Entries:
    """One window of each photo as the memory would keep it, but in full precision."""
    began = starting_network(config)
    assert isinstance(began, QfmNetwork)
    began.eval()
    cls, tokens, semantics, quality = [], [], [], []
    for item in islice(open_set(records).items(), photos):
        (labels,) = item.labels.values()
        if labels.quality is None:
            continue
        photo = item.load()
        whole = [Region(np.ones(photo.size, np.bool_))]
        cut, _ = shown(photo.pixels, whole, config, 1, np.random.default_rng(READ_SEED))
        views = make_views(as_tensor(cut), torch.arange(1))
        features = network.features(views)
        cls.append(features.cls)
        tokens.append(features.tokens)
        semantics.append(began.encoder(views.pixels)[0])
        quality.append(labels.quality)
    known = torch.tensor(quality)
    return Entries(
        torch.cat(semantics), torch.cat(cls), torch.cat(tokens), known, torch.arange(len(known))
    )


def _moves(
    network: QfmNetwork, config: BaselineConfig, entries: Entries, read: Tensor, kind: str
) -> float:
    """Mean distance of predictions with a partner's features from those without, in their spread.

    Over all photos a network whose predictions hardly differ moves little, too: hence the share.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(READ_SEED)
        settings = replace(config.qfm_iqm.match, kind=kind, candidates=1)
        found = match(entries.described, entries.described, settings)
    rows = found.matched.nonzero().squeeze(1)
    features = RegionFeatures(entries.cls[rows], entries.tokens[rows])
    noise = entries.rows(found.entry[rows, 0])
    strength = torch.full((len(rows),), STRENGTH)
    other = perturbed(features, noise, strength, cls=config.qfm_iqm.perturb_cls)
    apart = (network.decoder(other)[:, 0] - read[rows]).abs().mean()
    return round(float(apart / read.std()), 4)


def closest_apart(features: Tensor, quality: Tensor, share: float) -> float:
    """Mean difference in quality of the pairs that are closest in feature space (by cosine)."""
    unit = functional.normalize(features.float(), dim=1)
    first, second = torch.triu_indices(len(unit), len(unit), offset=1)
    cosine = (unit @ unit.mT)[first, second]
    chosen = cosine.topk(max(1, int(share * len(cosine)))).indices
    apart = (quality[first] - quality[second]).abs()
    return round(float(apart[chosen].mean()), 4)


def _matched(run: Path) -> float | None:
    """Mean share of samples with a partner, of the run's log."""
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return mean_of([json.loads(line).get("matched") for line in lines])


def mean_of(values: Sequence[float | None]) -> float | None:
    """Mean of the values that there are; None if there are none."""
    known: NDArray[np.float64] = np.array([one for one in values if one is not None])
    return round(float(known.mean()), 4) if len(known) else None


def report(found: Sequence[Figures]) -> Iterator[str]:
    """A table by what runs were trained with, and what noise in training changes, by seed."""
    yield f"QFM-IQM, a reconstruction: mean and standard deviation over runs, noise of {STRENGTH:g}"
    yield ""
    yield f"| trained with | runs | {' | '.join(FIGURES.values())} |"
    yield "| --- " * (len(FIGURES) + 2) + "|"
    kinds = {
        kind: {one["seed"]: one for one in found if one["trained_with"] == kind}
        for kind in ("semantic", "random", "none")
    }
    for kind, own in kinds.items():
        if own:
            cells = [spread([one[name] for one in own.values()]) for name in FIGURES]
            yield f"| {kind} | {len(own)} | {' | '.join(cells)} |"
    for kind in ("semantic", "random"):
        yield from _change_lines(kind, kinds[kind], kinds["none"])


def _change_lines(
    kind: str, own: Mapping[int, Figures], without: Mapping[int, Figures]
) -> Iterator[str]:
    """What training with noise changes, and whether matched noise loses more than random noise."""
    seeds = sorted(set(own) & set(without))
    if not seeds:
        return
    yield f"\ntrained with {kind} noise, beyond without noise ({len(seeds)} seeds, 95 %):"
    apart = {
        name: [own[seed][name] - without[seed][name] for seed in seeds]
        for name in ("srcc", "moves_matched", "moves_random", "closest_apart")
    }
    for name, values in apart.items():
        yield f"  {FIGURES[name]}: {difference_text(float(np.mean(values)), over_seeds(values))}"
    pairs = zip(apart["moves_matched"], apart["moves_random"], strict=True)
    more = [matched - random for matched, random in pairs]
    text = difference_text(float(np.mean(more)), over_seeds(more))
    yield f"  matched noise beyond random noise (below 0: it falls more, as claimed): {text}"


if __name__ == "__main__":
    main()
