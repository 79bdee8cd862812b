"""TrainingNetwork: a batch in, its summed loss out; the model as it is, with losses around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from timm.layers.drop import DropPath
from torch import Tensor, nn

from seagull.language.tokens import IGNORE_INDEX
from seagull.model.adapter import file_key
from seagull.model.head import HEAD_NUMBERS, HeadReading, RegionHead
from seagull.model.lora import group_of
from seagull.model.mfe import Pyramid, RegionTokens
from seagull.model.seagull import SeagullForConditionalGeneration
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
        pyramid = self._look(batch)
        seen = self._global_tokens(batch, pyramid)
        terms: dict[str, Tensor] = {}
        # Every process runs backward through every module, whether its batch has regions or not.
        nothing = 0.0 * seen.sum().float()
        if "region_crops" in batch:
            image, tokens = self.model.image_tokens(pyramid), self._with_local(batch, seen)
            nothing = nothing + 0.0 * (image.sum() + tokens.local_tokens.sum()).float()
            if "visible" in batch:
                terms |= self._text_terms(self._packed(batch, image, tokens), batch)
            elif "input_ids" in batch:
                terms |= self._text_terms(self._rows(batch, image, tokens), batch)
        if self.head is not None and self.settings.numeric_head:
            reading = self.head(seen)
            terms |= self._head_terms(reading, batch)
            nothing = nothing + 0.0 * reading.spread.sum()  # not every batch has opinions
        total = torch.stack([value for value in terms.values() if value.requires_grad]).sum()
        return {"total": total + nothing, **{name: value.detach() for name, value in terms.items()}}

    def read(self, batch: dict[str, Tensor]) -> HeadReading:
        """What the head reads of photos and regions; no crops are needed.

        Raises:
            ValueError: if there is no head.
        """
        if self.head is None:
            raise ValueError("this network has no head; set loss.numeric_head")
        return self.head(self._global_tokens(batch, self._look(batch)))

    def _look(self, batch: dict[str, Tensor]) -> list[Tensor]:
        encoder = self.model.vision_encoder
        seen: list[Tensor] = encoder(batch["pixel_values"].to(next(encoder.parameters()).dtype))
        return seen

    def _global_tokens(self, batch: dict[str, Tensor], pyramid: Pyramid) -> Tensor:
        mfe = self.model.mfe
        return mfe.global_tokens(pyramid, mfe.image_context(pyramid), batch["region_masks"])

    def _with_local(self, batch: dict[str, Tensor], seen: Tensor) -> RegionTokens:
        dtype = next(self.model.vision_encoder.parameters()).dtype
        crops = batch["region_crops"].to(dtype)
        return RegionTokens(seen, self.model.local_tokens(crops, batch["region_crop_masks"]))

    def _rows(self, batch: dict[str, Tensor], image: Tensor, tokens: RegionTokens) -> Answers:
        """The answers of a batch with one conversation a row, (B, T)."""
        labels = batch["labels"]
        embeddings = self.model.assemble(batch["input_ids"], image, tokens, batch["region_markers"])
        rows, before = (labels[:, 1:] != IGNORE_INDEX).nonzero(as_tuple=True)
        kept, columns = before.unique(return_inverse=True)
        output = self.model.language_model(
            inputs_embeds=embeddings,
            attention_mask=batch["attention_mask"],
            logits_to_keep=kept,
            use_cache=False,
        )
        width = labels.shape[1]
        places = batch["level_rows"] * width + batch["level_positions"] - 1
        levels = torch.searchsorted(rows * width + before, places)
        return Answers(output.logits[rows, columns], labels[rows, before + 1], levels)

    def _packed(self, batch: dict[str, Tensor], image: Tensor, tokens: RegionTokens) -> Answers:
        """The answers of a packed batch: one row for all photos and their conversations."""
        flat = RegionTokens(*(kind.flatten(0, 1)[None] for kind in tokens))
        embeddings = self.model.assemble(
            batch["input_ids"], image.flatten(0, 1)[None], flat, batch["region_markers"]
        )
        kept, which = batch["answer_parents"].unique(return_inverse=True)
        output = self.model.language_model(
            inputs_embeds=embeddings,
            attention_mask=self._additive(batch["visible"], embeddings),
            position_ids=batch["position_ids"],
            logits_to_keep=kept,
            use_cache=False,
        )
        answers = batch["answers"]
        levels = torch.searchsorted(answers, batch["level_positions"])
        return Answers(output.logits[0, which], batch["labels"][0, answers], levels)

    def _additive(self, visible: Tensor, embeddings: Tensor) -> Tensor:
        """The mask in the queries' type, because attention without a fused kernel adds it."""
        device = embeddings.device.type
        autocast = torch.is_autocast_enabled(device)
        dtype = torch.get_autocast_dtype(device) if autocast else embeddings.dtype
        hidden = torch.zeros(visible.shape, dtype=dtype, device=visible.device)
        return hidden.masked_fill(~visible, torch.finfo(dtype).min)

    def _head_terms(self, reading: HeadReading, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        weight, known = self.settings.numeric_head, batch["region_numbers"]
        quality, mos = reading.numbers[..., QUALITY], known[..., QUALITY]
        others = head_loss(reading.numbers[..., QUALITY + 1 :], known[..., QUALITY + 1 :])
        terms = {
            "mos": weight * MOS_WEIGHT * gaussian_loss(quality, reading.spread, mos),
            "head": weight * (others + presence_loss(reading.presence, known[..., SEVERITIES])),
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
        found = answers.logits[answers.levels]
        ids = self.level_ids.to(found.device)[batch["level_tasks"]]
        soft = soft_losses(found, ids, batch["level_targets"])
        terms["text"] = terms["text"] + weight * share * (soft - losses[answers.levels]).sum()
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
