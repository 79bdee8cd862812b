"""Joins two networks that were trained apart into one adapter of seagull-nano with a tower more.

    N=outputs/nano; python scripts/nano_join.py $N/12-language $N/16-second $N/17-joined

The first network stays what it is. Of the second it gets the vision encoder as its last tower, and
the keys and scales of its levels; what regions take from these levels begins at nothing and is to
be learned. With --side it becomes a side tower, of which the tokens know nothing, and nothing is to
be learned: with one for photos its reader comes along, with one for regions the second network's
MFE and head. LoRA is brought down to the rank that leaves room for the tower, and so is the change
from the base model of towers that are named: what learns from them afterwards sees them as they
will be in the package. With --shown that changes least what these towers give of such photos. With
--mean the second network is the mean of two, weight by weight, one of which went on from the other.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from seagull.model.adapter import ADAPTER_FILE, lora_targets, read_adapter, write_adapter
from seagull.model.low_rank import factored_towers, restored, tower_and_rank
from seagull.training.finished import adapter_file
from seagull.training.moments import moments_on

BACKBONE = "vision_encoder.backbone."
LEVEL = re.compile(r"mfe\.(basic|surroundings|keys|norms)\.(\d+)\.(.+)")
"""Parts that the MFE has one of for each level."""
OTHER = re.compile(r"vision_encoder\.others\.\d+\.")
LAST = ("mfe.attended_out.", "mfe.basic_out.")
"""Layers that with ``mfe.merge`` make one linear map of what is attended to and the basic part."""
READER = re.compile(r"head\.readers\.\d+\.")


def main() -> None:
    """Writes the adapter."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("first", help="run that brings along all but the last tower")
    parser.add_argument("second", help="run whose vision encoder becomes the last tower")
    parser.add_argument("out", type=Path, help="folder for the adapter")
    parser.add_argument(
        "--side",
        choices=("photos", "regions"),
        help="the last tower becomes a side tower for these",
    )
    parser.add_argument(
        "--mean", metavar="RUN", help="whose weights the second's are averaged with"
    )
    parser.add_argument("--rank", type=int, default=8, help="of LoRA in the new adapter")
    parser.add_argument(
        "--towers", type=tower_and_rank, nargs="*", default=[], metavar="TOWER:RANK",
        help="whose change from the base model is brought down to that rank; the first tower is 1",
    )  # fmt: skip
    parser.add_argument("--base", type=Path, help="base model's folder of the new adapter")
    parser.add_argument(
        "--shown", nargs="*", default=[], metavar="RECORDS", help="of photos for the towers named"
    )
    options = parser.parse_args()
    if options.towers and not options.base:
        parser.error("--towers needs --base: the change is from that model")
    info, first = read_adapter(adapter_file(options.first))
    _, second = read_adapter(adapter_file(options.second))
    if options.mean:
        second = mean_of(second, read_adapter(adapter_file(options.mean))[1])
    join = {None: with_another_tower, "photos": with_a_reader, "regions": with_a_region_reader}
    tensors = with_lora_rank(join[options.side](first, second), options.rank)
    if options.towers:
        base = load_file(options.base / "model.safetensors")
        moments = moments_on(options.base, tensors, options.shown)
        tensors = restored(factored_towers(tensors, base, options.towers, moments), base)
    options.out.mkdir(parents=True, exist_ok=True)
    joined = replace(
        info, base="nano", rank=options.rank, alpha=info.alpha * options.rank / info.rank
    )
    write_adapter(options.out / ADAPTER_FILE, tensors, joined)
    print(f"{options.out / ADAPTER_FILE}: {sum(v.numel() for v in tensors.values()):,} parameters")


def mean_of(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The mean of two networks' weights.

    Raises:
        SystemExit: if they do not have the same ones.
    """
    if differ := sorted(one.keys() ^ other.keys()):
        raise SystemExit(f"--mean: only one of the two networks has {differ[0]}")
    return {key: (value.float() + other[key].float()) / 2 for key, value in one.items()}


def with_another_tower(
    first: Mapping[str, Tensor], second: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The first network's tensors, and those of the second one that belong to its levels."""
    levels, own = (
        1 + max(int(m[2]) for m in map(LEVEL.fullmatch, network) if m)
        for network in (first, second)
    )
    tower = f"vision_encoder.others.{levels // own - 1}."
    joined = dict(first)
    for key, value in second.items():
        if key.startswith(BACKBONE):
            joined[tower + key.removeprefix(BACKBONE)] = value
        elif part := LEVEL.fullmatch(key):
            taken = torch.zeros_like(value) if part[1] in ("basic", "surroundings") else value
            joined[f"mfe.{part[1]}.{int(part[2]) + levels}.{part[3]}"] = taken
    return joined


def with_a_side_tower(
    first: Mapping[str, Tensor], second: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The first network's tensors, and the second one's vision encoder."""
    towers = {match[0] for match in map(OTHER.match, first) if match}
    tower = f"vision_encoder.others.{len(towers)}."
    own = {tower + k.removeprefix(BACKBONE): v for k, v in second.items() if k.startswith(BACKBONE)}
    return {**first, **own}


def with_a_reader(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The first network's tensors, and the second one's vision encoder and reader.

    Raises:
        SystemExit: if it has no reader.
    """
    readers = {match[0] for match in map(READER.match, first) if match}
    own = {
        READER.sub(f"head.readers.{len(readers)}.", key): value
        for key, value in second.items()
        if READER.match(key)
    }
    if not own:
        raise SystemExit("--side photos: the second network has no reader, see nano_towers.py")
    return {**with_a_side_tower(first, second), **own}


def with_a_region_reader(
    first: Mapping[str, Tensor], second: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The first network's tensors, and of the second one all that reads regions' global tokens.

    The last layers of its MFE become one, as ``MaskFeatureExtractor`` has it with ``direct``.
    """
    reader = {
        f"head.regions.{key}": value
        for key, value in second.items()
        if key.startswith(("mfe.", "head.")) and not key.startswith(("mfe.local.", *LAST))
    }
    merge = second["mfe.merge.weight"].float()
    weights, bias = [], second["mfe.merge.bias"].float()
    for layer, part in zip(LAST, merge.chunk(2, dim=1), strict=True):
        weights.append(part @ second[f"{layer}weight"].float())
        bias = bias + part @ second[f"{layer}bias"].float()
    reader["head.regions.mfe.merge.weight"] = torch.cat(weights, dim=1)
    reader["head.regions.mfe.merge.bias"] = bias
    return {**with_a_side_tower(first, second), **reader}


def with_lora_rank(tensors: Mapping[str, Tensor], rank: int) -> dict[str, Tensor]:
    """The tensors with LoRA factors of another rank, whose products are the nearest there are.

    ``alpha`` has to change with the rank, so that the factor ``alpha / rank`` stays.
    """
    changed = dict(tensors)
    for name, (down, up) in lora_targets(tensors).items():
        # Of two thin orthogonal factors the small core has the singular values of the product.
        left, core_left = torch.linalg.qr(up.float())
        right, core_right = torch.linalg.qr(down.float().T)
        u, values, v = torch.linalg.svd(core_left @ core_right.T)
        root = values[:rank].sqrt()
        changed[f"{name}.lora_A.weight"] = (root[:, None] * v[:rank]) @ right.T
        changed[f"{name}.lora_B.weight"] = left @ (u[:, :rank] * root)
    return changed


if __name__ == "__main__":
    main()
