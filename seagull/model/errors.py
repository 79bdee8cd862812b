"""Errors of model folders and of models' names."""


class ModelError(ValueError):
    """A model cannot be found, loaded or converted; the message says what to do."""
