"""How a system begins and how it learns."""

from __future__ import annotations

import logging
from copy import deepcopy

import torch

from seagull.baselines.config import BaselineConfig
from seagull.baselines.dgiqa.learning import DgiqaLearner
from seagull.baselines.dgiqa.network import DgiqaNetwork
from seagull.baselines.encoders import load_weights
from seagull.baselines.errors import BaselineError
from seagull.baselines.network import BaselineNetwork, Learner
from seagull.baselines.qfm.learning import QfmLearner
from seagull.baselines.qfm.network import QfmNetwork
from seagull.baselines.systems import build_network

logger = logging.getLogger(__name__)


def starting_network(config: BaselineConfig) -> BaselineNetwork:
    """The network as training begins: random weights by the seed, pretrained encoders.

    Raises:
        BaselineError: if the settings make none, or weights cannot be had.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = build_network(config)
    for part in ("encoder", "encoder_depth"):
        if (encoder := getattr(network, part, None)) is not None:
            load_weights(encoder, config.encoder)
    return network


def build_learner(
    config: BaselineConfig, network: BaselineNetwork, teacher: BaselineNetwork | None = None
) -> Learner:
    """How a network as training begins learns.

    Args:
        config: of the run.
        network: of ``starting_network``, on its device.
        teacher: for distillation.
    """
    if isinstance(network, DgiqaNetwork):
        return DgiqaLearner(network, config.dgiqa)
    if not isinstance(network, QfmNetwork):
        raise BaselineError(f"nothing is known of how {type(network).__name__} learns")
    settings, frozen = config.qfm_iqm, None
    if settings.match.kind != "none" and not (settings.perturb_cls or network.encoder.is_vit):
        logger.warning(
            "qfm_iqm.perturb_cls is false, but the CLS token of %s is the mean of its tokens: the "
            "decoder can read everything there, so noise on the tokens teaches little",
            config.encoder.architecture,
        )
    if settings.match.kind == "semantic" and settings.match.semantics == "frozen":
        frozen = deepcopy(network.encoder).eval().requires_grad_(False)
    if teacher is not None:
        teacher = teacher.eval().requires_grad_(False)
    return QfmLearner(network, settings, frozen, teacher)
