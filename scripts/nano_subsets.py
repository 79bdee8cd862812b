"""The reader of subsets of opinions, fitted to what the towers show of photos that people judged.

    python scripts/nano_subsets.py ADAPTER outputs/nano/opinions/train.jsonl

Which subset of its collection a photo is from, the first word of its name tells. Nothing else
changes in the adapter file, whose towers stay as they are: each photo is looked at once as it is,
and once as a window of it, flipped at random. The two readers are linear, so both fits have one
solution: logistic regression for the subsets, ridge regression for the quality in each. With --read
nothing is fitted: what the adapter's reader says of other photos is compared with their labels. The
last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from nano_ship import LIMIT
from torch import Tensor
from torch.nn import functional
from tower_views import Opinions, read_opinions, subset_of
from tower_workshop import agreement

from seagull.inference.load import find_model
from seagull.memory import keep_freed_memory
from seagull.model.adapter import apply_adapter, read_adapter, write_adapter
from seagull.model.checkpoint import load_model
from seagull.model.head import GROUP, head_of, read_head
from seagull.model.readers import SubsetReader
from seagull.model.seagull import SeagullForConditionalGeneration

PART = f"{GROUP}subsets."
"""Keys of the reader in an adapter file begin so."""
WINDOWS = (9 / 16, 15 / 16)
"""Sides of windows, shortest and longest, in the photo's."""
AT_ONCE = 8
"""Photos at once."""
LIKENESS_DECAY, QUALITY_DECAY = 0.05, 3000.0
"""Of squared weights: beside the mean cross entropy of the subsets, and, halved, beside the squared
errors of quality, summed over photos. What goes in has a deviation of 1."""


@dataclass(frozen=True)
class Judged:
    """Looks at photos: what towers show (N, T, S), opinions in [0, 1] and numbers of subsets."""

    shown: Tensor
    quality: Tensor
    subset: Tensor


def subsets_of(names: list[str]) -> tuple[list[str], Tensor]:
    """The subsets that photos are named after, in order, and the number of each photo's."""
    first = [subset_of(name) for name in names]
    known = sorted(set(first))
    return known, torch.tensor([known.index(name) for name in first])


