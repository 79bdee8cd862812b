"""Depth maps of photos from given files, an estimator, or a prior without weights."""
