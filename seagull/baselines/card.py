"""The model card of a baseline: first of all that it is a reconstruction, and of what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seagull.baselines.config import BaselineConfig
from seagull.files.card import data_lines, results_section, settings_section
from seagull.files.config import to_plain

PAPERS = {
    "qfm-iqm": (
        "QFM-IQM (arXiv 2312.06158, ICML 2024)",
        "Neither its code nor its equations are public. Encoder and decoder are those of DEIQT; "
        "the temporary memory, semantic noise matching, perturbation, losses and every threshold "
        "are a reconstruction from the abstract and a figure's caption. Its numbers say nothing of "
        "the paper's own model.",
    ),
    "dgiqa": (
        "DGIQA (arXiv 2505.24002)",
        "The network is rebuilt from the structure of its published inference code; its training "
        "is unpublished, so loss, rates and schedule are a reconstruction. Its numbers say nothing "
        "of the paper's own model.",
    ),
}
"""By system: what it is of, and what is reconstructed."""


def card_text(config: BaselineConfig, history: Mapping[str, Any]) -> str:
    """The card in Markdown."""
    title, what = PAPERS[config.system]
    metrics: Mapping[str, float] = history.get("metrics", {})
    lines = [
        f"# {config.system} (reconstruction)",
        "",
        f"A reconstruction of {title}. {what}",
        "",
        f"- reads: {', '.join(config.tasks)} of regions, by the {config.protocol} protocol",
        f"- encoder: `{config.encoder.architecture}`, begun with {config.encoder.weights} weights",
        *([f"- depth: {depth_name(config)}"] if config.sees_depth else []),
        f"- steps: {history.get('step', 'unknown')} of {config.batch_size} photos; "
        f"made by Seagull {history.get('version', 'unknown')}",
        "",
        "## Training data",
        "",
        *data_lines([source.path for source in config.data.train], history),
        "",
        f"Quality is that of labels by the metric `{config.data.metric}`. The data's licences "
        "apply to what was learned from it, and those of the pretrained weights to the encoder.",
        "",
        *results_section(metrics),
        *settings_section(to_plain(config)),
    ]
    return "\n".join(lines)


def depth_name(config: BaselineConfig) -> str:
    """What reports call the source of depth."""
    depth = config.depth
    return f"model {depth.model}" if depth.source == "model" else depth.source
