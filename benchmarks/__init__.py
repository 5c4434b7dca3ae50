"""Measurements: `make bench` writes results.csv."""
