"""Emulated microcontrollers: `python -m machines`, described in README.md."""
