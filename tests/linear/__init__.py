"""Tests of linear models: emlmpy.linear and emllinear."""
