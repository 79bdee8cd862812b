"""Which segmenter is meant: by name, by what is downloaded, or the one that needs nothing."""

from pathlib import Path

import pytest

from seagull.files.download import DOWNLOADS
from seagull.regions.load import load_segmenter, segmenter_loader


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_without_a_checkpoint_the_notice_says_how_to_get_one() -> None:
    segmenter = load_segmenter()
    assert segmenter.name == "grabcut+felzenszwalb"
    assert "seagull download sam2.1-tiny" in (segmenter.notice or "")


def test_asked_for_by_name_it_needs_no_notice() -> None:
    assert load_segmenter("classical").notice is None


def test_a_sam_that_is_not_downloaded_names_the_command() -> None:
    with pytest.raises(ValueError, match="`seagull download sam-vit-l`"):
        load_segmenter("sam-vit-l")


def test_a_downloaded_folder_is_found_by_its_name(tmp_path: Path) -> None:
    """It is whole once each file has its size; what is in it is looked at when it is loaded."""
    folder = tmp_path / "seagull/sam2.1-hiera-tiny"
    folder.mkdir(parents=True)
    for file in DOWNLOADS["sam2.1-tiny"].files:
        with pytest.raises(ValueError, match=r"`seagull download sam2\.1-tiny`"):
            load_segmenter("sam2.1-tiny")
        with (folder / file.name).open("wb") as empty:
            empty.truncate(file.size)
    for name in ("sam2.1-tiny", None):
        with pytest.raises(ValueError, match=r"sam2\.1-hiera-tiny: no readable config\.json"):
            load_segmenter(name)


def test_an_unknown_name_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one of sam-vit-"):
        load_segmenter("sam-vitb")
    with pytest.raises(ValueError, match="classical"):
        load_segmenter(tmp_path / "missing.pth")


def test_a_loader_loads_once() -> None:
    loader = segmenter_loader("classical")
    assert loader() is loader()