@torch.no_grad()
def look(
    model: SeagullForConditionalGeneration, opinions: Opinions, *, seed: int | None = None
) -> Tensor:
    """What all towers show of photos, (N, T, S).

    Args:
        model: with trained towers.
        opinions: the photos.
        seed: to look at a random window of each, by its place; None: at the whole photos.
    """
    found: list[Tensor | None] = [None] * len(opinions)
    for places, pixels in _views(opinions, model.vision_encoder.strides[-1], seed):
        ready = (pixels.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        with torch.autocast(pixels.device.type, torch.bfloat16):
            levels = model.vision_encoder(ready)
        whole = torch.ones(len(pixels), 1, *pixels.shape[2:], dtype=torch.bool)
        towers = model.side_view(levels, whole).every[:, 0]
        for place, one in zip(places.tolist(), towers, strict=True):
            found[place] = one
    return torch.stack([one for one in found if one is not None])


def _views(opinions: Opinions, cell: int, seed: int | None) -> Iterator[tuple[Tensor, Tensor]]:
    """Places of photos and their pixels, windows of one size together, of whole cells each."""
    side = opinions.pixels.shape[2]
    if seed is None:
        for places in torch.arange(len(opinions)).split(AT_ONCE):
            yield places, opinions.pixels[places]
        return
    generator = torch.Generator().manual_seed(seed)
    least, most = (max(1, int(share * side) // cell) for share in WINDOWS)
    cells = torch.randint(least, most + 1, (len(opinions),), generator=generator)
    corners = torch.rand(len(opinions), 2, generator=generator)
    flipped = torch.rand(len(opinions), generator=generator) < 0.5
    for count in cells.unique().tolist():
        window = count * cell
        for places in (cells == count).nonzero()[:, 0].split(AT_ONCE):
            yield (
                places,
                torch.stack(
                    [
                        _window(
                            opinions.pixels[place], corners[place], window, bool(flipped[place])
                        )
                        for place in places.tolist()
                    ]
                ),
            )


def _window(pixels: Tensor, corner: Tensor, side: int, flipped: bool) -> Tensor:
    top, left = (corner * (pixels.shape[1] - side + 1)).long().tolist()
    seen = pixels[:, top : top + side, left : left + side]
    return seen.flip(2) if flipped else seen


def fit(reader: SubsetReader, judged: Judged, views: int) -> None:
    """Gives the reader its weights.

    Args:
        reader: which gets them.
        judged: all looks.
        views: how many looks there are at each photo.
    """
    flat = judged.shown.flatten(1)
    reader.norm.fit(flat.mean(dim=0), flat.std(dim=0))
    with torch.no_grad():
        known = reader.norm(flat).double()
        own = known.unflatten(1, judged.shown.shape[1:])[:, reader.judges].flatten(1)
    weight, bias = _logistic(known, judged.subset, reader.likeness.out_features)
    reader.likeness.weight.data, reader.likeness.bias.data = weight.float(), bias.float()
    fitted = [
        _ridge(own[judged.subset == number], judged.quality[judged.subset == number].double(),
               QUALITY_DECAY * views)
        for number in range(reader.quality.out_features)
    ]  # fmt: skip
    reader.quality.weight.data = torch.stack([weight for weight, _ in fitted]).float()
    reader.quality.bias.data = torch.stack([bias for _, bias in fitted]).float()


def _logistic(known: Tensor, subset: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Weights (subsets, T * S) and biases of the log-odds of each subset."""
    weight = known.new_zeros(count, known.shape[1], requires_grad=True)
    bias = known.new_zeros(count, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = functional.cross_entropy(known @ weight.T + bias, subset)
        loss = loss + LIKENESS_DECAY * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return weight.detach(), bias.detach()


def _ridge(known: Tensor, quality: Tensor, decay: float) -> tuple[Tensor, Tensor]:
    """Weights (S) and bias; solved among the photos, of which there are fewer than numbers."""
    centre, mean = known.mean(dim=0), quality.mean()
    apart = known - centre
    among = apart @ apart.T
    among.diagonal().add_(decay)
    weight = apart.T @ torch.linalg.solve(among, quality - mean)
    return weight, mean - centre @ weight


def compared(reader: SubsetReader, judged: Judged, names: list[str]) -> dict[str, float]:
    """SRCC and PLCC of what the reader says, and how often it tells the subset (all of each)."""
    with torch.no_grad():
        likeness = reader.by_subset(judged.shown[:, None])[0][:, 0]
        said = reader(judged.shown[:, None])[:, 0]
    told = (likeness.argmax(dim=1) == judged.subset).float()
    shares = {name: told[judged.subset == number].mean() for number, name in enumerate(names)}
    srcc, plcc = agreement(said, judged.quality)
    found = {"srcc": float(srcc), "plcc": float(plcc), "told": float(told.mean())}
    return found | {f"told_{name}": round(float(share), 4) for name, share in shares.items()}


def main() -> None:
    """Fits the reader and writes it into the adapter file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("adapter", type=Path, help="file of an adapter of the model in use")
    parser.add_argument("records", type=Path, help="of opinions to learn from")
    parser.add_argument("--seed", type=int, default=0, help="of the windows")
    parser.add_argument("--read", action="store_true", help="compare with the records instead")
    options = parser.parse_args()
    keep_freed_memory()
    info, tensors = read_adapter(options.adapter)
    model = load_model(find_model(info.base), dtype=torch.float32, device="cpu")
    apply_adapter(model, options.adapter)
    model.vision_encoder.to(memory_format=torch.channels_last)
    head = head_of(model)
    reader = head.subsets
    if reader is None:
        raise SystemExit(f"{info.base}: mfe_config.subsets is 0, so its head has no such reader")
    opinions = read_opinions(options.records)
    names, subset = subsets_of(opinions.names)
    if len(names) != reader.quality.out_features:
        raise SystemExit(f"the model tells {reader.quality.out_features} subsets, not {names}")
    if options.read:
        if read_head(options.adapter, head) is None:
            raise SystemExit(f"{options.adapter}: there is no head in it to read with")
        judged = Judged(look(model, opinions), opinions.quality, subset)
        print(json.dumps({"data": str(options.records), **compared(reader, judged, names)}))
        return
    looks = [look(model, opinions), look(model, opinions, seed=options.seed)]
    twice = Judged(torch.cat(looks), opinions.quality.repeat(2), subset.repeat(2))
    fit(reader, twice, views=len(looks))
    for name, value in reader.state_dict().items():
        tensors[PART + name] = value if value.ndim == 1 else value.to(torch.bfloat16)
    write_adapter(options.adapter, tensors, info)
    size = options.adapter.stat().st_size
    print(json.dumps({"adapter": str(options.adapter), "bytes": size, "subsets": names}))
    if size > LIMIT:
        raise SystemExit(f"the adapter is larger than {LIMIT / 1e6:.0f} MB; lower ranks")


if __name__ == "__main__":
    main()
