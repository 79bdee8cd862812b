"""``python -m seagull`` is the ``seagull`` command."""

from seagull.cli import main

if __name__ == "__main__":
    main()
