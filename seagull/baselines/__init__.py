"""Systems to compare with, QFM-IQM and DGIQA: train, predict; nothing of the language model.

Neither has public training code. What is known of them and what is reconstruction is written in
``docs/baselines.md`` and in the docstrings here; every number of theirs is called a reconstruction.
"""
