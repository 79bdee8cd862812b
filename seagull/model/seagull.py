"""SeagullForConditionalGeneration: photo, regions and text in, next-token logits out. Read first.

    encode    pixel_values (B, 3, H, W) -> vision encoder -> pyramid: levels (B, C_l, h_l, w_l)
              one level -> projector -> image tokens (B, N, D)
              pyramid, region_masks (B, R, H, W) -> MFE -> global tokens (B, R, D)
              region_crops (B, R, 3, s, s) -> MFE -> local tokens (B, R, D)
    assemble  text ids (B, T) -> embeddings (B, T, D), placeholders replaced by those tokens
    forward   encode, assemble, language model

B photos, R regions (padded, with markers that count), N image tokens, T text positions, D LLM
width. The engine and training call ``encode`` and ``assemble`` as well: there is no other way.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from seagull.model.assembly import fill, in_rows, text_embeddings
from seagull.model.build import build_parts
from seagull.model.config import SeagullConfig
from seagull.model.mfe import ImageContext, Pyramid

PHOTO_INPUTS = (
    "pixel_values", "region_masks", "region_crops", "region_crop_masks", "region_markers",
)  # fmt: skip
"""Names of the inputs that go in with the prompt and not with later tokens."""


class PhotoFeatures(NamedTuple):
    """All that regions of photos need of them."""

    pyramid: Pyramid
    context: ImageContext


class VisualTokens(NamedTuple):
    """Tokens for the placeholders of a text; None for kinds that there are none of.

    ``image`` is (B, N, D), tokens of regions are (B, R, D).
    """

    image: Tensor | None = None
    global_tokens: Tensor | None = None
    local_tokens: Tensor | None = None


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
        self.vision_encoder, self.projector, self.mfe = build_parts(config)
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

    def encode(
        self,
        photo: Float[Tensor, "B 3 H W"] | PhotoFeatures,
        region_masks: Bool[Tensor, "B R H W"] | None = None,
        region_crops: Float[Tensor, "B R 3 s s"] | None = None,
        region_crop_masks: Bool[Tensor, "B R s s"] | None = None,
        *,
        text: bool = True,
    ) -> tuple[PhotoFeatures, VisualTokens]:
        """What is seen of photos and of regions of them.

        A region's tokens depend on its photo and on no other region, so regions may come later and
        in parts: give the features that an earlier call returned in place of the pixels.

        Args:
            photo: pixels as ``preprocessing.image`` makes them, or features of earlier pixels.
            region_masks: regions in the encoder's input, for their global tokens.
            region_crops: windows around the regions, for their local tokens.
            region_crop_masks: the regions within their crops.
            text: whether a language model reads the tokens; without, only global tokens are made.

        Returns:
            Features for later regions, and the tokens: of the image where pixels were given, of
            regions what was asked for.

        Raises:
            ValueError: if only one of crops and their masks is given.
        """
        if (region_crops is None) != (region_crop_masks is None):
            raise ValueError("region_crops and region_crop_masks go together; give both or neither")
        dtype = next(self.vision_encoder.parameters()).dtype
        image = global_tokens = local_tokens = None
        if isinstance(photo, Tensor):
            pyramid = self.vision_encoder(photo.to(dtype))
            photo = PhotoFeatures(pyramid, self.mfe.image_context(pyramid))
            image = self.projector(pyramid[self.config.image_level]) if text else None
        if region_masks is not None:
            global_tokens = self.mfe.global_tokens(photo.pyramid, photo.context, region_masks)
        if text and region_crops is not None and region_crop_masks is not None:
            crops, masks = region_crops.to(dtype).flatten(0, 1), region_crop_masks.flatten(0, 1)
            local_tokens = self.mfe.local_tokens(crops, masks, self.vision_encoder)
            local_tokens = local_tokens.unflatten(0, region_crops.shape[:2])
        return photo, VisualTokens(image, global_tokens, local_tokens)

    def assemble(
        self,
        input_ids: Int[Tensor, "rows T"],
        tokens: VisualTokens,
        region_markers: Int[Tensor, "rows M"] | None = None,
    ) -> Float[Tensor, "rows T D"]:
        """Embeddings of a text with image and region tokens at their placeholders.

        Args:
            input_ids: one row a photo, or a single packed row about all photos.
            tokens: of B photos and their regions; a packed row takes them photo by photo.
            region_markers: for each region marker of a row, which region's tokens it takes (-1:
                padding; in a packed row region r of photo b is number b R + r). None means each
                region's once, in order.

        Raises:
            ValueError: if placeholders and tokens do not match in number.
        """
        config = self.config
        placeholders = (config.image_token_id, config.global_token_id, config.local_token_id)
        embeddings = text_embeddings(self.get_input_embeddings(), input_ids, placeholders)
        for placeholder, kind, markers in zip(
            placeholders, tokens, (None, region_markers, region_markers), strict=True
        ):
            placed = None if kind is None else in_rows(kind, len(input_ids))
            embeddings = fill(embeddings, input_ids, placeholder, placed, markers)
        return embeddings

    def train(self, mode: bool = True) -> SeagullForConditionalGeneration:
        """Training mode, for all but the vision encoder.

        Its batch statistics stay as they are whether its weights are trained or not, so that what a
        photo gives never depends on the photos beside it.
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
            ValueError: if neither or both of ids and embeddings are given, regions come without a
                photo, or placeholders and tokens do not match in number.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give either input_ids or inputs_embeds")
        if input_ids is not None:
            tokens = VisualTokens()
            if pixel_values is not None:
                _, tokens = self.encode(pixel_values, region_masks, region_crops, region_crop_masks)
            elif region_masks is not None:
                raise ValueError("regions were given without the photo (pixel_values) they lie in")
            inputs_embeds = self.assemble(input_ids, tokens, region_markers)
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
