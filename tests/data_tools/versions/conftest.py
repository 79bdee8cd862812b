"""Versions of four photos, made once for the tests of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data_tools.tiny_set import make_photos
from tests.data_tools.versions.tiny_versions import make


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("versions")
    make_photos(root / "photos" / "kept", 2)
    make_photos(root / "photos" / "held", 2, start=2)
    make(root, "out")
    return root
