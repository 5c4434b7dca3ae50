"""Tests of windows and their features."""
