"""Instruction tuning: from records to an adapter, on one CPU or many GPUs."""
