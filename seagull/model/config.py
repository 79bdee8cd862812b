"""SeagullConfig: the config.json of a model folder, without sizes that modules report."""

from typing import Any, ClassVar, Literal, cast

from huggingface_hub.dataclasses import strict
from transformers import AutoConfig, PreTrainedConfig
from transformers.configuration_utils import SubConfigSpec

Statistic = Literal["mean", "std"]
"""What may be pooled under a mask."""

PUBLISHED_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""What the level words stand for in SEAGULL's released code (as in Q-Align)."""


@strict
class SeagullVisionConfig(PreTrainedConfig):
    """The vision encoder: a timm backbone cut into a feature pyramid.

    Args:
        architecture: timm name of the backbone.
        levels: indices of the backbone's feature maps that make the pyramid, fine to coarse.
        drop_path: share of residual branches left out in training mode, see ``VisionEncoder``.
    """

    model_type = "seagull_vision"
    base_config_key = "vision_config"

    architecture: str = "tf_efficientnet_lite0"
    levels: list[int] | tuple[int, ...] = (1, 2, 3, 4)
    drop_path: float = 0.0


@strict
class SeagullMFEConfig(PreTrainedConfig):
    """The mask-based feature extractor (SEAGULL, section 3.2).

    Args:
        embed_dim: width E of the attention.
        num_heads: heads of the attention to the whole image.
        cross_dim: inner width of that attention.
        mlp_dim: inner width of the attention block's MLP.
        keys: what the whole image offers as keys: ``channels`` (the paper: a channel's whole
            spatial map is one key, which fixes the input size) or ``positions`` (any input size).
        coverage: how a mask falls on a feature level: ``touched`` (the paper: a cell counts fully
            if bilinear resizing leaves anything in it) or ``area`` (a cell counts by its share).
        statistics: what is pooled under the mask, ``mean`` and ``std``.
        local: what the local token sees: ``pixels`` of the crop through two 1x1 convolutions (the
            paper) or the ``pyramid`` of the crop from the vision encoder.
        geometry: whether the global token carries the region's size and place. Mask pooling alone
            forgets both, and how much a region matters to the photo depends on its size.
        standardise: whether each pooled statistic of the image is scaled and shifted by numbers of
            its own, which training takes from its data first; a crop's always are. Statistics
            differ by orders of magnitude, and quality lies in the small ones as well.
    """

    model_type = "seagull_mfe"
    base_config_key = "mfe_config"

    embed_dim: int = 256
    num_heads: int = 8
    cross_dim: int = 128
    mlp_dim: int = 512
    keys: Literal["channels", "positions"] = "positions"
    coverage: Literal["touched", "area"] = "area"
    statistics: list[Statistic] | tuple[Statistic, ...] = ("mean", "std")
    local: Literal["pixels", "pyramid"] = "pyramid"
    geometry: bool = False
    standardise: bool = False


@strict
class SeagullConfig(PreTrainedConfig):
    """A whole Seagull model.

    Args:
        vision_config: the vision encoder.
        mfe_config: the mask-based feature extractor.
        text_config: any causal language model of transformers.
        image_level: pyramid level (index into ``vision_config.levels``) of the image tokens.
        image_grid: the level is averaged to this many cells a side, so that the number of image
            tokens is fixed; 0 leaves the level as it is.
        image_size: side in pixels of the square that photos are brought to; 0 where photos keep
            their shape (see ``seagull.preprocessing.image``).
        crop_size: side in pixels of a region's crop.
        image_token_id: placeholder of an image token. Placeholders are never looked up in the
            embedding table, so they may lie outside it.
        global_token_id: placeholder of a global token.
        local_token_id: placeholder of a local token.
        level_weights: the number in [0, 1] that each of the five level words stands for, ascending:
            the mean of these weights is the score that the language model's words give, and
            training shares a number among the words accordingly. The published ones are the
            default; the middles of the words' bins are those that agree with a number's word.
        trained: whether the region parts (projector, MFE) have been trained.
    """

    model_type = "seagull"
    sub_configs_defaults: ClassVar[dict[str, SubConfigSpec]] = {
        "vision_config": SubConfigSpec(config_class=SeagullVisionConfig),
        "mfe_config": SubConfigSpec(config_class=SeagullMFEConfig),
        "text_config": SubConfigSpec(config_class=AutoConfig, model_type="llama"),
    }

    vision_config: dict[str, Any] | PreTrainedConfig | None = None
    mfe_config: dict[str, Any] | PreTrainedConfig | None = None
    text_config: dict[str, Any] | PreTrainedConfig | None = None
    image_level: int = 3
    image_grid: int = 8
    image_size: int = 0
    crop_size: int = 224
    image_token_id: int = 32002
    global_token_id: int = 32000
    local_token_id: int = 32001
    level_weights: list[float] | tuple[float, ...] = PUBLISHED_WEIGHTS
    trained: bool = False

    @property
    def unspeakable(self) -> list[int]:
        """Placeholder ids inside the language model's vocabulary: they are never an answer."""
        ids = (self.image_token_id, self.global_token_id, self.local_token_id)
        return [token for token in ids if token < self.text.vocab_size]

    @property
    def vision(self) -> SeagullVisionConfig:
        """``vision_config``, which transformers has made an object by now."""
        return cast(SeagullVisionConfig, self.vision_config)

    @property
    def mfe(self) -> SeagullMFEConfig:
        """``mfe_config`` as an object."""
        return cast(SeagullMFEConfig, self.mfe_config)

    @property
    def text(self) -> PreTrainedConfig:
        """The decoder's part of ``text_config``."""
        return cast(PreTrainedConfig, self.text_config).get_text_config(decoder=True)
