"""QFM-IQM (arXiv 2312.06158, ICML 2024): a reconstruction of its mechanism on DEIQT's network."""
