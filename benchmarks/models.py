"""Models and regions that are measured."""

from __future__ import annotations

import numpy as np
import torch
from transformers import AutoTokenizer

from seagull.inference.load import find_model
from seagull.model import SeagullConfig, SeagullForConditionalGeneration, SeagullProcessor
from seagull.model.checkpoint import load_model, load_processor
from seagull.model.presets import preset
from seagull.photos import Photo
from seagull.preprocessing.processor import with_placeholders
from seagull.types import Region


def nano(
    dtype: torch.dtype, device: str
) -> tuple[SeagullForConditionalGeneration, SeagullProcessor]:
    """seagull-nano from the cache."""
    folder = find_model("nano")
    return load_model(folder, dtype=dtype, device=device), load_processor(folder)


def paper_shaped(
    layers: int, dtype: torch.dtype, device: str
) -> tuple[SeagullForConditionalGeneration, SeagullProcessor]:
    """The paper's widths with few random layers, on nano's tokenizer."""
    tokenizer = with_placeholders(AutoTokenizer.from_pretrained(find_model("nano")))
    settings = preset("seagull-7b")
    processor = SeagullProcessor(tokenizer, **settings["processor"])
    settings["model"]["text_config"] |= {"num_hidden_layers": layers, "vocab_size": len(tokenizer)}
    settings["model"] |= {
        "image_token_id": processor.image_id,
        "global_token_id": processor.global_id,
        "local_token_id": processor.local_id,
    }
    with torch.device("meta"):
        model = SeagullForConditionalGeneration(SeagullConfig(**settings["model"]))
    torch.nn.Module.to_empty(model, device=device)
    torch.nn.Module.to(model, dtype)
    generator = torch.Generator(device).manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            bound = 0.02 if parameter.dim() == 1 else (3 / parameter[0].numel()) ** 0.5
            parameter.uniform_(-bound, bound, generator=generator)
            if parameter.dim() == 1:
                parameter.add_(1)
    # Rotary tables are computed, not stored: make them anew on the device.
    rotary = model.language_model.model.rotary_emb
    model.language_model.model.rotary_emb = type(rotary)(model.config.text).to(device)
    return model.train(False), processor


def some_regions(photo: Photo, count: int) -> list[Region]:
    """Boxes of many sizes all over the photo; the same for the same count."""
    rng = np.random.default_rng(count)
    regions = []
    for index in range(count):
        height, width = (rng.integers(side // 10, side // 2) for side in photo.size)
        top, left = rng.integers(photo.height - height), rng.integers(photo.width - width)
        mask = np.zeros(photo.size, dtype=bool)
        mask[top : top + height, left : left + width] = True
        regions.append(Region(mask, id=str(index + 1)))
    return regions
