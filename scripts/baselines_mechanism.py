"""Does QFM-IQM's mechanism do what it is for? Figures of trained runs on photos not trained on.

    python scripts/baselines_mechanism.py outputs/nano/opinions/held_out.jsonl RUN [RUN ...]

Of each run (a folder that `scripts/baselines_compare.py` trained): the share of samples for which
matching found a partner in training (its log); how far a prediction moves when the features of a
matched partner, and of a random one, are added at one strength; and how alike in quality the photos
are that lie closest in feature space ("feature aliasing": the less alike, the worse). QFM-IQM here
is a reconstruction. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from seagull.baselines.assessor import load_baseline
from seagull.baselines.config import MatchSettings
from seagull.baselines.learners import starting_network
from seagull.baselines.qfm.memory import Entries, match
from seagull.baselines.qfm.network import QfmNetwork, RegionFeatures
from seagull.baselines.qfm.noise import perturbed
from seagull.baselines.views import READ_SEED, as_tensor, make_views, shown
from seagull.evaluation.sets import open_set
from seagull.types import Region

CLOSEST = 0.05
"""Share of all pairs, the closest in feature space, whose quality is compared."""


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("records", type=Path, help="whole photos with MOS, not trained on")
    parser.add_argument("runs", type=Path, nargs="+", metavar="run", help="of QFM-IQM")
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--strength", type=float, default=0.3)
    options = parser.parse_args()
    found = {}
    for run in options.runs:
        found[str(run)] = _figures(run, options.records, options.photos, options.strength)
        print(run, json.dumps(found[str(run)]))
    print(json.dumps(found))


@torch.inference_mode()
def _figures(run: Path, records: Path, photos: int, strength: float) -> dict[str, Any]:
    assessor = load_baseline(run, device="cpu")
    network, config = assessor.network, assessor.config
    if not isinstance(network, QfmNetwork) or config.protocol != "crop":
        raise ValueError(f"{run}: no QFM-IQM by the crop protocol")
    began = starting_network(config)
    assert isinstance(began, QfmNetwork)
    began.eval()
    cls, tokens, semantics, quality = [], [], [], []
    for item in islice(open_set(records).items(), photos):
        photo = item.load()
        whole = [Region(np.ones(photo.size, np.bool_))]
        rng = np.random.default_rng(READ_SEED)
        cut, _ = shown(photo.pixels, whole, config, 1, rng)
        views = make_views(as_tensor(cut), torch.arange(1))
        features = network.features(views)
        cls.append(features.cls)
        tokens.append(features.tokens)
        semantics.append(began.encoder(views.pixels)[0])
        quality.append(next(iter(item.labels.values())).quality or 0.0)
    known = torch.tensor(quality)
    entries = Entries(
        torch.cat(semantics), torch.cat(cls), torch.cat(tokens), known, torch.arange(len(known))
    )
    moves = {
        f"moves_{kind}": _moves(network, entries, kind, strength, cls=config.qfm_iqm.perturb_cls)
        for kind in ("semantic", "random")
    }
    return {
        "matched_in_training": _matched(run),
        **moves,
        "closest_apart": closest_apart(entries.cls, known, CLOSEST),
    }


def _moves(
    network: QfmNetwork, entries: Entries, kind: str, strength: float, *, cls: bool
) -> float:
    """Mean distance between predictions with and without a partner's features."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(READ_SEED)
        settings = MatchSettings(kind=kind, candidates=1)
        found = match(entries.semantics, entries.quality, entries.photo, entries, settings)
    rows = found.matched.nonzero().squeeze(1)
    features = RegionFeatures(entries.cls[rows], entries.tokens[rows])
    noise = entries.rows(found.entry[rows, 0])
    other = perturbed(features, noise, torch.full((len(rows),), strength), cls=cls)
    apart = network.decoder(other)[:, 0] - network.decoder(features)[:, 0]
    return round(float(apart.abs().mean()), 5)


def closest_apart(features: Tensor, quality: Tensor, share: float) -> float:
    """Mean difference in quality of the pairs that are closest in feature space (by cosine)."""
    unit = functional.normalize(features.float(), dim=1)
    first, second = torch.triu_indices(len(unit), len(unit), offset=1)
    cosine = (unit @ unit.mT)[first, second]
    chosen = cosine.topk(max(1, int(share * len(cosine)))).indices
    apart = (quality[first] - quality[second]).abs()
    return round(float(apart[chosen].mean()), 5)


def _matched(run: Path) -> float | None:
    """Mean share of samples with a partner, of the run's log."""
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return mean_of([json.loads(line).get("matched") for line in lines])


def mean_of(values: Sequence[float | None]) -> float | None:
    """Mean of the values that there are; None if there are none."""
    known: NDArray[np.float64] = np.array([one for one in values if one is not None])
    return round(float(known.mean()), 4) if len(known) else None


if __name__ == "__main__":
    main()
