"""Fixtures for all tests: the data beside the checkout, and tiny real models and tokenizers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings
from jaxtyping import install_import_hook
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, PreTrainedTokenizerFast

# Shapes and types that annotations claim are checked in all tests, so this comes before imports of
# seagull. transformers makes dataclasses of the classes in model.config and checks those itself.
ROOT = Path(__file__).resolve().parents[1]
CHECKED = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for room in ("model", "preprocessing", "inference", "training")
    for path in (ROOT / "seagull" / room).rglob("*.py")
    if path != ROOT / "seagull" / "model" / "config.py" and path.name != "__init__.py"
]
install_import_hook(CHECKED, "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))")

from seagull.language.prompts import INSTRUCTIONS, VICUNA, type_judgement
from seagull.levels import IMPORTANCE, QUALITY, SEVERITY
from seagull.model import SeagullConfig, SeagullForConditionalGeneration, SeagullProcessor
from seagull.model.fresh import build_model, initialise_region_parts
from seagull.photos import Photo
from seagull.preprocessing.processor import with_placeholders
from seagull.types import DistortionType, Region

# transformers reads a processor's settings off the code of its own constructor.
SeagullProcessor.__init__ = SeagullProcessor.__init__.__wrapped__

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the data folder `shared` is not beside the checkout")
    return folder


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer trained on the prompts, so that level words are single tokens."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    words = [*QUALITY.words, *IMPORTANCE.words, *SEVERITY.words, "Yes", "No"]
    corpus = [
        VICUNA.opening + VICUNA.preamble,
        *INSTRUCTIONS.values(),
        *(type_judgement(kind) for kind in DistortionType),
        *(f"The quality is {word}. With {word} {word}" for word in words),
    ] * 4
    special = ["<pad>", "</s>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    raw.train_from_iterator(corpus, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", eos_token="</s>")
    return with_placeholders(fast)


@pytest.fixture(scope="session")
def tiny_config(tokenizer: PreTrainedTokenizerFast) -> SeagullConfig:
    """Nano's architecture at toy size."""
    ids = {name: tokenizer.get_vocab()[f"<{name}>"] for name in ("image", "global", "local")}
    text = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=1024,
    )  # fmt: skip
    return SeagullConfig(
        vision_config={"architecture": "test_convnext", "levels": [0, 1, 2, 3]},
        mfe_config={"embed_dim": 32, "num_heads": 4, "cross_dim": 16, "mlp_dim": 48},
        text_config=text.to_dict(),
        image_level=3, image_grid=3, image_size=0, crop_size=64,
        image_token_id=ids["image"], global_token_id=ids["global"], local_token_id=ids["local"],
    )  # fmt: skip


@pytest.fixture(scope="session")
def processor(tokenizer: PreTrainedTokenizerFast) -> SeagullProcessor:
    return SeagullProcessor(
        tokenizer, prompt_style="chatml", image_tokens=9, max_side=256, crop_size=64
    )


@pytest.fixture(scope="session")
def tiny_model(tiny_config: SeagullConfig) -> SeagullForConditionalGeneration:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = build_model(tiny_config)
        for parameter in model.language_model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    initialise_region_parts(model, seed=3)
    return model


@pytest.fixture(scope="session")
def photo() -> Photo:
    """A picture with structure everywhere, 150 x 200."""
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 256, (15, 20, 3), dtype=np.uint8)
    return Photo(np.kron(coarse, np.ones((10, 10, 1), np.uint8)))


@pytest.fixture(scope="session")
def regions(photo: Photo) -> list[Region]:
    """Twenty-one regions of many sizes, one of them a single column of pixels."""
    rng = np.random.default_rng(11)
    made = []
    for index in range(21):
        mask = np.zeros(photo.pixels.shape[:2], dtype=bool)
        top, left = rng.integers(0, 120), rng.integers(0, 150)
        mask[top : top + rng.integers(4, 100), left : left + rng.integers(4, 120)] = True
        made.append(Region(mask, id=str(index + 1)))
    thin = np.zeros(photo.pixels.shape[:2], dtype=bool)
    thin[30:50, 77] = True
    made[20] = Region(thin, id="21")
    return made
