"""TrainingNetwork: a batch in, its summed loss out; the model as it is, with losses around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from timm.layers.drop import DropPath
from torch import Tensor, nn

from seagull.language.tokens import IGNORE_INDEX
from seagull.model.adapter import file_key
from seagull.model.assembly import additive_mask
from seagull.model.head import HEAD_NUMBERS, HeadReading, RegionHead
from seagull.model.lora import group_of
from seagull.model.seagull import SeagullForConditionalGeneration, VisualTokens
from seagull.training.batch_statistics import learning_norms, statistics
from seagull.training.config import LossSettings
from seagull.training.losses import (
    gaussian_loss,
    head_loss,
    pair_loss,
    poor_loss,
    presence_loss,
    soft_losses,
    token_losses,
    unchanged_loss,
)
from seagull.types import DistortionType

QUALITY = HEAD_NUMBERS.index("quality")
MOS_WEIGHT = 10.0
"""Brings the likelihood of MOS to the size of ``head_loss`` for errors below its beta."""
SEVERITIES = slice(len(HEAD_NUMBERS) - len(DistortionType), None)
"""Where the severities stand among the numbers of the head."""


@dataclass(frozen=True)
class Answers:
    """The answers' tokens of a batch.

    Attributes:
        logits: what the model says, (E, V).
        wanted: ids of the tokens, (E,).
        levels: places of the K level words among them, (K,).
    """

    logits: Tensor
    wanted: Tensor
    levels: Tensor


class TrainingNetwork(nn.Module):
    """The model, the head that is trained with it (or None), and the losses.

    Args:
        model: to be trained.
        head: reads numbers off region tokens; it may have come with an adapter and stay as it is.
        settings: weights of the losses.
        level_ids: ids of the level words, (tasks, words).
        batch_statistics: see ``TrainConfig``.
    """

    accepts_loss_kwargs = True
    """Tells the Trainer to count the supervised tokens of a whole step."""

    def __init__(
        self,
        model: SeagullForConditionalGeneration,
        head: RegionHead | None,
        settings: LossSettings,
        level_ids: Tensor,
        *,
        batch_statistics: bool = False,
    ) -> None:
        super().__init__()
        self.model = model
        self.head = head
        self.settings = settings
        self.level_ids = level_ids
        self.normed = learning_norms(model.vision_encoder) if batch_statistics else {}
        if batch_statistics and not self.normed:
            raise ValueError(
                "batch_statistics: the trained vision encoder has no batch normalisation"
            )
        self.base_statistics = statistics(self.normed)
        self.dropped = [m for m in model.vision_encoder.modules() if isinstance(m, DropPath)]

    def train(self, mode: bool = True) -> TrainingNetwork:
        """Training mode; of the vision encoder, stochastic depth and learned statistics."""
        super().train(mode)
        for module in (*self.normed.values(), *self.dropped):
            module.train(mode)
        return self

    def forward(self, **batch: Tensor) -> dict[str, Tensor]:
        """Summed losses: ``total`` with its gradient, and its parts for the log.

        Shapes: see ``BatchMaker`` and ``PackMaker`` in ``seagull.training``.
        """
        tokens = self._encode(batch, text="region_crops" in batch)
        global_tokens = tokens.global_tokens
        terms: dict[str, Tensor] = {}
        # Every process runs backward through every module, whether its batch has regions or not.
        sums = [kind.sum().float() for kind in tokens if kind is not None]
        zero = 0.0 * torch.stack(sums).sum()
        if "input_ids" in batch:
            terms |= self._text_terms(self._answers(batch, tokens), batch)
        if self.head is not None and self.settings.numeric_head:
            reading = self.head(global_tokens)
            terms |= self._head_terms(reading, batch)
            zero = zero + 0.0 * reading.spread.sum()  # not every batch has MOS
        total = torch.stack([value for value in terms.values() if value.requires_grad]).sum()
        return {"total": total + zero, **{name: value.detach() for name, value in terms.items()}}

    def read(self, batch: dict[str, Tensor]) -> HeadReading:
        """What the head reads of photos and regions; no crops are needed.

        Raises:
            ValueError: if there is no head.
        """
        if self.head is None:
            raise ValueError("this network has no head; set loss.numeric_head")
        return self.head(self._encode(batch, text=False).global_tokens)

    def _encode(self, batch: dict[str, Tensor], *, text: bool) -> VisualTokens:
        _, tokens = self.model.encode(
            batch["pixel_values"],
            batch["region_masks"],
            batch.get("region_crops"),
            batch.get("region_crop_masks"),
            text=text,
        )
        return tokens

    def _answers(self, batch: dict[str, Tensor], tokens: VisualTokens) -> Answers:
        """Answers of a batch: a conversation a row, (B, T), or all in one packed row, (1, n)."""
        labels = batch["labels"]
        embeddings = self.model.assemble(batch["input_ids"], tokens, batch["region_markers"])
        rows, places = (labels != IGNORE_INDEX).nonzero(as_tuple=True)
        if "visible" in batch:
            parents, level_rows = batch["answer_parents"], torch.zeros_like(batch["level_rows"])
            layout = {
                "attention_mask": additive_mask(batch["visible"], embeddings),
                "position_ids": batch["position_ids"],
            }
        else:
            parents, level_rows = places - 1, batch["level_rows"]
            layout = {"attention_mask": batch["attention_mask"]}
        positions, columns = parents.unique(return_inverse=True)
        output = self.model.language_model(
            inputs_embeds=embeddings, logits_to_keep=positions, use_cache=False, **layout
        )
        width = labels.shape[1]
        levels = torch.searchsorted(
            rows * width + places, level_rows * width + batch["level_positions"]
        )
        return Answers(output.logits[rows, columns], labels[rows, places], levels)

    def _head_terms(self, reading: HeadReading, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        weight, targets = self.settings.numeric_head, batch["region_numbers"]
        quality, mos = reading.numbers[..., QUALITY], targets[..., QUALITY]
        other_losses = head_loss(reading.numbers[..., QUALITY + 1 :], targets[..., QUALITY + 1 :])
        terms = {
            "mos": weight * MOS_WEIGHT * gaussian_loss(quality, reading.spread, mos),
            "head": weight
            * (other_losses + presence_loss(reading.presence, targets[..., SEVERITIES])),
        }
        if "pairs" in batch and self.settings.order:
            terms |= self._order_terms(quality.flatten(), batch)
        return terms

    def _order_terms(self, quality: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Losses of order, each a mean that counts for all photos of the batch."""
        weight = self.settings.order * len(batch["pixel_values"])
        pairs, targets, rated = batch["pairs"], batch["pair_targets"], batch["pair_rated"]
        return {
            "mos_order": weight * pair_loss(quality, pairs[rated], targets[rated]),
            "order": weight * pair_loss(quality, pairs[~rated], targets[~rated]),
            "unchanged": weight * unchanged_loss(quality, batch["unchanged"]),
            "poor": weight * poor_loss(quality, batch["poor"]),
        }

    def _text_terms(self, answers: Answers, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Losses at the answers' tokens."""
        weight, share = self.settings.text, self.settings.soft_levels
        losses = token_losses(answers.logits, answers.wanted)
        terms = {"text": weight * losses.sum()}
        if not share or not len(answers.levels):
            return terms
        logits = answers.logits[answers.levels]
        ids = self.level_ids.to(logits.device)[batch["level_tasks"]]
        soft = soft_losses(logits, ids, batch["level_targets"])
        terms["text"] = terms["text"] + weight * share * (soft - losses[answers.levels]).sum()
        return terms

    def trained(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Trainable parameters by their keys in adapter files."""
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
