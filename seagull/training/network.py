"""TrainingNetwork: a batch in, its summed loss out; the model as it is, with losses around it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from seagull.model.adapter import file_key
from seagull.model.head import RegionHead
from seagull.model.lora import group_of
from seagull.model.mfe import RegionTokens
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.tokens import IGNORE_INDEX
from seagull.training.config import LossSettings
from seagull.training.losses import (
    head_loss,
    level_scores,
    ranking_loss,
    soft_losses,
    token_losses,
)


class TrainingNetwork(nn.Module):
    """The model, the head that is trained with it (or None), and the losses.

    Args:
        model: to be trained.
        head: reads numbers off region tokens.
        settings: weights of the losses.
        level_ids: ids of the level words, (tasks, words).
    """

    accepts_loss_kwargs = True
    """Tells the Trainer to count the supervised tokens of a whole step."""

    def __init__(
        self,
        model: SeagullForConditionalGeneration,
        head: RegionHead | None,
        settings: LossSettings,
        level_ids: Tensor,
    ) -> None:
        super().__init__()
        self.model = model
        self.head = head
        self.settings = settings
        self.level_ids = level_ids

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        labels: Tensor,
        pixel_values: Tensor,
        region_masks: Tensor,
        region_crops: Tensor,
        region_crop_masks: Tensor,
        region_markers: Tensor,
        **targets: Tensor,
    ) -> dict[str, Tensor]:
        """Summed losses: ``total`` with its gradient, and its parts for the log.

        Shapes: see ``SeagullForConditionalGeneration`` and ``seagull.training.samples.BatchMaker``.
        """
        image, tokens = self._encode(pixel_values, region_masks, region_crops, region_crop_masks)
        embeddings = self.model.assemble(input_ids, image, tokens, region_markers)
        supervised = (labels[:, 1:] != IGNORE_INDEX).any(dim=0).nonzero().flatten()
        output = self.model.language_model(
            inputs_embeds=embeddings,
            attention_mask=attention_mask,
            logits_to_keep=supervised,
            use_cache=False,
        )
        terms = self._text_terms(output.logits, labels[:, supervised + 1], supervised, targets)
        if self.head is not None:
            terms["head"] = self.settings.numeric_head * head_loss(
                self.head(tokens), targets["region_numbers"]
            )
        # Every process runs backward through every module, whether its batch has regions or not.
        nothing = 0.0 * (tokens.global_tokens.sum() + tokens.local_tokens.sum()).float()
        total = torch.stack([value for value in terms.values() if value.requires_grad]).sum()
        return {"total": total + nothing, **{name: value.detach() for name, value in terms.items()}}

    def _encode(
        self, pixels: Tensor, masks: Tensor, crops: Tensor, crop_masks: Tensor
    ) -> tuple[Tensor, RegionTokens]:
        dtype = next(self.model.vision_encoder.parameters()).dtype
        pyramid, context = self.model.encode_image(pixels.to(dtype))
        tokens = self.model.region_tokens(pyramid, context, masks, crops.to(dtype), crop_masks)
        return self.model.image_tokens(pyramid), tokens

    def _text_terms(
        self, logits: Tensor, wanted: Tensor, kept: Tensor, targets: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Losses at the kept positions: logits (B, P, V), wanted ids (B, P), positions (P,)."""
        losses = token_losses(logits, wanted)
        terms = {"text": losses.sum()}
        share, rows = self.settings.soft_levels, targets["level_rows"]
        if not (share or self.settings.ranking) or not len(rows):
            return terms
        columns = torch.searchsorted(kept, targets["level_positions"] - 1)
        found, tasks = logits[rows, columns], targets["level_tasks"]
        ids = self.level_ids.to(found.device)[tasks]
        if share:
            soft = soft_losses(found, ids, targets["level_targets"])
            terms["text"] = terms["text"] + share * (soft - losses[rows, columns]).sum()
        if self.settings.ranking:
            keys = torch.stack([rows, tasks, targets["level_metrics"]])
            comparable = (keys[:, :, None] == keys[:, None, :]).all(dim=0)
            terms["ranking"] = self.settings.ranking * ranking_loss(
                level_scores(found, ids),
                targets["level_numbers"],
                comparable,
                self.settings.ranking_margin,
            )
        return terms

    def trained(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Keys (as in adapter files) and parameters of what learns."""
        for key, parameter in self.keyed():
            if parameter.requires_grad:
                yield key, parameter

    def keyed(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Keys (as in adapter files) and parameters of everything."""
        for name, parameter in self.named_parameters():
            yield file_key(name.removeprefix("model.")), parameter

    def in_groups(self, groups: set[str]) -> Iterator[tuple[str, nn.Parameter]]:
        """Keys and parameters of module groups."""
        for key, parameter in self.keyed():
            if group_of(key) in groups:
                yield key, parameter
