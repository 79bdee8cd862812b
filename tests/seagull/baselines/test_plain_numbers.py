"""Each equation of both networks against plain numpy or numbers worked out by hand.

Nothing here is computed by the modules that are tested, only their weights are read.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve, gaussian_filter
from scipy.special import expit
from skimage.color import rgb2lab
from torch import nn

from seagull.baselines.config import BaselineConfig, DgiqaSettings
from seagull.baselines.depth.prior import depth_prior
from seagull.baselines.dgiqa.learning import DgiqaLearner
from seagull.baselines.dgiqa.network import (
    AttentionBlock,
    Bridge,
    DepthCar,
    DgiqaNetwork,
    dilated_stack,
    fused,
)
from seagull.baselines.encoders import StageEncoder, TokenEncoder
from seagull.baselines.qfm.network import AttentionPanel, RegionFeatures
from seagull.baselines.samples import Batch
from seagull.baselines.views import Views
from tests.seagull.baselines import plain

Make = Callable[..., BaselineConfig]
CLOSE = {"atol": 1e-5, "rtol": 1e-4}
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def roughened(module: nn.Module) -> nn.Module:
    """The module with other values in everything, statistics of normalisations as well."""
    torch.manual_seed(3)
    with torch.no_grad():
        for value in module.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand_like(value) if value.ndim == 1 else torch.randn_like(value))
    return module.eval()


def array(x: torch.Tensor) -> np.ndarray:
    return x.detach().double().numpy()


# QFM-IQM


def test_the_decoder_is_deiqts_attention_panel_in_numpy():
    decoder = AttentionPanel(6, 2, 3, 2)
    roughened(decoder)
    cls, tokens = torch.randn(2, 6), torch.randn(2, 5, 6)
    read = array(decoder(RegionFeatures(cls, tokens)))
    for item in range(2):
        wanted = plain.panel(array(cls[item]), array(tokens[item]), plain.weights(decoder), 2)
        np.testing.assert_allclose(read[item], wanted, **CLOSE)


def test_with_a_mask_the_cross_attention_alone_leaves_other_tokens_out():
    decoder = AttentionPanel(6, 3, 4, 1)
    roughened(decoder)
    cls, tokens = torch.randn(1, 6), torch.randn(1, 5, 6)
    seen = torch.tensor([[True, False, True, True, False]])
    wanted = plain.panel(
        array(cls[0]), array(tokens[0]), plain.weights(decoder), 3, seen[0].numpy()
    )
    np.testing.assert_allclose(
        array(decoder(RegionFeatures(cls, tokens, seen)))[0], wanted, **CLOSE
    )


def test_one_query_that_reads_the_only_token_by_hand():
    # Width 2, one head, everything the identity or nothing but the cross attention's output:
    # the query is panel + CLS = (1, 0) + (2, 4) = (3, 4), the only token (5, 7) has all the
    # attention, and is read by (1, 10): 3 + 5 + 10 (4 + 7) = 118.
    decoder = AttentionPanel(2, 1, 1, 1).eval()
    with torch.no_grad():
        for value in decoder.parameters():
            value.zero_()
        decoder.panel.copy_(torch.tensor([[[1.0, 0.0]]]))
        cross = decoder.layer.multihead_attn
        cross.in_proj_weight[4:].copy_(torch.eye(2))
        cross.out_proj.weight.copy_(torch.eye(2))
        decoder.read.weight.copy_(torch.tensor([[1.0, 10.0]]))
    features = RegionFeatures(torch.tensor([[2.0, 4.0]]), torch.tensor([[[5.0, 7.0]]]))
    assert decoder(features).tolist() == [[118.0]]


def test_places_are_added_to_patches_and_the_cls_token_has_none():
    encoder = TokenEncoder("deit3_small_patch16_224", 32).eval()  # 2 x 2 patches
    backbone = encoder.backbone
    seen: list[torch.Tensor] = []
    backbone.blocks[0].register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    pixels = torch.rand(1, 3, 32, 32)
    encoder(pixels)
    kernel, shift = (array(p) for p in backbone.patch_embed.proj.parameters())
    mean, std = (np.reshape(values, (3, 1, 1)) for values in (IMAGENET_MEAN, IMAGENET_STD))
    scaled = (array(pixels[0]) - mean) / std
    patches = [
        np.einsum("dcij,cij->d", kernel, scaled[:, i : i + 16, j : j + 16]) + shift
        for i in (0, 16)
        for j in (0, 16)
    ]
    wanted = np.stack([array(backbone.cls_token[0, 0]), *(patches + array(backbone.pos_embed[0]))])
    np.testing.assert_allclose(array(seen[0][0]), wanted, atol=1e-4)


@pytest.mark.parametrize(
    ("architecture", "mean", "std"),
    [
        ("tf_efficientnet_lite0", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ("efficientnet_b0", IMAGENET_MEAN, IMAGENET_STD),
    ],
)
def test_a_backbone_sees_pixels_as_its_weights_were_learned_on_them(architecture, mean, std):
    pixels = torch.rand(2, 3, 64, 64)
    wanted = (array(pixels) - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
    for encoder in (TokenEncoder(architecture, 64), StageEncoder(architecture, 64)):
        seen = []
        encoder.backbone.register_forward_pre_hook(
            lambda _, given, seen=seen: seen.append(given[0])
        )
        encoder.eval()(pixels)
        np.testing.assert_allclose(array(seen[0]), wanted, rtol=1e-5, atol=1e-6)
    assert not [name for name in encoder.state_dict() if name.startswith("scale")]


def test_a_convolutional_encoder_normalises_its_map_and_the_maps_mean():
    encoder = TokenEncoder("test_convnext", 64)
    roughened(encoder.norm)
    encoder.eval()
    pixels = torch.randn(1, 3, 64, 64)
    level = array(encoder.backbone(encoder.scale(pixels))[-1][0])
    cls, tokens = encoder(pixels)
    w = plain.weights(encoder.norm)
    places = level.reshape(len(level), -1).T
    np.testing.assert_allclose(array(tokens[0]), plain.layer_norm(places, w), **CLOSE)
    np.testing.assert_allclose(array(cls[0]), plain.layer_norm(places.mean(0), w), **CLOSE)


# DGIQA


def test_a_bridge_of_one_pixel_by_hand():
    # z = 2 x + 1 = 7; the gate is sigmoid(-(.5 ReLU(z - 5)) + 1) = sigmoid(0) = .5, so 3.5 enters
    # the 3x3 convolution, whose centre is 2: 7; normalised (7 - 3) / sqrt(4 + 1e-5) x 3 - 1 = 5.
    bridge = Bridge(1, 1, 0.1).eval()
    values = {
        "enter.weight": 2, "enter.bias": 1, "gate.0.weight": 1, "gate.0.bias": -5,
        "gate.2.weight": -0.5, "gate.2.bias": 1, "leave.0.bias": 0, "leave.1.weight": 3,
        "leave.1.bias": -1, "leave.1.running_mean": 3, "leave.1.running_var": 4,
    }  # fmt: skip
    with torch.no_grad():
        for name, value in bridge.state_dict().items():
            if name in values:
                value.fill_(values[name])
        bridge.leave[0].weight.zero_()[0, 0, 1, 1] = 2
    assert bridge(torch.full((1, 1, 1, 1), 3.0)).item() == pytest.approx(5, abs=1e-4)
    # z = 1, gate sigmoid(1) = .73: (1.46 - 3) / 2 x 3 - 1 lies below 0.
    assert bridge(torch.full((1, 1, 1, 1), 0.0)).item() == 0


def test_a_bridge_in_numpy():
    bridge = Bridge(3, 16, 0.1)
    roughened(bridge)
    x = torch.randn(1, 3, 4, 4)
    wanted = plain.bridge(array(x[0]), plain.weights(bridge))
    assert (wanted > 0).any()
    np.testing.assert_allclose(array(bridge(x))[0], wanted, **CLOSE)


def test_the_attention_block_in_numpy():
    block = AttentionBlock(6, 3, 0.1)
    roughened(block)
    q, k = torch.randn(1, 4, 6), torch.randn(1, 5, 6)
    wanted = plain.attention_block(array(q[0]), array(k[0]), plain.weights(block), 3)
    np.testing.assert_allclose(array(block(q, k))[0], wanted, **CLOSE)


def test_depth_car_in_numpy_where_depth_is_the_residual_stream():
    car = DepthCar(4, 2, 0.1)
    roughened(car)
    depth, colour = torch.randn(1, 4, 2, 3), torch.randn(1, 4, 2, 3)
    own = plain.weights(car)
    found = array(car(depth, colour))[0]
    wanted = plain.depth_car(array(depth[0]), array(colour[0]), own, 2)
    np.testing.assert_allclose(found, wanted, **CLOSE)
    turned = plain.depth_car(array(colour[0]), array(depth[0]), own, 2)
    assert np.abs(found - turned).max() > 0.1


def test_the_dilated_stack_in_numpy():
    stack = dilated_stack(2, 3)
    roughened(stack)
    x = torch.randn(1, 2, 9, 9)
    wanted = plain.dilated(array(x[0]), plain.weights(stack))
    assert (wanted > 0).any()
    np.testing.assert_allclose(array(stack(x))[0], wanted, rtol=1e-3, atol=1e-3)


def test_a_map_is_brought_to_a_smaller_one_by_the_centres_of_pixels():
    levels = [torch.randn(1, 2, 12, 12), torch.randn(1, 1, 4, 4)]
    np.testing.assert_allclose(
        array(fused(levels))[0, :2], plain.shrunk(array(levels[0][0]), 4), **CLOSE
    )


def test_the_whole_network_behind_its_backbones_in_numpy(settings: Make):
    network = DgiqaNetwork(settings("dgiqa"))
    for name in ("bridges", "bridges_depth", "attention", "dilated", "head"):
        roughened(getattr(network, name))
        with torch.no_grad():
            for value in getattr(network, name).parameters():
                value.mul_(0.2)  # or the sigmoid is 0 or 1 for any input
    network.eval()
    views = Views(torch.randn(1, 3, 64, 64), torch.arange(1), None, torch.randn(1, 3, 64, 64))
    streams = []
    for pixels, encoder, bridges in (
        (views.pixels, network.encoder, network.bridges),
        (views.depth, network.encoder_depth, network.bridges_depth),
    ):
        over = [
            plain.bridge(array(level[0]), plain.weights(bridge))
            for level, bridge in zip(encoder(pixels), bridges.stages, strict=True)
        ]
        size = over[-1].shape[1]
        streams.append(np.concatenate([plain.shrunk(one, size) for one in over]))
    colour, depth = streams
    guided = plain.depth_car(depth, colour, plain.weights(network.attention), 4)
    pooled = plain.dilated(guided, plain.weights(network.dilated)).mean(axis=(1, 2))
    wanted = expit(plain.linear(pooled, plain.weights(network.head)))
    assert 0.001 < wanted[0] < 0.999
    np.testing.assert_allclose(array(network(views))[0], wanted, atol=1e-4)


class Says(nn.Module):
    """A network that says what it is told."""

    def __init__(self, values: list[list[float]]) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.tensor(values))

    def forward(self, views: Views) -> torch.Tensor:
        return self.values


def learner_loss(values: list[list[float]], known: list[list[float]], **settings: float) -> float:
    learner = DgiqaLearner(Says(values), DgiqaSettings(**settings))
    views = Views(torch.zeros(len(values), 3, 8, 8), torch.arange(len(values)))
    loss, _ = learner.loss(
        Batch(views, torch.tensor(known), torch.arange(len(values)), seed=0), epoch=0.0
    )
    return float(loss.detach())


def test_dgiqas_loss_is_l1_plus_half_of_what_plcc_lacks():
    nan = float("nan")
    values, known = [[0.1], [0.2], [0.6]], [[0.3, nan], [0.2, nan], [0.5, nan]]
    # L1: (.2 + 0 + .1) / 3 = .1. Deviations (-.2, -.1, .3) and (-1/30, -4/30, 5/30): their product
    # sums to .07, squares to .14 and .042 / .9.
    correlation = 0.07 / (0.14**0.5 * (0.042 / 0.9) ** 0.5)
    assert learner_loss(values, known) == pytest.approx(0.1 + 0.5 * (1 - correlation), abs=1e-6)
    assert learner_loss(values, known, correlation=0.0) == pytest.approx(0.1, abs=1e-6)


def test_importance_adds_l1_of_its_own_where_it_is_known():
    values = [[0.1, 0.5], [0.2, 0.9]]
    known = [[0.3, 0.6], [0.2, float("nan")]]
    # Quality (.2 + 0) / 2, no correlation of two, importance .1 of the one that is known.
    assert learner_loss(values, known) == pytest.approx(0.1 + 0.1, abs=1e-6)


def test_the_prior_is_half_place_a_quarter_focus_and_a_quarter_saliency():
    rng = np.random.default_rng(1)
    pixels = np.full((60, 80, 3), 90, np.uint8)
    pixels[10:30, 5:30] = (210, 60, 30)
    pixels[35:55, 45:75] += rng.integers(0, 80, (20, 30, 1), dtype=np.uint8)
    x = pixels / 255
    sigma = 80 / 32

    def smooth(values: np.ndarray) -> np.ndarray:
        return gaussian_filter(values, sigma, mode="mirror", truncate=4.0)

    def stretched(values: np.ndarray) -> np.ndarray:
        return (values - values.min()) / (values.max() - values.min())

    laplacian = convolve(x.mean(2), np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]), mode="mirror")
    focus = stretched(smooth(np.abs(laplacian)))
    lab = rgb2lab(x) / 100
    surroundings = np.stack([smooth(lab[..., n]) for n in range(3)], axis=2)
    saliency = stretched(np.linalg.norm(surroundings - lab.mean((0, 1)), axis=2))
    place = np.repeat(np.linspace(0, 1, 60)[:, None], 80, axis=1)
    wanted = 255 * stretched(0.5 * place + 0.25 * focus + 0.25 * saliency)
    np.testing.assert_allclose(depth_prior(pixels).astype(float), wanted, atol=3)
