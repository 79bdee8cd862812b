"""The adapter in the package and its model card belong together."""

from __future__ import annotations

from seagull.model.shipped import file_digest, nano_adapter


def test_the_model_card_names_the_digest_of_the_adapter_beside_it() -> None:
    adapter = nano_adapter()
    assert adapter is not None
    card = (adapter.parent / "README.md").read_text(encoding="utf-8")
    assert f"`adapter.safetensors` {file_digest(adapter)[:16]}" in card
