"""Full-reference metrics that label regions."""
