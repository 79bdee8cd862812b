"""Converts the released checkpoint into a Seagull model folder and accounts for every key.

Works one file at a time, so that memory holds one shard and not the whole model.
"""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from transformers import AutoTokenizer

from seagull.files.permissions import allow_readers
from seagull.model.build import image_token_count
from seagull.model.config import SeagullConfig
from seagull.model.errors import ModelError
from seagull.model.fresh import build_model
from seagull.model.presets import preset
from seagull.model.published import MFE_PREFIX, from_open_clip, our_key
from seagull.preprocessing.processor import SeagullProcessor, with_placeholders

TEXT_FIELDS = (
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "max_position_embeddings", "rms_norm_eps", "rope_theta",
)  # fmt: skip


def convert_checkpoint(
    reference: Path,
    out: Path,
    *,
    vision: Path | None = None,
    architecture: str | None = None,
) -> Path:
    """Turns the released checkpoint into a model folder and returns it.

    Args:
        reference: the released folder: config.json, tokenizer, ``.bin`` or safetensors shards.
        out: the folder to make; must not exist.
        vision: an open_clip file with the vision tower, where the checkpoint lacks it.
        architecture: timm name of the vision encoder, if it is not the paper's ConvNeXt-Large.

    Raises:
        ModelError: if something is missing or left over, with the names.
    """
    if out.exists():
        raise ModelError(f"{out} already exists; choose a new folder or remove it")
    files = _weight_files(reference)
    shapes = {key: shape for file in files for key, shape in _shapes(file).items()}
    if vision is not None:
        shapes |= {
            name: shape
            for key, shape in _shapes(vision).items()
            if (name := from_open_clip(key)) is not None
        }
    config = _derive_config(reference, shapes, architecture)
    shape_only = build_model(config, device="meta")
    expected = {key: tuple(value.shape) for key, value in shape_only.state_dict().items()}
    check_coverage(shapes, expected)
    processor = _processor(reference, config, shape_only.vision_encoder.strides)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".convert-") as scratch:
        folder = Path(scratch) / "model"
        folder.mkdir()
        sources = [(file, False) for file in files] + ([(vision, True)] if vision else [])
        _write_shards(sources, folder)
        allow_readers(folder.glob("*.safetensors"))
        processor.save_pretrained(folder)
        config.save_pretrained(folder)
        shutil.move(folder, out)
    return out


def check_coverage(
    published: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]]
) -> None:
    """Compares what a checkpoint holds, renamed, with what the model needs.

    Args:
        published: shapes by published key.
        expected: shapes by our key.

    Raises:
        ModelError: naming keys that are unknown, missing or of another shape.
    """
    unknown, renamed = [], {}
    for key, shape in published.items():
        try:
            name = our_key(key)
        except KeyError:
            unknown.append(key)
            continue
        if name is not None:
            renamed[name] = tuple(shape)
    missing = sorted(set(expected) - set(renamed))
    extra = sorted(set(renamed) - set(expected))
    misshapen = sorted(key for key in set(renamed) & set(expected) if renamed[key] != expected[key])
    if all(key.startswith("vision_encoder.") for key in missing) and missing:
        raise ModelError(
            f"the checkpoint lacks the vision tower ({len(missing)} keys, {missing[0]}, ...); give "
            "the open_clip file that holds it with --vision"
        )
    faults = [
        f"{len(keys)} {words}: {', '.join(keys[:5])}{', ...' if len(keys) > 5 else ''}"
        for words, keys in (
            ("missing", missing),
            ("left over", sorted(unknown) + extra),
            ("of another shape", misshapen),
        )
        if keys
    ]
    if faults:
        raise ModelError(f"the checkpoint is not the published model; keys {'; '.join(faults)}")


def _weight_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such checkpoint folder")
    files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
    if not files:
        raise ModelError(f"{folder}: no weights (*.safetensors or pytorch_model*.bin)")
    return files


def _tensors(file: Path) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors of a file, read lazily where the format allows."""
    try:
        if file.suffix == ".safetensors":
            with safe_open(file, framework="pt") as archive:
                for key in archive.keys():  # noqa: SIM118 - not a mapping
                    yield key, archive.get_tensor(key)
            return
        state = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except (SafetensorError, OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{file}: cannot be read as plain weights: {reason}") from error
    yield from state.get("state_dict", state).items()


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    if file.suffix == ".safetensors":
        try:
            with safe_open(file, framework="pt") as archive:
                return {key: tuple(archive.get_slice(key).get_shape()) for key in archive.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{file}: cannot be read as safetensors: {error}") from error
    return {key: tuple(value.shape) for key, value in _tensors(file)}


def _derive_config(
    reference: Path, shapes: Mapping[str, tuple[int, ...]], architecture: str | None
) -> SeagullConfig:
    """The paper's configuration with the sizes that the checkpoint itself tells."""
    settings: dict[str, Any] = preset("seagull-7b")["model"]
    try:
        published = json.loads((reference / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{reference}: config.json cannot be read: {error}") from error
    settings["text_config"] |= {key: published[key] for key in TEXT_FIELDS if key in published}
    if architecture is not None:
        settings["vision_config"]["architecture"] = architecture
    mfe = settings["mfe_config"]
    for field, key in (
        ("embed_dim", "res2.weight"),
        ("cross_dim", "cross_att_res.cross_attn.q_proj.weight"),
        ("mlp_dim", "cross_att_res.mlp.lin1.weight"),
    ):
        mfe[field] = shapes.get(MFE_PREFIX + key, (mfe[field],))[0]
    # The local branch flattens a crop reduced 16 times to exactly this width.
    settings["image_size"] = settings["crop_size"] = 16 * round(mfe["embed_dim"] ** 0.5)
    return SeagullConfig(**settings, trained=True)


def _processor(reference: Path, config: SeagullConfig, strides: list[int]) -> SeagullProcessor:
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            reference, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(
            f"{reference}: the tokenizer cannot be read ({str(error).splitlines()[0]}); put the "
            "tokenizer files of the language model (tokenizer.json or tokenizer.model) beside it"
        ) from error
    settings = preset("seagull-7b")["processor"]
    settings |= {
        "image_size": config.image_size,
        "crop_size": config.crop_size,
        "image_tokens": image_token_count(config, strides),
    }
    processor = SeagullProcessor(with_placeholders(tokenizer), **settings)
    config.global_token_id = processor.global_id
    config.local_token_id = processor.local_id
    config.image_token_id = processor.image_id
    return processor


def _write_shards(sources: list[tuple[Path, bool]], folder: Path) -> None:
    index: dict[str, str] = {}
    size = 0
    for number, (file, is_open_clip) in enumerate(sources, start=1):
        name = f"model-{number:05d}-of-{len(sources):05d}.safetensors"
        shard = {
            ours: tensor.contiguous().clone()
            for key, tensor in _tensors(file)
            if (published := from_open_clip(key) if is_open_clip else key) is not None
            and (ours := our_key(published)) is not None
            and ours not in index
        }
        save_file(shard, folder / name, metadata={"format": "pt"})
        index |= dict.fromkeys(shard, name)
        size += sum(tensor.nbytes for tensor in shard.values())
    content = {"metadata": {"total_size": size}, "weight_map": index}
    (folder / "model.safetensors.index.json").write_text(json.dumps(content, indent=1))
