"""Makes a base model of seagull-nano with other towers than those in use.

    python scripts/nano_base.py outputs/nano/one-tower 1.0
    python scripts/nano_base.py outputs/nano/half 0.5

Towers are trained apart, each as the only one of such a base; ``nano_join.py`` puts them together.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from seagull.model.nano import prepare_nano


def main() -> None:
    """Makes the folder, unless it is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="the model folder to make")
    parser.add_argument("scales", type=float, nargs="+", help="for each tower, see VisionEncoder")
    parser.add_argument("--mfe-towers", type=int, default=0, help="those of the tokens; 0: all")
    parser.add_argument(
        "--region-tower", action="store_true", help="the last is a side tower for regions"
    )
    parser.add_argument(
        "--surroundings", choices=("none", "tokens", "region_tower"), default="none",
        help="the global token that is told how regions differ from what is around them",
    )  # fmt: skip
    options = parser.parse_args()
    prepare_nano(
        options.folder, print, scales=options.scales, mfe_towers=options.mfe_towers,
        region_tower=options.region_tower, surroundings=options.surroundings,
    )  # fmt: skip


if __name__ == "__main__":
    main()
