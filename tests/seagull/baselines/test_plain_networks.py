"""DGIQA's whole network behind its backbones, by both protocols, against plain numpy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.special import expit

from seagull.baselines.config import BaselineConfig
from seagull.baselines.dgiqa.network import DgiqaNetwork
from seagull.baselines.views import Views
from tests.seagull.baselines import plain
from tests.seagull.baselines.plain import Array, array, roughened

Make = Callable[..., BaselineConfig]


def other_weights(config: BaselineConfig) -> DgiqaNetwork:
    """A network in use, whose parts behind the backbones have other values than it begins with."""
    network = DgiqaNetwork(config)
    for name in ("bridges", "bridges_depth", "attention", "dilated", "head"):
        roughened(getattr(network, name))
        with torch.no_grad():
            for value in getattr(network, name).parameters():
                value.mul_(0.2)  # or the sigmoid is 0 or 1 for any input
    return network.eval()


def maps_in_numpy(network: DgiqaNetwork, views: Views) -> tuple[Array, list[Array]]:
    """The last map, and the colour stages behind their bridges, from what the backbones give."""
    streams, stages = [], []
    for pixels, encoder, bridges in (
        (views.pixels, network.encoder, network.bridges),
        (views.depth, network.encoder_depth, network.bridges_depth),
    ):
        over = [
            plain.bridge(array(level[0]), plain.weights(bridge))
            for level, bridge in zip(encoder(pixels), bridges.stages, strict=True)
        ]
        size = over[-1].shape[1]
        streams.append(np.concatenate([plain.shrunk(one, size) for one in over]))
        stages.append(over)
    colour, depth = streams
    guided = plain.depth_car(depth, colour, plain.weights(network.attention), 4)
    return plain.dilated(guided, plain.weights(network.dilated)), stages[0]


def test_the_whole_network_behind_its_backbones_in_numpy(settings: Make):
    network = other_weights(settings("dgiqa"))
    views = Views(torch.randn(1, 3, 64, 64), torch.arange(1), None, torch.randn(1, 3, 64, 64))
    last, _ = maps_in_numpy(network, views)
    wanted = expit(plain.linear(last.mean(axis=(1, 2)), plain.weights(network.head)))
    assert 0.001 < wanted[0] < 0.999
    np.testing.assert_allclose(array(network(views))[0], wanted, atol=1e-4)


def test_by_the_mask_protocol_the_head_reads_under_the_mask_in_numpy(settings: Make):
    both: dict[str, Any] = {"protocol": "mask", "tasks": ["quality", "importance"]}
    network = other_weights(settings("dgiqa", **both))
    masks = torch.zeros(2, 1, 64, 64)
    masks[0, :, :, 20:], masks[1, :, 5:40, 3:12] = 1, 1
    views = Views(
        torch.randn(1, 3, 64, 64), torch.zeros(2, dtype=torch.long), masks,
        torch.randn(1, 3, 64, 64),
    )  # fmt: skip
    last, stages = maps_in_numpy(network, views)
    found = array(network(views))
    for mask, numbers in zip(array(masks[:, 0]), found, strict=True):
        seen = [plain.under(last, mask), last.mean(axis=(1, 2))]
        seen += [plain.under(stage, mask) for stage in stages]
        wanted = expit(plain.linear(np.concatenate(seen), plain.weights(network.head)))
        assert ((wanted > 0.001) & (wanted < 0.999)).all()
        np.testing.assert_allclose(numbers, wanted, atol=1e-4)
