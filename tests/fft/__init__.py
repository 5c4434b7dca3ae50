"""Spectra: emlfft and emlmpy.fft."""
