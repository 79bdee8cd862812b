"""What layers of a vision encoder are shown is measured as it is, and kept by their keys."""

from pathlib import Path

import torch

from seagull.model import SeagullForConditionalGeneration
from seagull.model.adapter import keyed_parameters
from seagull.training.moments import input_moments, moments_on


@torch.no_grad()
def test_moments_are_those_of_what_each_layer_gets(
    tiny_model: SeagullForConditionalGeneration,
) -> None:
    encoder = tiny_model.vision_encoder
    photos = torch.randn(3, 1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    got: dict[str, list[torch.Tensor]] = {}
    layers = {n: m for n, m in encoder.named_modules() if hasattr(m, "weight")}
    handles = [
        layer.register_forward_pre_hook(
            lambda _, given, name=name: got.setdefault(name, []).append(given[0])
        )
        for name, layer in layers.items()
    ]
    found = input_moments(encoder, photos)
    for handle in handles:
        handle.remove()
    assert found
    for name, moment in found.items():
        assert layers[name].weight.flatten(1).shape[1] == len(moment)
        seen = torch.cat(got[name]).double()
        rows = seen.movedim(1 if layers[name].weight.ndim == 4 else -1, -1).flatten(0, -2)
        torch.testing.assert_close(moment, rows.T @ rows / len(rows), rtol=1e-4, atol=1e-6)
    assert not any(len(layer._forward_pre_hooks) for layer in layers.values())


@torch.no_grad()
def test_photos_of_records_are_shown_to_the_encoder_as_the_adapter_makes_it(
    tiny_model: SeagullForConditionalGeneration, model_folder: Path, records: Path
) -> None:
    plain = moments_on(model_folder, {}, [str(records)], photos=4)
    weights = {k: v for k, v in keyed_parameters(tiny_model).items() if v.ndim > 1}
    assert plain.keys() < weights.keys()
    assert all(len(moment) == weights[key].shape[1] for key, moment in plain.items())
    first = next(iter(plain))
    adapter = {first: 2 * weights[first], "mfe.merge.weight": weights["mfe.merge.weight"]}
    changed = moments_on(model_folder, adapter, [str(records)], photos=4)
    # What comes before a layer does not change with it; what comes after does.
    assert torch.equal(changed[first], plain[first])
    assert any(not torch.allclose(changed[key], plain[key], rtol=1e-3) for key in plain)
    fewer = moments_on(model_folder, {}, [str(records)], photos=1)
    assert not torch.equal(fewer[first], plain[first])
    assert moments_on(model_folder, {}, []) == {}
