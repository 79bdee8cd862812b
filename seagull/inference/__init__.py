"""Using a model: a photo is encoded once, then regions are assessed and talked about."""
