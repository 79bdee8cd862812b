"""DGIQA (arXiv 2505.24002): the network as published, trained by a recipe of ours."""
