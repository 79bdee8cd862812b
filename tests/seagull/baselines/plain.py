"""The layers of both systems in plain numpy, written from their equations, for tests only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import erf, expit, softmax
from torch import nn

Array = NDArray[np.float64]
Weights = Mapping[str, Array]
EPS = 1e-5
CLOSE = {"atol": 1e-5, "rtol": 1e-4}
"""What single and double precision may differ by."""


def roughened(module: nn.Module) -> nn.Module:
    """The module with other values in everything, statistics of normalisations as well."""
    torch.manual_seed(3)
    with torch.no_grad():
        for value in module.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand_like(value) if value.ndim == 1 else torch.randn_like(value))
    return module.eval()


def array(x: torch.Tensor) -> Array:
    """A tensor in double precision."""
    return x.detach().double().numpy()


def weights(module: nn.Module) -> dict[str, Array]:
    """Parameters and statistics by name, double precision."""
    return {name: value.double().numpy() for name, value in module.state_dict().items()}


def below(w: Weights, start: str) -> dict[str, Array]:
    """Those whose name begins so, without the beginning."""
    return {name[len(start) :]: value for name, value in w.items() if name.startswith(start)}


def linear(x: Array, w: Weights) -> Array:
    """x W' + b."""
    return x @ w["weight"].T + w.get("bias", 0.0)


def gelu(x: Array) -> Array:
    """x times the normal distribution's share below x."""
    return x * 0.5 * (1 + erf(x / 2**0.5))


def layer_norm(x: Array, w: Weights, eps: float = EPS) -> Array:
    """Over the last axis."""
    middle, spread = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - middle) / np.sqrt(spread + eps) * w["weight"] + w["bias"]


def attention(q: Array, k: Array, w: Weights, heads: int, seen: Array | None = None) -> Array:
    """Multi-head attention of one item: q (T, D) asks k (S, D); ``seen`` (S,) keys count."""
    width = q.shape[1]
    rows = [w["in_proj_weight"][n * width : (n + 1) * width] for n in range(3)]
    shifts = [w["in_proj_bias"][n * width : (n + 1) * width] for n in range(3)]
    queries, keys, values = (x @ r.T + s for x, r, s in zip((q, k, k), rows, shifts, strict=True))
    each = width // heads
    out = []
    for head in range(heads):
        part = slice(head * each, (head + 1) * each)
        scores = queries[:, part] @ keys[:, part].T / each**0.5
        if seen is not None:
            scores = np.where(seen, scores, -np.inf)
        out.append(softmax(scores, axis=1) @ values[:, part])
    return np.concatenate(out, axis=1) @ w["out_proj.weight"].T + w["out_proj.bias"]


def convolution(x: Array, w: Weights, dilation: int = 1) -> Array:
    """Of (C, h, w) to (D, h, w): every place keeps its own, the rim is 0."""
    kernel = w["weight"]
    size = kernel.shape[2]
    reach = dilation * (size // 2)
    padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach)))
    out = np.zeros((len(kernel), *x.shape[1:]))
    for i in range(size):
        for j in range(size):
            shifted = padded[:, i * dilation :, j * dilation :][:, : x.shape[1], : x.shape[2]]
            out += np.einsum("dc,chw->dhw", kernel[:, :, i, j], shifted)
    return out + w["bias"][:, None, None]


def batch_norm(x: Array, w: Weights) -> Array:
    """By the running statistics."""
    scale = w["weight"] / np.sqrt(w["running_var"] + EPS)
    return (x - w["running_mean"][:, None, None]) * scale[:, None, None] + w["bias"][:, None, None]


def bridge(x: Array, w: Weights) -> Array:
    """TCB in use: 1x1, gate, 3x3, batch normalisation, ReLU."""
    z = convolution(x, below(w, "enter."))
    inner = np.maximum(convolution(z, below(w, "gate.0.")), 0)
    z = z * expit(convolution(inner, below(w, "gate.2.")))
    return np.maximum(batch_norm(convolution(z, below(w, "leave.0.")), below(w, "leave.1.")), 0)


def shrunk(x: Array, size: int) -> Array:
    """Bilinear, centres of pixels: each output place reads two rows and two columns."""
    out = np.zeros((len(x), size, size))
    step = x.shape[1] / size
    for i in range(size):
        for j in range(size):
            y, z = (i + 0.5) * step - 0.5, (j + 0.5) * step - 0.5
            top, left = int(y), int(z)
            down, right = y - top, z - left
            rows = x[:, top] * (1 - down) + x[:, min(top + 1, x.shape[1] - 1)] * down
            out[:, i, j] = rows[:, left] * (1 - right) + (
                rows[:, min(left + 1, x.shape[2] - 1)] * right
            )
    return out


def attention_block(q: Array, k: Array, w: Weights, heads: int) -> Array:
    """h = LN(Q + MHA(Q, K, K)); LN(h + MLP(h))."""
    h = layer_norm(q + attention(q, k, below(w, "attention."), heads), below(w, "first."))
    inner = gelu(linear(h, below(w, "mlp.0.")))
    return layer_norm(h + linear(inner, below(w, "mlp.2.")), below(w, "second."))


def depth_car(depth: Array, colour: Array, w: Weights, heads: int) -> Array:
    """Depth tokens ask colour tokens, then themselves; (S, h, w) each."""
    d, c = (x.reshape(len(x), -1).T for x in (depth, colour))
    h = attention_block(d, c, below(w, "cross."), heads)
    return attention_block(h, h, below(w, "refine."), heads).T.reshape(depth.shape)


def dilated(x: Array, w: Weights) -> Array:
    """Convolutions of dilation 2 and 4, each with batch normalisation and ReLU."""
    x = np.maximum(batch_norm(convolution(x, below(w, "0."), 2), below(w, "1.")), 0)
    return np.maximum(batch_norm(convolution(x, below(w, "3."), 4), below(w, "4.")), 0)


def under(level: Array, mask: Array) -> Array:
    """Mean of a map (C, h, w) under a mask (s, s), each cell counted by what the mask covers of it.

    The sides of the map divide that of the mask.
    """
    height, width = level.shape[1:]
    size = mask.shape[0] // height, mask.shape[1] // width
    cells = [[mask[i * size[0] :, j * size[1] :][: size[0], : size[1]].mean()
              for j in range(width)] for i in range(height)]  # fmt: skip
    covered = np.array(cells)
    return (level * covered).sum(axis=(1, 2)) / covered.sum()


def smooth_l1(apart: float, beta: float = 0.1) -> float:
    """d^2 / (2 beta) where |d| < beta, |d| - beta / 2 elsewhere."""
    return apart * apart / (2 * beta) if abs(apart) < beta else abs(apart) - beta / 2


def panel(cls: Array, tokens: Array, w: Weights, heads: int, seen: Array | None = None) -> Array:
    """DEIQT's decoder: embeddings plus CLS ask each other and the tokens; mean of what each reads.

    Pre-norm: every branch reads the normalised stream and is added to the stream itself.
    """
    layer = below(w, "layer.")
    x = w["panel"][0] + cls
    own = layer_norm(x, below(layer, "norm1."))
    x = x + attention(own, own, below(layer, "self_attn."), heads)
    asked = layer_norm(x, below(layer, "norm2."))
    x = x + attention(asked, tokens, below(layer, "multihead_attn."), heads, seen)
    inner = gelu(linear(layer_norm(x, below(layer, "norm3.")), below(layer, "linear1.")))
    x = x + linear(inner, below(layer, "linear2."))
    return linear(x, below(w, "read.")).mean(axis=0)
