"""Evaluation: predictions of any predictor against labels, by one protocol."""
