"""The errors that the package raises besides Python's own."""


class ModelError(ValueError):
    """A network that a .tmdl file cannot hold, or a file that is none; its text lists why."""
