"""QFM-IQM's losses against numbers worked out by hand, the memory's life, and distillation."""

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor, nn

from seagull.baselines.config import BaselineConfig
from seagull.baselines.learners import build_learner, starting_network
from seagull.baselines.network import BaselineNetwork
from seagull.baselines.qfm.learning import QfmLearner, agreed, consistency
from seagull.baselines.qfm.network import QfmNetwork
from seagull.baselines.samples import Batch
from seagull.baselines.views import Views
from tests.seagull.baselines.plain import smooth_l1 as smooth

Make = Callable[..., BaselineConfig]
NAN = float("nan")


def batch(known: list[float], photo: list[int], side: int = 64, **more) -> Batch:
    torch.manual_seed(5)
    views = Views(torch.randn(len(known), 3, side, side), torch.arange(len(known)))
    both = torch.tensor([[quality, NAN] for quality in known])
    return Batch(views, both, torch.tensor(photo), 0, **more)


def learner_of(config: BaselineConfig, teacher: BaselineNetwork | None = None) -> QfmLearner:
    learner = build_learner(config, starting_network(config).eval(), teacher)
    assert isinstance(learner, QfmLearner)
    return learner


def test_the_loss_is_quality_plus_the_weighted_consistency_of_those_with_a_partner(settings: Make):
    config = settings(qfm_iqm={"consistency": 2.0, "tie": 0.25, "strength": 0.5})
    learner = learner_of(config)
    # The first two are partners, the third has nobody of its quality.
    own = batch([0.5, 0.52, 0.9], [1, 2, 3])
    read: list[Tensor] = []
    decoder = learner.network.decoder
    decoder.register_forward_hook(lambda module, inputs, output: read.append(output[:, 0]))
    loss, terms = learner.loss(own, 1.0)
    p, again = read[0].tolist(), read[-1].tolist()
    y = [0.5, 0.52, 0.9]
    quality = sum(smooth(a - b) for a, b in zip(p, y, strict=True)) / 3
    noise = sum(smooth(a - b) for a, b in zip(again, y[:2], strict=True)) / 2
    tie = sum(smooth(a - b) for a, b in zip(again, p[:2], strict=True)) / 2
    assert again != pytest.approx(p[:2], abs=1e-4)
    assert float(loss.detach()) == pytest.approx(quality + 2.0 * (noise + 0.25 * tie), abs=1e-5)
    assert terms["matched"] == pytest.approx(2 / 3)


def test_the_tie_pulls_at_the_perturbed_prediction_alone():
    again = torch.tensor([0.52, 0.9], requires_grad=True)
    before = torch.tensor([0.5, 0.5], requires_grad=True)
    label, tie = consistency(again, torch.tensor([0.5, 0.8]), before, 0.1)
    assert float(label.detach()) == pytest.approx((smooth(0.02) + smooth(0.1)) / 2, abs=1e-6)
    assert float(tie.detach()) == pytest.approx((smooth(0.02) + smooth(0.4)) / 2, abs=1e-6)
    tie.backward()
    assert before.grad is None
    # Slopes d / beta below beta and 1 above it, over two samples.
    assert again.grad is not None
    assert again.grad.tolist() == pytest.approx([0.1, 0.5])


def test_without_matching_nothing_is_remembered_and_only_quality_is_learned(settings: Make):
    learner = learner_of(settings(qfm_iqm={"match": {"kind": "none"}}))
    own = batch([0.2, 0.2], [1, 2])
    loss, terms = learner.loss(own, 1.0)
    p = learner.network(own.views)[:, 0].tolist()
    assert float(loss.detach()) == pytest.approx(sum(smooth(one - 0.2) for one in p) / 2, abs=1e-6)
    assert len(learner.memory) == 0
    assert set(terms) == {"quality"}


def test_the_memory_is_emptied_as_an_epoch_begins_and_survives_a_checkpoint(settings: Make):
    learner = learner_of(settings(qfm_iqm={"match": {"memory": 5}}))
    learner.loss(batch([0.1, 0.2, NAN], [1, 2, 3]), 0.0)
    learner.loss(batch([0.3, 0.4], [4, 5]), 0.5)
    assert learner.memory.entries is not None
    assert learner.memory.entries.photo.tolist() == [1, 2, 4, 5]
    assert learner.memory.entries.tokens.dtype == torch.float16
    other = learner_of(settings())
    other.restore(learner.state())
    assert len(other.memory) == 4
    other.loss(batch([0.3], [6]), 1.0)
    assert other.memory.entries is not None
    assert other.memory.entries.photo.tolist() == [6]


def test_frozen_semantics_stay_while_the_student_changes(settings: Make):
    learner = learner_of(settings())
    own = batch([0.5], [1])
    learner.loss(own, 0.0)
    with torch.no_grad():
        for parameter in learner.network.encoder.parameters():
            parameter.add_(torch.randn_like(parameter))
    learner.loss(own, 0.0)
    memory = learner.memory.entries
    assert memory is not None
    torch.testing.assert_close(memory.semantics[0], memory.semantics[1])
    assert not torch.allclose(memory.cls[0].float(), memory.cls[1].float())


def test_a_teacher_counts_where_its_windows_agree():
    read = torch.tensor([[0.2, 0.2, 0.26], [0.1, 0.5, 0.9], [1.2, 1.2, 1.2]])
    mean, sure = agreed(read, 0.05)
    # Deviation of the first: sqrt(2/9) * 0.06 = 0.028.
    assert mean.tolist() == pytest.approx([0.22, 0.5, 1.0])
    assert sure.tolist() == [True, False, True]


