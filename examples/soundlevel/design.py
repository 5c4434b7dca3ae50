"""Write the A-weighting filter for main.py: `python design.py` makes a_weighting.csv.

IEC 61672-1 defines the A-weighting by four frequencies: with f in Hz,

    A(f) = f4^2 f^4 / ((f^2 + f1^2) sqrt(f^2 + f2^2) sqrt(f^2 + f3^2) (f^2 + f4^2)),

divided by A(1000). So the analogue filter has four zeros at 0 and the poles -2 pi f1 (twice),
-2 pi f2, -2 pi f3 and -2 pi f4 (twice). The bilinear transform makes it a digital one.
"""

import numpy as np
from scipy import signal

from emlmpy import iir

RATE = 32000  # as in main.py
F1, F2, F3, F4 = 20.598997, 107.65265, 737.86223, 12194.217


def a_weighting(rate: float) -> np.ndarray:
    """The filter's rows; at 1000 Hz it leaves a signal as it is."""
    poles = -2 * np.pi * np.array([F1, F1, F2, F3, F4, F4])
    zeros, poles, _ = signal.bilinear_zpk(np.zeros(4), poles, 1.0, rate)
    _, response = signal.freqz_zpk(zeros, poles, 1.0, [1000], fs=rate)
    return signal.zpk2sos(zeros, poles, 1 / abs(response[0]), pairing="nearest")


if __name__ == "__main__":
    iir.save(a_weighting(RATE), "a_weighting.csv", int16=False)
