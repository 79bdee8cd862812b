"""The perturbation against numbers worked out by hand; no gradient reaches a partner."""

import pytest
import torch

from seagull.baselines.qfm.matching import Candidates
from seagull.baselines.qfm.memory import Entries
from seagull.baselines.qfm.network import AttentionPanel, RegionFeatures
from seagull.baselines.qfm.noise import hardest, perturbed, strengths


def noise(tokens, cls=((0.0, 0.0),)) -> Entries:
    t, zeros = torch.tensor(tokens), torch.zeros(len(tokens))
    return Entries(zeros[:, None], torch.tensor(cls * len(t))[: len(t)], t, zeros, zeros)


def test_a_partner_is_added_at_the_samples_own_scale():
    # rms of F: root of (9 + 16 + 0 + 0) / 4 = 2.5; of n: 1; a = 0.5: so n is added 1.25 times.
    features = RegionFeatures(torch.zeros(1, 2), torch.tensor([[[3.0, 4.0], [0.0, 0.0]]]))
    n = noise([[[1.0, -1.0], [1.0, 1.0]]])
    out = perturbed(features, n, torch.tensor([0.5]), cls=False)
    expected = torch.tensor([[[4.25, 2.75], [1.25, 1.25]]])
    torch.testing.assert_close(out.tokens, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(out.cls, features.cls)


def test_the_cls_token_is_disturbed_only_where_asked_for():
    # rms of c: 5 / sqrt(2); of the partner's: 1; a = 0.2.
    features = RegionFeatures(torch.tensor([[3.0, 4.0]]), torch.ones(1, 1, 2))
    n = noise([[[1.0, 1.0]]], ((1.0, -1.0),))
    out = perturbed(features, n, torch.tensor([0.2]), cls=True)
    added = 0.2 * 5 / 2**0.5
    torch.testing.assert_close(out.cls, torch.tensor([[3 + added, 4 - added]]), atol=1e-5, rtol=0)


def test_with_a_mask_only_the_regions_tokens_change_and_set_the_scale():
    tokens = torch.tensor([[[2.0], [100.0]]])
    features = RegionFeatures(torch.zeros(1, 1), tokens, torch.tensor([[True, False]]))
    out = perturbed(features, noise([[[4.0], [7.0]]], ((0.0,),)), torch.tensor([1.0]), cls=False)
    # r = 2 / 4 over the first token alone.
    torch.testing.assert_close(out.tokens, torch.tensor([[[4.0], [100.0]]]), atol=1e-4, rtol=0)


def test_no_gradient_reaches_the_partner():
    features = RegionFeatures(
        torch.randn(1, 4, requires_grad=True), torch.randn(1, 3, 4, requires_grad=True)
    )
    other = torch.randn(1, 3, 4, requires_grad=True)
    cls = torch.randn(1, 4, requires_grad=True)
    n = Entries(torch.zeros(1, 4), cls, other, torch.zeros(1), torch.zeros(1))
    out = perturbed(features, n, torch.tensor([0.3]), cls=True)
    (out.tokens.sum() + out.cls.sum()).backward()
    assert other.grad is None
    assert cls.grad is None
    # What is scaled by the sample's size does not pull at that size: each token counts once.
    torch.testing.assert_close(features.tokens.grad, torch.ones(1, 3, 4))


def test_strength_grows_from_nothing_in_the_first_epoch():
    torch.manual_seed(0)
    here = torch.device("cpu")
    assert float(strengths(100, 0.3, 0.0, here).max()) == 0
    half = strengths(1000, 0.3, 0.5, here)
    assert 0.14 < float(half.max()) <= 0.15
    later = strengths(1000, 0.3, 4.2, here)
    assert 0.28 < float(later.max()) <= 0.3


class Sum(AttentionPanel):
    """Reads the sum of a region's tokens."""

    def __init__(self) -> None:
        super().__init__(2, 1, 1, 1)

    def forward(self, features: RegionFeatures) -> torch.Tensor:
        return features.tokens.sum(dim=(1, 2))[:, None]


def test_the_hard_choice_is_the_candidate_that_is_furthest_from_the_label():
    features = RegionFeatures(torch.zeros(2, 2), torch.ones(2, 1, 2))
    # Alone the sum is 2; with the partners, all of rms 1, it is 2 + 2, 2 - 2 and 2 + 0.
    memory = noise([[[1.0, 1.0]], [[-1.0, -1.0]], [[1.0, -1.0]]])
    candidates = Candidates(
        torch.tensor([[0, 1, 2], [2, 0, 1]]),
        torch.tensor([[True, True, True], [True, True, False]]),
        torch.zeros(2, 3),
    )
    args = (candidates, memory, torch.ones(2))
    chosen = hardest(Sum(), features, torch.tensor([1.9, 3.5]), *args, cls=False)
    # |4 - 1.9| > |0 - 1.9|; the second may not take entry 1, and |2 - 3.5| > |4 - 3.5|.
    assert chosen.tolist() == [0, 2]
    assert hardest(Sum(), features, torch.tensor([2.1, 3.5]), *args, cls=False).tolist() == [1, 2]


@pytest.mark.parametrize("cls", [False, True])
def test_strength_zero_changes_nothing(cls):
    features = RegionFeatures(torch.randn(2, 4), torch.randn(2, 3, 4))
    zeros = torch.zeros(2)
    n = Entries(torch.zeros(2, 4), torch.randn(2, 4), torch.randn(2, 3, 4), zeros, zeros)
    out = perturbed(features, n, torch.zeros(2), cls=cls)
    torch.testing.assert_close(out.tokens, features.tokens)
    torch.testing.assert_close(out.cls, features.cls)
