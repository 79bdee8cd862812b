"""SeagullForConditionalGeneration: photo, regions and text in, next-token logits out. Read first.

    pixel_values (B, 3, H, W) -> vision encoder -> pyramid: levels (B, C_l, h_l, w_l)
    one level    -> projector -> image tokens (B, N, D)
    pyramid, region_masks (B, R, H, W), region_crops (B, R, 3, s, s)
        -> MFE -> global and local tokens (B, R, D)
    text ids (B, T) -> embeddings (B, T, D), placeholders replaced by those tokens -> language model

B photos, R regions (padded, with a validity mask), N image tokens, T text positions, D LLM width.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from seagull.model.assembly import at_markers, fill, text_embeddings
from seagull.model.config import SeagullConfig
from seagull.model.mfe import ImageContext, MaskFeatureExtractor, Pyramid, RegionTokens
from seagull.model.projector import ImageProjector
from seagull.model.vision import VisionEncoder

PHOTO_INPUTS = (
    "pixel_values", "region_masks", "region_crops", "region_crop_masks", "region_markers",
)  # fmt: skip
"""Names of the inputs that go in with the prompt and not with later tokens."""


class SeagullForConditionalGeneration(PreTrainedModel, GenerationMixin):
    """A causal language model that is shown a photo and regions of it (SEAGULL, figure 2)."""

    config: SeagullConfig
    config_class = SeagullConfig
    main_input_name = "input_ids"
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_attention_backend = True
    _no_split_modules = ["VisionEncoder", "MaskFeatureExtractor"]  # noqa: RUF012
    _skip_keys_device_placement = ["cache", "past_key_values"]  # noqa: RUF012
    # Eight- and four-bit loading is for the language model's matrices alone.
    quantization_skip_modules: ClassVar[list[str]] = [
        "vision_encoder", "projector", "mfe", "lm_head",
    ]  # fmt: skip

    def __init__(self, config: SeagullConfig) -> None:
        super().__init__(config)
        vision, mfe = config.vision, config.mfe
        width = config.text.hidden_size
        self.vision_encoder = VisionEncoder(vision.architecture, vision.levels, vision.drop_path)
        channels = self.vision_encoder.channels
        self.projector = ImageProjector(channels[config.image_level], width, config.image_grid)
        self.mfe = MaskFeatureExtractor(
            channels=channels,
            cells=self.vision_encoder.cells(config.image_size) if config.image_size else None,
            crop_size=config.crop_size,
            out_dim=width,
            embed_dim=mfe.embed_dim,
            num_heads=mfe.num_heads,
            cross_dim=mfe.cross_dim,
            mlp_dim=mfe.mlp_dim,
            keys=mfe.keys,
            coverage=mfe.coverage,
            statistics=mfe.statistics,
            local=mfe.local,
            geometry=mfe.geometry,
            standardise=mfe.standardise,
        )
        self.language_model = AutoModelForCausalLM.from_config(
            config.text_config, trust_remote_code=False
        )
        self.post_init()  # type: ignore[no-untyped-call]
        self.generation_config.suppress_tokens = config.unspeakable or None

    def get_input_embeddings(self) -> nn.Module:
        """The language model's embedding table."""
        return self.language_model.get_input_embeddings()

    def get_output_embeddings(self) -> nn.Module:
        """The language model's head."""
        return self.language_model.get_output_embeddings()

    def encode_image(
        self, pixel_values: Float[Tensor, "B 3 H W"]
    ) -> tuple[list[Tensor], ImageContext]:
        """All that regions of a photo need of it: its pyramid, and the keys they attend to."""
        pyramid = self.vision_encoder(pixel_values)
        return pyramid, self.mfe.image_context(pyramid)

    def image_tokens(self, pyramid: Pyramid) -> Float[Tensor, "B N D"]:
        """The image tokens of a pyramid."""
        return self.projector(pyramid[self.config.image_level])

    def region_tokens(
        self,
        pyramid: Pyramid,
        context: ImageContext,
        masks: Bool[Tensor, "B R H W"],
        crops: Float[Tensor, "B R 3 s s"],
        crop_masks: Bool[Tensor, "B R s s"],
    ) -> RegionTokens:
        """Global and local tokens, (B, R, D) each; a region's depend on no other."""
        return RegionTokens(
            self.mfe.global_tokens(pyramid, context, masks),
            self.local_tokens(crops, crop_masks),
        )

    def local_tokens(
        self, crops: Float[Tensor, "B R 3 s s"], crop_masks: Bool[Tensor, "B R s s"]
    ) -> Float[Tensor, "B R D"]:
        """The tokens of crops seen by themselves."""
        tokens = self.mfe.local_tokens(
            crops.flatten(0, 1), crop_masks.flatten(0, 1), self.vision_encoder
        )
        return tokens.unflatten(0, crops.shape[:2])

    def embed(
        self,
        input_ids: Int[Tensor, "B T"],
        pixel_values: Float[Tensor, "B 3 H W"] | None = None,
        region_masks: Bool[Tensor, "B R H W"] | None = None,
        region_crops: Float[Tensor, "B R 3 s s"] | None = None,
        region_crop_masks: Bool[Tensor, "B R s s"] | None = None,
        region_markers: Int[Tensor, "B M"] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Embeddings of a prompt with image and region tokens at their placeholders.

        Raises:
            ValueError: if placeholders and tokens do not match in number, or regions come without
                a photo.
        """
        if pixel_values is None:
            if region_masks is not None:
                raise ValueError("regions were given without the photo (pixel_values) they lie in")
            return self.assemble(input_ids, None, None)
        pyramid, context = self.encode_image(pixel_values)
        image = self.image_tokens(pyramid)
        if region_masks is None or region_crops is None or region_crop_masks is None:
            return self.assemble(input_ids, image, None)
        tokens = self.region_tokens(pyramid, context, region_masks, region_crops, region_crop_masks)
        return self.assemble(input_ids, image, tokens, region_markers)

    def assemble(
        self,
        input_ids: Int[Tensor, "B T"],
        image: Float[Tensor, "B N D"] | None,
        tokens: RegionTokens | None,
        region_markers: Int[Tensor, "B M"] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Embeddings of a prompt with tokens that are there already put at their placeholders.

        ``region_markers`` says for each marker which region's tokens it takes (-1: padding); None
        means each region's once, in order.

        Raises:
            ValueError: if placeholders and tokens do not match in number.
        """
        config = self.config
        placeholders = (config.image_token_id, config.global_token_id, config.local_token_id)
        embeddings = text_embeddings(self.get_input_embeddings(), input_ids, placeholders)
        if image is not None:
            embeddings = fill(embeddings, input_ids, placeholders[0], image)
        if tokens is None:
            return embeddings
        for placeholder, kind in zip(placeholders[1:], tokens, strict=True):
            shown, valid = (
                (kind, None) if region_markers is None else at_markers(kind, region_markers)
            )
            embeddings = fill(embeddings, input_ids, placeholder, shown, valid)
        return embeddings

    def train(self, mode: bool = True) -> SeagullForConditionalGeneration:
        """Training mode, for all but the vision encoder.

        Its batch statistics stay those of its own training whether its weights learn or not, so
        that what a photo gives never depends on the photos beside it.
        """
        super().train(mode)
        self.vision_encoder.eval()
        return self

    def forward(
        self,
        input_ids: Int[Tensor, "B T"] | None = None,
        attention_mask: Tensor | None = None,
        pixel_values: Float[Tensor, "B 3 H W"] | None = None,
        region_masks: Bool[Tensor, "B R H W"] | None = None,
        region_crops: Float[Tensor, "B R 3 s s"] | None = None,
        region_crop_masks: Bool[Tensor, "B R s s"] | None = None,
        region_markers: Int[Tensor, "B M"] | None = None,
        *,
        inputs_embeds: Float[Tensor, "B T D"] | None = None,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """Logits (and the loss, given ``labels``) of the language model.

        Either ``input_ids`` with the photo and regions they speak of, or ``inputs_embeds``.
        Everything else (``labels``, ``past_key_values``, ``position_ids``, ``logits_to_keep`` ...)
        goes to the language model.

        Raises:
            ValueError: as ``embed``; or if neither or both of ids and embeddings are given.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give either input_ids or inputs_embeds")
        if input_ids is not None:
            inputs_embeds = self.embed(
                input_ids,
                pixel_values,
                region_masks,
                region_crops,
                region_crop_masks,
                region_markers,
            )
        return self.language_model(
            inputs_embeds=inputs_embeds, attention_mask=attention_mask, **kwargs
        )

    def prepare_inputs_for_generation(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Photo and regions go in with the prompt only; later steps find them in the cache."""
        # Some releases of transformers annotate the mixin's self with a protocol of its own.
        mixin: Any = super()
        inputs: dict[str, Any] = mixin.prepare_inputs_for_generation(*args, **kwargs)
        if not kwargs.get("is_first_iteration") and kwargs.get("use_cache", True):
            inputs |= dict.fromkeys(PHOTO_INPUTS)
        return inputs


@torch.no_grad()
def initialise_region_parts(model: SeagullForConditionalGeneration, seed: int) -> None:
    """Fills projector and MFE with seeded numbers, for a model that is still to be trained."""
    generator = torch.Generator().manual_seed(seed)
    for part in (model.projector, model.mfe):
        for module in part.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                fan_in = module.weight[0].numel()
                noise = torch.randn(module.weight.shape, generator=generator)
                module.weight.copy_(noise / fan_in**0.5)
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, nn.LayerNorm):
                module.reset_parameters()
