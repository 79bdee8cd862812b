"""One setting on one photo, for looking at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data_tools.distort.registry import apply, distortion_key, ladder
from data_tools.png import encode_png
from data_tools.reference.reference import from_rgb
from data_tools.render import load_ladders
from seagull.photos import read_photo
from seagull.types import DistortionType


def distort_one(photo: Path, options: Sequence[str]) -> str:
    """Writes one distorted photo and says what was done.

    Args:
        photo: of any kind `read_photo` reads.
        options: ``type=`` (default blur), ``k=`` (default 10), ``seed=``, ``long_side=``,
            ``ladders=`` and ``output=`` (default beside the photo's name, in the current folder).

    Raises:
        ValueError: on an unknown option or value, or an unreadable photo.
    """
    known = {
        "type": "blur",
        "k": "10",
        "seed": "0",
        "long_side": "1024",
        "output": "",
        "ladders": "",
    }
    for option in options:
        name, sign, value = option.partition("=")
        if not sign or name not in known:
            raise ValueError(f"unknown option {option!r}; known are {', '.join(known)}")
        known[name] = value
    for name in ("k", "seed", "long_side"):
        if not known[name].lstrip("-").isdigit():
            raise ValueError(f"{name} is a whole number, got {known[name]!r}")
    if known["type"] not in [kind.value for kind in DistortionType]:
        raise ValueError(f"type is one of {', '.join(DistortionType)}, got {known['type']!r}")
    kind, k, seed = DistortionType(known["type"]), int(known["k"]), int(known["seed"])
    if not 1 <= k <= 20:
        raise ValueError(f"k is a level from 1 to 20, got {k}")
    reference = from_rgb(photo.stem, read_photo(photo).pixels, int(known["long_side"]))
    rungs = ladder(kind, photo.stem, seed, load_ladders(known["ladders"] or None))
    setting = next(rung for rung in rungs if rung.k == k)
    pixels = apply(setting, reference, distortion_key(kind, photo.stem, seed))
    target = Path(known["output"] or f"{photo.stem}.{kind.value}_{k}.png")
    target.write_bytes(encode_png(pixels))
    return f"{target}: {setting.severity} {kind.value} ({setting.variant}), {setting.strength}"
