"""From photo, regions and text to the tensors that the model takes; the same for training."""
