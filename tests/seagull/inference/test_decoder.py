"""What the language model is called with."""

from typing import Any

from torch import nn

from seagull.inference.decoder import cache_name


class Today(nn.Module):
    def forward(self, inputs_embeds: Any, cache: Any = None) -> None: ...


class Yesterday(nn.Module):
    def forward(self, inputs_embeds: Any, past_key_values: Any = None) -> None: ...


def test_the_cache_goes_by_the_name_that_the_language_model_has_for_it() -> None:
    assert cache_name(Today()) == "cache"
    assert cache_name(Yesterday()) == "past_key_values"
