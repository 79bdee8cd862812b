"""Evaluation: predictions of any predictor against opinions, by one protocol."""
