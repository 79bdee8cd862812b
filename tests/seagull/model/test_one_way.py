"""One way through the model: `encode` and `assemble`, called by forward, engine and training."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest
import torch

import seagull
from seagull.inference.engine import Engine
from seagull.model import SeagullForConditionalGeneration, SeagullProcessor
from seagull.model.seagull import VisualTokens
from seagull.photos import Photo
from seagull.training.config import LossSettings
from seagull.training.data.levels import level_ids
from seagull.training.data.samples import level_targets
from seagull.training.network import TrainingNetwork
from seagull.types import AssessmentTask, Message, Region

ROOT = Path(seagull.__file__).parent
STEPS = {
    "vision_encoder", "image_context", "global_tokens", "local_tokens", "projector", "fill",
    "text_embeddings",
}  # fmt: skip
"""Steps that only encode and assemble take, by the names they are called by."""


def calls(path: Path) -> set[str]:
    """Last names of what a file calls."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    names = (getattr(node.func, "attr", getattr(node.func, "id", "")) for node in nodes)
    return {name for name in names if name}


def test_only_the_model_takes_the_steps_of_encode_and_assemble() -> None:
    taking = {
        path.relative_to(ROOT).as_posix(): found
        for path in ROOT.rglob("*.py")
        if (found := calls(path) & STEPS)
    }
    assert taking.pop("model/seagull.py") == STEPS
    # The engine's part of that name asks `encode` for the regions that it has not yet seen.
    # Statistics inside the MFE are fitted before anything learns.
    assert taking == {
        "inference/engine.py": {"global_tokens"},
        "inference/region_tokens.py": {"global_tokens"},
        "training/standardise.py": {"vision_encoder"},
    }


@pytest.mark.parametrize("name", ["encode", "assemble"])
def test_encode_and_assemble_are_written_once(name: str) -> None:
    written = [
        path.relative_to(ROOT).as_posix()
        for room in ("model", "inference", "training")
        for path in ROOT.glob(f"{room}/**/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    assert written == ["model/seagull.py"]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often encode and assemble were called."""
    counts: Counter[str] = Counter()
    for name in ("encode", "assemble"):
        own = getattr(SeagullForConditionalGeneration, name)

        def counting(self, *args, own=own, name=name, **kwargs):  # type: ignore[no-untyped-def]
            counts[name] += 1
            return own(self, *args, **kwargs)

        monkeypatch.setattr(SeagullForConditionalGeneration, name, counting)
    return counts


def test_forward_engine_and_training_call_both(
    tiny_model: SeagullForConditionalGeneration,
    processor: SeagullProcessor,
    photo: Photo,
    regions: list[Region],
    counted: Counter[str],
) -> None:
    talk = [Message("user", "Is it good?", ("1",)), Message("assistant", "Yes.")]
    batch = processor(photo.pixels, regions[:1], talk).to_kwargs()
    loss = tiny_model(**batch).loss
    assert counted == {"encode": 1, "assemble": 1}

    network = TrainingNetwork(tiny_model, None, LossSettings(), level_ids(processor)).eval()
    targets = level_targets([], tiny_model.config.level_weights)
    total = network(**batch, **targets)["total"]
    assert counted == {"encode": 2, "assemble": 2}
    supervised = (batch["labels"] >= 0).sum()
    assert total.item() == pytest.approx(loss.item() * int(supervised), rel=1e-4)

    engine = Engine(tiny_model, processor, region_batch=2)
    question = engine.book.levels[AssessmentTask.QUALITY]
    engine.score(engine.open(photo), regions[:3], [question])
    # The photo, its regions' masks in two parts, and their crops in two.
    assert counted == {"encode": 2 + 1 + 2 + 2, "assemble": 2 + 2}


@torch.inference_mode()
def test_a_photo_in_parts_is_the_photo_at_once(
    tiny_model: SeagullForConditionalGeneration,
    processor: SeagullProcessor,
    photo: Photo,
    regions: list[Region],
) -> None:
    pixels = processor.pixels(photo.pixels)[None]
    own = processor.regions(photo.pixels, regions[:3])
    _, whole = tiny_model.encode(pixels, own.masks[None], own.crops[None], own.crop_masks[None])
    features, image = tiny_model.encode(pixels)
    assert image.global_tokens is None
    assert image.local_tokens is None
    assert torch.equal(image.image, whole.image)
    for index in range(3):
        part = slice(index, index + 1)
        _, masks = tiny_model.encode(features, own.masks[None, part])
        _, crops = tiny_model.encode(
            features,
            region_crops=own.crops[None, part],
            region_crop_masks=own.crop_masks[None, part],
        )
        assert masks.image is None
        torch.testing.assert_close(masks.global_tokens, whole.global_tokens[:, part])
        torch.testing.assert_close(crops.local_tokens, whole.local_tokens[:, part])
    _, numbers = tiny_model.encode(
        pixels, own.masks[None], own.crops[None], own.crop_masks[None], text=False
    )
    assert numbers.image is None
    assert numbers.local_tokens is None
    assert torch.equal(numbers.global_tokens, whole.global_tokens)


def test_crops_without_their_masks_are_refused(tiny_model: SeagullForConditionalGeneration) -> None:
    with pytest.raises(ValueError, match="go together"):
        tiny_model.encode(torch.zeros(1, 3, 32, 32), region_crops=torch.zeros(1, 1, 3, 64, 64))


def test_placeholders_without_tokens_are_refused(
    tiny_model: SeagullForConditionalGeneration,
) -> None:
    ids = torch.tensor([[5, tiny_model.config.global_token_id]])
    with pytest.raises(ValueError, match="but 0 tokens were given"):
        tiny_model.assemble(ids, VisualTokens())


def test_rows_that_fit_no_photos_are_refused(tiny_model: SeagullForConditionalGeneration) -> None:
    tokens = VisualTokens(image=torch.zeros(3, 9, 64))
    ids = torch.full((2, 9), tiny_model.config.image_token_id)
    with pytest.raises(ValueError, match="2 rows of text cannot hold the tokens of 3 photos"):
        tiny_model.assemble(ids, tokens)
