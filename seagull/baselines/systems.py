"""From settings to a system's network."""

from __future__ import annotations

from seagull.baselines.config import BaselineConfig
from seagull.baselines.dgiqa.network import DgiqaNetwork
from seagull.baselines.network import BaselineNetwork
from seagull.baselines.qfm.network import QfmNetwork


def build_network(config: BaselineConfig) -> BaselineNetwork:
    """The network with random weights, whatever ``encoder.weights`` says.

    Raises:
        BaselineError: if the settings make none.
    """
    return QfmNetwork(config) if config.system == "qfm-iqm" else DgiqaNetwork(config)
