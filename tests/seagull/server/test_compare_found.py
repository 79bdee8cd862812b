"""A server's comparison where no regions are given: of those that it finds, as a local one."""

from __future__ import annotations

import numpy as np
import pytest

from seagull import SeagullClient, compare
from seagull.client import ServerError
from seagull.comparison.json import comparison_to_dict
from seagull.regions.classical import ClassicalSegmenter
from tests.seagull.server.test_with_client import rounded


def test_a_servers_comparison_without_regions_is_of_those_that_it_finds(
    server, photo, make_assessor, monkeypatch
):
    monkeypatch.setattr("seagull.regions.load.load_segmenter", ClassicalSegmenter)
    client, pixels = SeagullClient(server.url), photo.pixels
    here = compare(pixels, pixels // 2, model=make_assessor())
    there = client.compare(pixels, pixels // 2)
    assert {one.region.source for one in there.regions} == {"everything"}
    assert rounded(comparison_to_dict(there)) == rounded(comparison_to_dict(here))
    flat = np.full((40, 60, 3), 128, np.uint8)
    whole = client.compare(flat, flat // 2)
    assert [one.region.source for one in whole.regions] == ["whole"]
    with pytest.raises(ServerError, match="found no region") as refused:
        client.compare(flat, flat // 2, everything=True)
    assert refused.value.code == "no_regions"
