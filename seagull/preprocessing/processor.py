"""SeagullProcessor: (photo, regions, messages) -> model inputs; the same for training and use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase, ProcessorMixin

from seagull.language.prompts import STYLES
from seagull.language.tokens import GLOBAL_TOKEN, IMAGE_TOKEN, LOCAL_TOKEN, PLACEHOLDERS
from seagull.preprocessing.collate import collate
from seagull.preprocessing.image import ImageTransform
from seagull.preprocessing.inputs import ModelInputs, RegionInputs, Tokens
from seagull.preprocessing.region import CropTransform, encoder_mask
from seagull.preprocessing.tokenize import encode
from seagull.types import Message, Region


class SeagullProcessor(ProcessorMixin):
    """Prepares photos, regions and conversations.

    Args:
        tokenizer: a fast tokenizer that has the three placeholders (see ``with_placeholders``).
        prompt_style: name of a style in ``seagull.language.prompts.STYLES``.
        image_tokens: number N of image tokens of the model.
        image_size, max_side, multiple: see ``ImageTransform``.
        crop_size, published_box: see ``CropTransform``.
        image_mean, image_std: of the normalisation.

    Raises:
        ValueError: if the style is unknown or the tokenizer lacks a placeholder.
    """

    attributes: ClassVar[list[str]] = ["tokenizer"]
    tokenizer_class = "AutoTokenizer"

    def __init__(  # noqa: PLR0913, PLR0917 - transformers saves and restores flat settings
        self,
        tokenizer: PreTrainedTokenizerBase,
        prompt_style: str = "chatml",
        image_tokens: int = 64,
        image_size: int = 0,
        max_side: int = 768,
        multiple: int = 32,
        crop_size: int = 224,
        published_box: bool = False,
        image_mean: Sequence[float] = (0.5, 0.5, 0.5),
        image_std: Sequence[float] = (0.5, 0.5, 0.5),
        **kwargs: Any,
    ) -> None:
        if prompt_style not in STYLES:
            raise ValueError(f"unknown prompt style {prompt_style!r}; known are {sorted(STYLES)}")
        self.prompt_style = prompt_style
        self.image_tokens = image_tokens
        self.image_size = image_size
        self.max_side = max_side
        self.multiple = multiple
        self.crop_size = crop_size
        self.published_box = published_box
        self.image_mean = list(image_mean)
        self.image_std = list(image_std)
        self.style = STYLES[prompt_style]
        self.image_transform = ImageTransform(
            image_size, max_side, multiple, self.image_mean, self.image_std
        )
        self.crop_transform = CropTransform(crop_size, self.image_transform, published_box)
        super().__init__(tokenizer, **kwargs)  # type: ignore[no-untyped-call]
        ids = [placeholder_id(tokenizer, token) for token in PLACEHOLDERS]
        self.image_id, self.global_id, self.local_id = ids

    def pixels(self, photo: NDArray[np.uint8]) -> Float[Tensor, "3 H W"]:
        """The encoder's input for a photo, uint8 (h, w, 3) sRGB."""
        return self.image_transform.pixels(photo)

    def regions(
        self, photo: NDArray[np.uint8], regions: Sequence[Region], *, crops: bool = True
    ) -> RegionInputs:
        """Masks and crops of regions of that photo; crops are for the language model alone.

        Raises:
            ValueError: if there are none, or one was made for a photo of another size.
        """
        size = photo.shape[:2]
        for region in regions:
            if region.size != size:
                raise ValueError(
                    f"region {region.id}: its mask is {region.size[1]}x{region.size[0]} px, the "
                    f"photo {size[1]}x{size[0]} px; make regions at the photo's own resolution"
                )
        if not regions:
            raise ValueError("no regions were given; a mask of ones is the whole photo")
        frame = self.image_transform.frame(*size)
        masks = torch.stack([encoder_mask(region, frame) for region in regions])
        return RegionInputs(masks, *(self.crops(photo, regions) if crops else ()))

    def crops(
        self, photo: NDArray[np.uint8], regions: Sequence[Region]
    ) -> tuple[Float[Tensor, "R 3 s s"], Bool[Tensor, "R s s"]]:
        """Windows around regions of that photo, and the regions within them."""
        cut = [self.crop_transform.crop(photo, region) for region in regions]
        return torch.stack([crop for crop, _ in cut]), torch.stack([mask for _, mask in cut])

    def tokens(self, messages: Sequence[Message], *, answer_prefix: str | None = None) -> Tokens:
        """Ids and labels of a conversation; see ``PromptStyle.render``."""
        prompt = self.style.render(messages, answer_prefix=answer_prefix)
        return encode(self.tokenizer, prompt, self.image_id, self.image_tokens)

    def __call__(
        self,
        photo: NDArray[np.uint8],
        regions: Sequence[Region],
        messages: Sequence[Message],
        *,
        answer_prefix: str | None = None,
    ) -> ModelInputs:
        """A batch of one: a conversation about regions of a photo.

        Args:
            photo: uint8 (h, w, 3), sRGB.
            regions: at the photo's resolution; those that the messages name are used.
            messages: the conversation.
            answer_prefix: see ``PromptStyle.render``; None for a finished conversation.

        Raises:
            ValueError: if a message names a region that was not given.
        """
        tokens = self.tokens(messages, answer_prefix=answer_prefix)
        by_id = {region.id: region for region in regions}
        if missing := [name for name in tokens.regions if name not in by_id]:
            raise ValueError(f"the messages name regions {missing}; given are {list(by_id)}")
        named = [by_id[name] for name in tokens.regions]
        prepared = self.regions(photo, named) if named else None
        return collate([(self.pixels(photo), prepared, tokens)], self.pad_id)

    @property
    def pad_id(self) -> int:
        """Id that fills shorter rows of a batch."""
        pad = self.tokenizer.pad_token_id
        return int(self.tokenizer.eos_token_id if pad is None else pad)


def with_placeholders(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """The tokenizer with ``<global>``, ``<local>`` and ``<image>`` as tokens, added if missing.

    In this order, so that a vocabulary of 32000 gets the published ids 32000 and 32001.
    """
    missing = [
        token
        for token in (GLOBAL_TOKEN, LOCAL_TOKEN, IMAGE_TOKEN)
        if token not in tokenizer.get_vocab()
    ]
    tokenizer.add_special_tokens({"additional_special_tokens": missing})
    return tokenizer


def placeholder_id(tokenizer: PreTrainedTokenizerBase, token: str) -> int:
    """Id of a placeholder.

    Raises:
        ValueError: if the tokenizer does not have it as one token.
    """
    vocabulary = tokenizer.get_vocab()
    if token not in vocabulary:
        raise ValueError(f"the tokenizer has no token {token!r}; pass it through with_placeholders")
    return int(vocabulary[token])
