"""The perturbation of the decoder's input, and which candidate disturbs most (section 3.6)."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seagull.baselines.qfm.matching import TINY, Candidates, at_scale
from seagull.baselines.qfm.memory import Entries
from seagull.baselines.qfm.network import AttentionPanel, RegionFeatures


def strengths(
    count: int, most: float, epoch: float, device: torch.device
) -> Float[Tensor, " count"]:
    """a ~ U(0, a_max) for each sample; a_max grows from 0 during the first epoch."""
    return torch.rand(count, device=device) * most * min(1.0, epoch)


def perturbed(
    features: RegionFeatures, noise: Entries, strength: Float[Tensor, " R"], *, cls: bool
) -> RegionFeatures:
    """F~ = F + a r n on the region's tokens, r = rms(F) / rms(n); nothing flows back into n.

    Args:
        features: of the samples.
        noise: their partners, one each.
        strength: a.
        cls: also c~ = c + a r_c c_n, r_c likewise.
    """
    keys = features.keys
    kept = features.tokens.new_ones(features.tokens.shape[:2]) if keys is None else keys.float()
    n = noise.tokens.detach().to(features.tokens.dtype)
    ratio = _rms(features.tokens.detach(), kept) / (_rms(n, kept) + TINY)
    added = (strength * ratio)[:, None, None] * n * kept[..., None]
    token = features.cls
    if cls:
        token = token + strength[:, None] * at_scale(noise.cls, token)
    return RegionFeatures(token, features.tokens + added, keys)


def _rms(tokens: Float[Tensor, "R T D"], kept: Float[Tensor, "R T"]) -> Float[Tensor, " R"]:
    """Root of the mean square over the kept tokens of each region."""
    square = tokens.float().square().mean(dim=2)
    return ((square * kept).sum(dim=1) / kept.sum(dim=1)).sqrt()


@torch.no_grad()
def hardest(
    decoder: AttentionPanel,
    features: RegionFeatures,
    quality: Float[Tensor, " R"],
    candidates: Candidates,
    memory: Entries,
    strength: Float[Tensor, " R"],
    *,
    cls: bool,
) -> Int[Tensor, " R"]:
    """The entry, of each sample's candidates, that takes the prediction furthest from its label.

    Every sample has at least one candidate; with one, nothing is tried.
    """
    count = candidates.entry.shape[1]
    if count == 1:
        return candidates.entry[:, 0]
    wrong = torch.full(candidates.entry.shape, -1.0, device=quality.device)
    for place in range(count):
        rows = candidates.valid[:, place].nonzero().squeeze(1)
        if not len(rows):
            continue
        noise = memory.rows(candidates.entry[rows, place])
        disturbed = perturbed(features.rows(rows), noise, strength[rows], cls=cls)
        wrong[rows, place] = (decoder(disturbed)[:, 0].float() - quality[rows]).abs()
    return candidates.entry.gather(1, wrong.argmax(dim=1, keepdim=True)).squeeze(1)
