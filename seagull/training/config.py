"""The settings of a training run: frozen dataclasses, checked when made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seagull.files.config import ConfigError
from seagull.model.lora import LoraSettings
from seagull.training.config_faults import faults_of
from seagull.training.trainable import TrainingStage, trained_groups


@dataclass(frozen=True)
class Source:
    """Records to learn from.

    Args:
        path: a JSONL, Parquet, Arrow or tar file of InstructionRecords, a folder or glob of such
            files, or ``hf:`` and the folder or name of a set of Hugging Face datasets.
        weight: how often a record is seen per epoch; 0.5 takes another half in each epoch, 2.0
            takes everything twice.
        split: of a set of Hugging Face datasets.
        crop: show random square windows of so many pixels a side instead of the photos, which
            have to be judged as a whole (``data.pack: photo`` only); 0 shows whole photos.
        together: put so many photos of one group of labels (``RegionOrder.group``), the group's
            first always among them, into one micro-batch, so that their regions can be put in
            order (``data.pack: photo`` only). Photos of one input size alone come together. 1 takes
            photos one by one.
    """

    path: str
    weight: float = 1.0
    split: str = "train"
    crop: int = 0
    together: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1000:
            raise ConfigError(f"weight: above 0 and at most 1000, got {self.weight}")
        if not 0 <= self.crop <= 100_000:
            raise ConfigError(f"crop: a number of pixels, or 0, got {self.crop}")
        if not 1 <= self.together <= 1000:
            raise ConfigError(f"together: from 1 to 1000 photos, got {self.together}")


@dataclass(frozen=True)
class DataSettings:
    """What is learned from.

    Args:
        train: sources, mixed by their weights.
        validation: sources that are assessed during training, by photos never trained on.
        validation_records: most records of them that are assessed each time; 0 for all.
        workers: processes that read photos; 0 reads in the training process.
        max_tokens: longer conversations are refused, by name: of the 256 records with the most
            characters before training starts, of others at their step.
        group_length: conversations of about one length go into one micro-batch.
        pack: ``none`` has one record a sample; ``photo`` puts all records about a photo into one
            packed sequence, where the photo is encoded once and equal beginnings are kept once.
            Batch sizes then count photos.
        conversations: with ``photo``, most records of a photo that are drawn each time; 0 for all.
        judgements: with ``photo``, so many questions a photo whether a region has a distortion
            type are made up each time from the labels.
        findings: with ``photo``, this share of the conversations begins with context turns that say
            the labels of their regions, as in use they say what the head reads (``Assessor``); the
            model is not trained on these turns.
        flip: exchange left and right in half of the photos (``photo`` only).
        check_photos: decode every photo and make every region before training, and leave out, with
            a count, the records of those that cannot be used. Without it the first photo that
            cannot be opened, or whose file is cut off, ends the run before it starts.
    """

    train: tuple[Source, ...] = ()
    validation: tuple[Source, ...] = ()
    validation_records: int = 200
    workers: int = 2
    max_tokens: int = 2048
    group_length: bool = True
    pack: str = "none"
    conversations: int = 0
    judgements: int = 0
    findings: float = 0.0
    flip: bool = False
    check_photos: bool = False


@dataclass(frozen=True)
class LossSettings:
    """Losses; those beyond the paper's are off at 0.

    Args:
        text: weight of the conversations; at 0 the language model is left out altogether, and with
            it local tokens and the crops they are of: the vision encoder and the MFE's global
            branch learn by the head alone, many times faster.
        soft_levels: in [0, 1]; this share of the loss at a level word compares with the
            distribution that the number behind the word (and the raters' spread, where known)
            implies, the rest with the word alone.
        numeric_head: weight of a small head on the global tokens that learns the numbers; a photo
            counts as much as a token of text, however many regions it has. Quality is learned from
            labels whose metric is ``mos`` alone.
        order: weight of the order of the regions of a micro-batch, by the head's quality, where
            their labels tell it (``data.pack: photo`` only), see ``seagull.training.data.order``.
    """

    text: float = 1.0
    soft_levels: float = 0.0
    numeric_head: float = 0.0
    order: float = 0.0


@dataclass(frozen=True)
class TrainConfig:
    """A training run.

    Args:
        output: folder of the run; checkpoints, logs and the adapter go there.
        model: name or folder of the model to start from.
        adapter: adapter file or run to start from (a first stage's), or ``nano`` for the one that
            seagull-nano ships with.
        stage: what is trained, see ``seagull.training.trainable.STAGE_GROUPS``.
        trainable: the module groups to train instead of the stage's.
        frozen: beginnings of parameter names that stay as they are though their group is trained,
            e.g. ``vision_encoder.backbone.conv_stem``.
        batch_statistics: batch normalisation of the vision encoder's trained part goes by the
            photos of the micro-batch, and its running statistics are learned (one process,
            without DeepSpeed); else they stay as they are.
        drop_path: in [0, 0.95]; stochastic depth of the trained vision encoder: a residual branch
            is left out for up to this share of photos, more of them the later it comes.
        lr: learning rate by module group; ``default`` for the rest.
        lora: of the language model.
        quantization: None, ``8bit`` or ``4bit``: of the frozen language model (QLoRA).
        precision: ``auto`` is bfloat16 on a GPU and float32 on a CPU; ``native`` is bfloat16 also
            on a CPU that has instructions for it (others are many times slower in it).
        device: ``auto``, ``cpu`` or ``cuda``.
        epochs: passes over the data; may be a fraction.
        max_steps: stop after so many steps; None goes by epochs.
        batch_size: conversations in one step, over all processes.
        micro_batch: conversations that go through the model at once, per process.
        warmup: steps, or below 1 the share of steps, of rising learning rate; it then falls along
            a cosine.
        clip: largest norm of the gradient; 0 for no limit.
        checkpointing: recompute the language model's activations to save memory.
        deepspeed: name of a preset (zero2, zero3, zero3_offload ...) or a JSON file.
        resume: ``auto`` goes on where the folder's last checkpoint ends, ``never`` starts anew
            (refused if there are checkpoints), or a checkpoint's folder: later ones are set aside.
        seed: of order, initial LoRA and dropout.
        save_every: steps between checkpoints; 0 saves only the last one.
        keep: how many checkpoints stay.
        log_every: steps between lines of the log.
        validate_every: steps between validations; 0 validates at the end only.
        best_by: the validation metric by which the adapter is kept.
        tensorboard: also log to ``OUTPUT/tensorboard``.
    """

    output: str = ""
    model: str = "nano"
    adapter: str | None = None
    stage: TrainingStage = TrainingStage.PRETRAIN
    trainable: tuple[str, ...] | None = None
    frozen: tuple[str, ...] = ()
    batch_statistics: bool = False
    drop_path: float = 0.0
    lr: Mapping[str, float] = field(default_factory=lambda: {"default": 1e-4})
    lora: LoraSettings = field(default_factory=LoraSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    data: DataSettings = field(default_factory=DataSettings)
    quantization: str | None = None
    precision: str = "auto"
    device: str = "auto"
    epochs: float = 1.0
    max_steps: int | None = None
    batch_size: int = 32
    micro_batch: int = 4
    optimizer: str = "adamw_torch"
    weight_decay: float = 0.0
    warmup: float = 0.03
    clip: float = 1.0
    checkpointing: bool = False
    deepspeed: str | None = None
    resume: str = "auto"
    seed: int = 0
    save_every: int = 200
    keep: int = 2
    log_every: int = 10
    validate_every: int = 0
    best_by: str = "quality_srcc"
    tensorboard: bool = True

    def __post_init__(self) -> None:
        if faults := list(faults_of(self)):
            raise ConfigError("\n".join(faults))

    @property
    def groups(self) -> tuple[str, ...]:
        """The module groups that are trained."""
        return trained_groups(self.stage, self.trainable, head=self.loss.numeric_head > 0)

    def rate(self, group: str) -> float:
        """The learning rate of a module group."""
        return self.lr.get(group, self.lr.get("default", 1e-4))
