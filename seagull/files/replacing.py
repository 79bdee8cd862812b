"""Files that are written whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Gives the path of a new file to write, which takes the target's place at the end.

    After an error nothing of it is left, and the target is as it was.

    Raises:
        OSError: with the target's path, if the file cannot be written.
    """
    # Not the target's name with something added: that may be longer than a name can be.
    mark = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    partial = target.with_name(f".{mark}.part{target.suffix}")
    try:
        yield partial
        partial.replace(target)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(target)) from error
    finally:
        partial.unlink(missing_ok=True)
