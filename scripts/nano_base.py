"""Makes a base model of seagull-nano with another number of towers than the one in use.

    python scripts/nano_base.py 1 outputs/nano/one-tower

Towers are trained apart, each as the only one of such a base; ``nano_join.py`` puts them together.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from seagull.model.nano import prepare_nano


def main() -> None:
    """Makes the folder, unless it is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("towers", type=int, help="backbones of its vision encoder")
    parser.add_argument("folder", type=Path, help="the model folder to make")
    options = parser.parse_args()
    prepare_nano(options.folder, print, towers=options.towers)


if __name__ == "__main__":
    main()
