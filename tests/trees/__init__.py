"""Forests: emltrees and emlmpy.trees."""
