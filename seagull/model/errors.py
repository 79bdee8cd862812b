"""What can be wrong with a model folder or a model's name."""


class ModelError(ValueError):
    """A model cannot be found, loaded or converted; the message says what to do."""
