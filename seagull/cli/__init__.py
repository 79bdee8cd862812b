"""The ``seagull`` command. Importing it is cheap; each command imports what it needs."""

from seagull.cli.app import build_app as build_app
from seagull.cli.app import main as main
