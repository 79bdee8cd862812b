"""What is around a region ends where the photo does: padding, its mirror image, shows nothing."""

import numpy as np
import pytest
import torch

from seagull.inference.engine import Engine
from seagull.model import SeagullConfig
from seagull.model.build import build_model
from seagull.model.head import RegionHead, head_of
from seagull.model.seagull import initialise_region_parts
from seagull.training.config import LossSettings
from seagull.training.ensemble import Ensemble
from seagull.training.network import TrainingNetwork
from seagull.types import Message, Region


@pytest.fixture
def told(tiny_config):
    """A tiny model whose tokens know of surroundings."""
    settings = tiny_config.to_dict()
    settings["mfe_config"]["surroundings"] = "tokens"
    torch.manual_seed(5)
    model = build_model(SeagullConfig(**settings)).eval()
    initialise_region_parts(model, seed=3)
    for linear in model.mfe.surroundings:
        torch.nn.init.normal_(linear.weight)
    return model


@pytest.fixture
def asked(processor, photo):
    """The whole photo, 150 x 200, in an input of 160 x 224."""
    whole = Region(np.ones(photo.pixels.shape[:2], dtype=bool), id="1")
    talk = [Message("user", "Good?", (whole.id,))]
    return whole, processor(photo.pixels, [whole], talk, answer_prefix="")


@torch.inference_mode()
def test_a_whole_photo_has_no_surroundings(told, processor, photo, asked):
    whole, inputs = asked
    assert inputs.photo_masks.shape == (1, 1, 160, 224)
    assert inputs.photo_masks.sum() == inputs.photo_masks[..., :150, :200].sum() == 150 * 200
    kwargs = inputs.to_kwargs(labels=False)
    logits, tokens = told(**kwargs).logits, by_engine(told, processor, photo, whole)
    padding_too = {name: value for name, value in kwargs.items() if name != "photo_masks"}
    assert (told(**padding_too).logits - logits).abs().max() > 1e-3
    for linear in told.mfe.surroundings:
        torch.nn.init.zeros_(linear.weight)
    assert torch.equal(told(**kwargs).logits, logits)
    assert torch.equal(by_engine(told, processor, photo, whole), tokens)


def by_engine(model, processor, photo, region):
    engine = Engine(model, processor)
    return engine.encode_regions(engine.open(photo), [region])


@torch.inference_mode()
def test_a_reader_of_regions_knows_where_the_photo_ends(tiny_config, processor, photo, asked):
    settings = tiny_config.to_dict()
    settings["vision_config"]["towers"] = 2
    settings["mfe_config"] |= {"towers": 1, "region_tower": True, "surroundings": "region_tower"}
    torch.manual_seed(5)
    model = build_model(SeagullConfig(**settings)).eval()
    initialise_region_parts(model, seed=3)
    head = head_of(model).eval()
    for linear in head.regions.mfe.surroundings:
        torch.nn.init.normal_(linear.weight)

    def read():
        engine = Engine(model, processor, head=head)
        return engine.read_head(engine.open(photo), [asked[0]]).numbers

    told, batch = read(), asked[1].to_kwargs()
    levels = model.region_levels(model.encode_image(batch["pixel_values"])[0])
    everywhere = head.regions(levels, batch["region_masks"]).numbers
    ended = head.regions(levels, batch["region_masks"], batch["photo_masks"]).numbers
    assert (everywhere - ended).abs().max() > 1e-4
    for linear in head.regions.mfe.surroundings:
        torch.nn.init.zeros_(linear.weight)
    assert torch.equal(read(), told)


@pytest.mark.parametrize("ablate", [(), ("local_token",)])
@torch.inference_mode()
def test_training_knows_where_the_photo_ends(told, asked, ablate):
    network = TrainingNetwork(
        told, RegionHead(64), LossSettings(), torch.zeros(2, 5, dtype=torch.long), ablate
    ).eval()
    batch = asked[1].to_kwargs()
    read = Ensemble([network]).read(batch).numbers
    assert torch.equal(network.read(batch).numbers, read)
    everywhere = batch | {"photo_masks": torch.ones_like(batch["photo_masks"])}
    assert (network.read(everywhere).numbers - read).abs().max() > 1e-4
    for linear in told.mfe.surroundings:
        torch.nn.init.zeros_(linear.weight)
    assert torch.equal(network.read(batch).numbers, read)
