"""The emulated machines."""
