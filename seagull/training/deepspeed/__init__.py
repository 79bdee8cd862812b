"""DeepSpeed presets, by the names of the JSON files here."""
