"""The published checkpoint's names: how each of its keys maps to ours. They stay in this file."""

from __future__ import annotations

import re

MFE_PREFIX = "mask_extractor."
VISION_PREFIX = "model.vision_tower.vision_tower."
OPEN_CLIP_TRUNK = "visual.trunk."

# Pattern of a published key -> our key. \1 ... are the pattern's groups; LEVEL is res2..5 -> 0..3.
_RULES: tuple[tuple[str, str], ...] = (
    (r"lm_head\.weight", "language_model.lm_head.weight"),
    (r"model\.(embed_tokens|norm|layers)\.(.+)", r"language_model.model.\1.\2"),
    (r"model\.mm_projector\.(\d+)\.(weight|bias)", r"projector.mlp.\1.\2"),
    (r"mask_extractor\.res([2-5])\.(weight|bias)", r"mfe.basic.LEVEL\1.\2"),
    (r"mask_extractor\.g_res([2-5])\.(weight|bias)", r"mfe.keys.LEVEL\1.project.\2"),
    (r"mask_extractor\.cross_feat_linear\.(.+)", r"mfe.attended_out.\1"),
    (r"mask_extractor\.feat_linear\.(.+)", r"mfe.basic_out.\1"),
    (r"mask_extractor\.final_mlp\.(.+)", r"mfe.merge.\1"),
    (r"mask_extractor\.global_vit\.(\d)\.(.+)", r"mfe.local.stem.\1.\2"),
    (r"mask_extractor\.sa\.v_proj\.(.+)", r"mfe.local.attention.value.\1"),
    (r"mask_extractor\.sa\.out_proj\.(.+)", r"mfe.local.attention.output.\1"),
    (r"mask_extractor\.mlp\.layers\.0\.(.+)", r"mfe.local.mlp.0.\1"),
    (r"mask_extractor\.mlp\.layers\.1\.(.+)", r"mfe.local.mlp.2.\1"),
    (r"mask_extractor\.mlp\.layers\.2\.(.+)", r"mfe.local.mlp.4.\1"),
    (
        r"mask_extractor\.cross_att_res\.self_attn\.v_proj\.(.+)",
        r"mfe.block.self_attention.value.\1",
    ),
    (
        r"mask_extractor\.cross_att_res\.self_attn\.out_proj\.(.+)",
        r"mfe.block.self_attention.output.\1",
    ),
    (
        r"mask_extractor\.cross_att_res\.cross_attn\.q_proj\.(.+)",
        r"mfe.block.image_attention.query.\1",
    ),
    (
        r"mask_extractor\.cross_att_res\.cross_attn\.k_proj\.(.+)",
        r"mfe.block.image_attention.key.\1",
    ),
    (
        r"mask_extractor\.cross_att_res\.cross_attn\.v_proj\.(.+)",
        r"mfe.block.image_attention.value.\1",
    ),
    (
        r"mask_extractor\.cross_att_res\.cross_attn\.out_proj\.(.+)",
        r"mfe.block.image_attention.output.\1",
    ),
    (r"mask_extractor\.cross_att_res\.norm1\.(.+)", r"mfe.block.self_norm.\1"),
    (r"mask_extractor\.cross_att_res\.norm2\.(.+)", r"mfe.block.image_norm.\1"),
    (r"mask_extractor\.cross_att_res\.mlp\.lin1\.(.+)", r"mfe.block.mlp.0.\1"),
    (r"mask_extractor\.cross_att_res\.mlp\.lin2\.(.+)", r"mfe.block.mlp.2.\1"),
    (
        r"model\.vision_tower\.vision_tower\.visual\.trunk\.(stem|stages)\.(\d)\.(.+)",
        r"vision_encoder.backbone.\1_\2.\3",
    ),
)

# Keys that the published forward pass never uses, or whose result cannot depend on them: over a
# single token, attention's queries and keys drop out of the softmax.
_UNUSED: tuple[str, ...] = (
    r"mask_extractor\.mask_linear\..+",
    r"mask_extractor\.(sa|cross_att_res\.self_attn)\.[qk]_proj\..+",
    r"model\.vision_tower\.vision_tower\.visual\.head\..+",
    r"model\.vision_tower\.vision_tower\.visual\.trunk\.head\..+",
)


def our_key(published: str) -> str | None:
    """Our name for a published key; None for one that the forward pass does not use.

    Raises:
        KeyError: if the key is not of the published model.
    """
    if any(re.fullmatch(pattern, published) for pattern in _UNUSED):
        return None
    for pattern, replacement in _RULES:
        if match := re.fullmatch(pattern, published):
            our_name = match.expand(replacement)
            return re.sub(r"LEVEL(\d)", lambda level: str(int(level[1]) - 2), our_name)
    raise KeyError(published)


def from_open_clip(key: str) -> str | None:
    """The published name of an open_clip key of the vision tower; None for the other towers'."""
    return VISION_PREFIX + key if key.startswith("visual.") else None
