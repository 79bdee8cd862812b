"""How QFM-IQM learns: quality, consistency under semantic noise, and a teacher's labels."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from seagull.baselines.config import QfmSettings
from seagull.baselines.encoders import TokenEncoder
from seagull.baselines.losses import smooth_l1
from seagull.baselines.network import BaselineNetwork
from seagull.baselines.qfm.matching import Candidates, Described, match
from seagull.baselines.qfm.memory import Entries, TemporaryMemory, filled
from seagull.baselines.qfm.network import QfmNetwork, RegionFeatures
from seagull.baselines.qfm.noise import hardest, perturbed, strengths
from seagull.baselines.samples import Batch
from seagull.baselines.views import Views, join_views


class QfmLearner:
    """The losses of a step.

    L = L_q + lc L_qcc + ld L_dle with L_q = SmoothL1(p, y), L_qcc = SmoothL1(p~, y) +
    mu SmoothL1(p~, stop(p)) over perturbed samples, and L_dle the same two for crops that the
    teacher labels. Importance, where it is learned, adds SmoothL1 of its own.

    Args:
        network: the student.
        settings: weights and thresholds.
        frozen: a copy of its encoder as it began; None compares the student's CLS tokens.
        teacher: reads the quality of crops; None without distillation.
    """

    def __init__(
        self,
        network: QfmNetwork,
        settings: QfmSettings,
        frozen: TokenEncoder | None = None,
        teacher: BaselineNetwork | None = None,
    ) -> None:
        self.network, self.settings = network, settings
        self.frozen, self.teacher = frozen, teacher
        self.memory = TemporaryMemory(settings.match.memory)
        self.epoch = 0

    def loss(self, batch: Batch, epoch: float) -> tuple[Tensor, dict[str, float]]:
        """The loss of a batch, and its parts.

        Args:
            batch: of regions.
            epoch: passes over the data before it; the memory is emptied as each begins.
        """
        if int(epoch) != self.epoch:
            self.memory.clear()
            self.epoch = int(epoch)
        batch, taught = self._with_taught(batch)
        features = self.network.features(batch.views)
        predicted = self.network.decoder(features)
        disturbed, terms = self._disturbed(batch, features, epoch)
        total = predicted.new_zeros(())
        for name, rows, weight in (
            ("quality", ~taught, 1.0),
            ("taught", taught, self.settings.distil.weight),
        ):
            if rows.any():
                part, more = self._rows_loss(rows, predicted, batch.known, disturbed)
                total = total + weight * part
                terms |= {f"{name}{ending}": value for ending, value in more.items()}
        if predicted.shape[1] > 1:
            importance = smooth_l1(predicted[:, 1], batch.known[:, 1], self.settings.beta)
            total = total + importance
            terms["importance"] = float(importance.detach())
        return total, terms

    def _rows_loss(
        self, rows: Tensor, predicted: Tensor, known: Tensor, disturbed: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, dict[str, float]]:
        """L_q and lc L_qcc of some samples."""
        settings, (matched, again) = self.settings, disturbed
        own = smooth_l1(predicted[rows, 0], known[rows, 0], settings.beta)
        terms = {"": float(own.detach())}
        kept = rows[matched]
        if settings.consistency and kept.any():
            before, label = predicted[matched, 0][kept], known[matched, 0][kept]
            label, tie = consistency(again[kept], label, before, settings.beta)
            terms["_noise"], terms["_tie"] = float(label.detach()), float(tie.detach())
            own = own + settings.consistency * (label + settings.tie * tie)
        return own, terms

    def _disturbed(
        self, batch: Batch, features: RegionFeatures, epoch: float
    ) -> tuple[tuple[Tensor, Tensor], dict[str, float]]:
        """Numbers of the samples with a partner and their perturbed predictions; what is logged."""
        settings, quality = self.settings, batch.known[:, 0]
        nothing = torch.zeros(0, dtype=torch.long, device=quality.device), quality[:0]
        if settings.match.kind == "none":
            return nothing, {}
        semantics = self._semantics(batch.views, features)
        self._remember(batch, features, semantics)
        memory = self.memory.entries
        if memory is None or not len(memory):
            return nothing, {"matched": 0.0}
        regions = Described(semantics, quality, batch.photo)
        found = match(regions, memory.described, settings.match)
        matched = found.matched.nonzero().squeeze(1)
        known = max(1, int((~quality.isnan()).sum()))
        terms = {"matched": len(matched) / known}
        if not len(matched):
            return nothing, terms
        terms["cosine"] = float(found.cosine[matched, 0].mean())
        strength = strengths(len(matched), settings.strength, epoch, quality.device)
        own = features.rows(matched)
        few = Candidates(*(one[matched] for one in (found.entry, found.valid, found.cosine)))
        cls, decoder = settings.perturb_cls, self.network.decoder
        entry = hardest(decoder, own, quality[matched], few, memory, strength, cls=cls)
        again = decoder(perturbed(own, memory.rows(entry), strength, cls=cls))[:, 0]
        return (matched, again), terms

    @torch.no_grad()
    def _semantics(self, views: Views, features: RegionFeatures) -> Float[Tensor, "R D"]:
        if self.frozen is None:
            return features.cls.detach()
        return self.frozen(views.pixels)[0][views.of]

    def _remember(self, batch: Batch, features: RegionFeatures, semantics: Tensor) -> None:
        kept = ~batch.known[:, 0].isnan()
        own = features.detach().rows(kept)
        if kept.any():
            self.memory.push(
                Entries(
                    semantics[kept].float(),
                    own.cls.half(),
                    filled(own.tokens, own.keys).half(),
                    batch.known[kept, 0],
                    batch.photo[kept],
                )
            )

    @torch.no_grad()
    def _with_taught(self, batch: Batch) -> tuple[Batch, Tensor]:
        """The batch with the crops that the teacher is sure of, and which regions these are."""
        labelled = torch.zeros(len(batch.known), dtype=torch.bool, device=batch.known.device)
        if self.teacher is None or batch.unlabelled is None or batch.unlabelled_photo is None:
            return batch, labelled
        distil = self.settings.distil
        read = self.teacher(batch.unlabelled)[:, 0].reshape(-1, distil.crops)
        mean, sure = agreed(read, distil.spread)
        if not sure.any():
            return batch, labelled
        first = batch.unlabelled.pixels[:: distil.crops][sure]
        places = torch.arange(len(first), device=first.device)
        known = torch.stack([mean[sure], torch.full_like(mean[sure], float("nan"))], dim=1)
        joined = Batch(
            views=join_views([batch.views, Views(first, places)]),
            known=torch.cat([batch.known, known]),
            photo=torch.cat([batch.photo, batch.unlabelled_photo[sure]]),
            seed=batch.seed,
        )
        return joined, torch.cat([labelled, torch.ones_like(places, dtype=torch.bool)])

    def state(self) -> dict[str, Tensor]:
        """The temporary memory and the epoch it is of."""
        return {"epoch": torch.tensor(self.epoch), **self.memory.state()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Takes up what ``state`` gave."""
        place = next(self.network.parameters()).device
        self.epoch = int(state["epoch"])
        self.memory.restore({k: v.to(place) for k, v in state.items() if k != "epoch"})


def consistency(
    again: Float[Tensor, " n"],
    label: Float[Tensor, " n"],
    before: Float[Tensor, " n"],
    beta: float,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Both terms of L_qcc: SmoothL1(p~, y) and SmoothL1(p~, stop(p)).

    Args:
        again: p~, the perturbed predictions.
        label: y. ``before``: p; no gradient reaches it.
        beta: of the smooth L1.
    """
    return smooth_l1(again, label, beta), smooth_l1(again, before.detach(), beta)


def agreed(
    read: Float[Tensor, "U K"], spread: float
) -> tuple[Float[Tensor, " U"], Float[Tensor, " U"]]:
    """Mean of what a teacher reads of each crop's windows, kept in [0, 1], and whether they agree.

    Args:
        read: per crop and window.
        spread: their standard deviation has to be below this.
    """
    return read.mean(dim=1).clamp(0, 1), read.std(dim=1, unbiased=False) < spread
