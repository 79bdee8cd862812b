"""Who may read the weights we write."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def allow_readers(files: Iterable[Path]) -> None:
    """Gives weights the permissions that new files get in their folder.

    safetensors writes files that their owner alone may read; a model in a shared folder would be of
    no use to anyone else.
    """
    for file in files:
        probe = file.with_name(f".{file.name}.permissions")
        probe.touch()
        file.chmod(probe.stat().st_mode & 0o777)
        probe.unlink()
