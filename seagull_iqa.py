"""Where the commands begin: with the packages beside this file, whatever else is on the path.

A module ``data_tools`` of a user's own, found earlier on PYTHONPATH, must not stand in for ours.
"""

import importlib.util
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def seagull() -> None:
    """Runs the ``seagull`` command and exits with its code."""
    _prefer_ours("seagull")
    from seagull.cli import main

    main()


def seagull_data() -> None:
    """Runs the ``seagull-data`` command and exits with its code."""
    _prefer_ours("seagull", "data_tools")
    from data_tools.cli import main

    main()


def _prefer_ours(*packages: str) -> None:
    """Puts this folder in front of the path if another module would be taken for a package of ours.

    Processes that the commands start inherit the path.
    """
    for name in packages:
        found = importlib.util.find_spec(name)
        places = [Path(place) for place in (found and found.submodule_search_locations) or ()]
        if (_HERE / name).is_dir() and _HERE / name not in [place.resolve() for place in places]:
            sys.path.insert(0, str(_HERE))
            return