class Says(BaselineNetwork):
    """A teacher that says what each view's first pixel is."""

    def forward(self, views: Views) -> Tensor:
        return views.pixels[:, :1, 0, 0]

    def parts(self) -> Mapping[str, nn.Module]:
        return {}


def test_crops_that_a_teacher_labels_count_by_their_own_weight(settings: Make):
    config = settings(
        qfm_iqm={"match": {"kind": "none"}, "distil": {"teacher": "x", "crops": 2, "weight": 0.5}}
    )
    learner = learner_of(config, Says())
    crops = torch.zeros(4, 3, 64, 64)
    crops[:2, 0, 0, 0] = 0.7  # the first crop's two windows agree on .7, the second's do not
    crops[2, 0, 0, 0], crops[3, 0, 0, 0] = 0.1, 0.9
    more = {
        "unlabelled": Views(crops, torch.arange(4)),
        "unlabelled_photo": torch.tensor([8, 9]),
    }
    own = batch([0.2], [1], **more)
    loss, terms = learner.loss(own, 0.0)
    network = learner.network
    assert isinstance(network, QfmNetwork)
    with torch.no_grad():
        labelled = float(network(own.views)[0, 0])
        taught = float(network(Views(crops[:1], torch.arange(1)))[0, 0])
    assert terms["taught"] == pytest.approx(smooth(taught - 0.7), abs=1e-5)
    expected = smooth(labelled - 0.2) + 0.5 * smooth(taught - 0.7)
    assert float(loss.detach()) == pytest.approx(expected, abs=1e-5)


def test_crops_that_a_teacher_labels_have_a_consistency_of_their_own(settings: Make):
    distil = {"teacher": "x", "crops": 2, "weight": 0.5}
    learner = learner_of(
        settings(qfm_iqm={"consistency": 2.0, "tie": 0.25, "strength": 0.5, "distil": distil}),
        Says(),
    )
    with torch.no_grad():
        learner.network.decoder.read.weight.mul_(50)  # noise is to move what is read
    crops = torch.rand(2, 3, 64, 64)
    crops[:, 0, 0, 0] = 0.7  # both windows of the only crop
    more = {"unlabelled": Views(crops, torch.arange(2)), "unlabelled_photo": torch.tensor([8])}
    read: list[Tensor] = []
    learner.network.decoder.register_forward_hook(lambda _, given, out: read.append(out[:, 0]))
    # The first photo and the crop are partners, the second has nobody of its quality.
    loss, terms = learner.loss(batch([0.7, 0.2], [1, 2], **more), 1.0)
    (first, second, crop), (first_again, crop_again) = read[0].tolist(), read[-1].tolist()
    assert crop_again != pytest.approx(crop, abs=1e-4)

    def disturbed(again: float, before: float) -> float:
        return 2.0 * (smooth(again - 0.7) + 0.25 * smooth(again - before))

    labelled = (smooth(first - 0.7) + smooth(second - 0.2)) / 2 + disturbed(first_again, first)
    taught = smooth(crop - 0.7) + disturbed(crop_again, crop)
    assert float(loss.detach()) == pytest.approx(labelled + 0.5 * taught, abs=1e-5)
    assert terms["taught_noise"] == pytest.approx(smooth(crop_again - 0.7), abs=1e-5)
    assert terms["taught_tie"] == pytest.approx(smooth(crop_again - crop), abs=1e-5)


def test_importance_adds_smooth_l1_of_its_own_where_it_is_known(settings: Make):
    both = {"protocol": "mask", "tasks": ["quality", "importance"]}
    learner = learner_of(settings(qfm_iqm={"match": {"kind": "none"}}, **both))
    masks = torch.zeros(3, 1, 64, 64)
    masks[0], masks[1, :, :32], masks[2, :, :, 40:] = 1, 1, 1
    views = Views(torch.rand(1, 3, 64, 64), torch.zeros(3, dtype=torch.long), masks)
    known = torch.tensor([[0.5, 0.9], [NAN, 0.05], [0.3, NAN]])
    loss, terms = learner.loss(Batch(views, known, torch.tensor([1, 1, 1]), 0), 0.0)
    with torch.no_grad():
        read = learner.network(views).tolist()
    quality = (smooth(read[0][0] - 0.5) + smooth(read[2][0] - 0.3)) / 2
    importance = (smooth(read[0][1] - 0.9) + smooth(read[1][1] - 0.05)) / 2
    assert importance > 0.1
    assert terms["importance"] == pytest.approx(importance, abs=1e-6)
    assert float(loss.detach()) == pytest.approx(quality + importance, abs=1e-6)


def test_no_gradient_reaches_the_teacher_the_frozen_encoder_or_what_is_remembered(settings: Make):
    config = settings(qfm_iqm={"distil": {"teacher": "x", "crops": 2, "spread": 1.0}})
    teacher = starting_network(config)
    learner = learner_of(config, teacher)
    crops = torch.randn(4, 3, 64, 64)
    more = {"unlabelled": Views(crops, torch.arange(4)), "unlabelled_photo": torch.tensor([8, 9])}
    loss, terms = learner.loss(batch([0.5, 0.5], [1, 2], **more), 1.0)
    loss.backward()
    assert terms["matched"] >= 0.5
    assert {"taught", "taught_noise", "taught_tie"} <= set(terms)
    assert learner.frozen is not None
    for other in (teacher, learner.frozen):
        assert all(one.grad is None for one in other.parameters())
    assert all(one.grad is not None for one in learner.network.decoder.parameters())
    memory = learner.memory.entries
    assert memory is not None
    assert not any(one.requires_grad for one in (memory.semantics, memory.cls, memory.tokens))
