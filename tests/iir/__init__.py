"""Filters: emliir and emlmpy.iir."""
