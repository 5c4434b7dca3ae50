"""The coefficients of the high-pass that takes gravity away: src/emlfeatures/eml_highpass.h."""

import math

# Of the rate: where the filter keeps within 1 of scipy's.
LOWEST, HIGHEST = 0.0005, 0.2


def coefficients(cutoff: float, rate: float) -> tuple[int, int]:
    """Return the coefficients of a second-order Butterworth high-pass.

    cutoff: where it is 3 dB down, in Hz; 0.0005 to 0.2 of rate. rate: samples a second.

    Raises ValueError for others, and for a rate that is not above 0.
    """
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(f"rate must be above 0, not {rate}")
    # What a user computes as 0.2 * rate may be a little above it.
    if not LOWEST * (1 - 1e-9) <= cutoff / rate <= HIGHEST * (1 + 1e-9):
        low, high = LOWEST * rate, HIGHEST * rate
        raise ValueError(f"cutoff must be {low:g} to {high:g} Hz, not {cutoff:g}")
    g = math.tan(math.pi * cutoff / rate)
    c = round(math.sqrt(2) * g * 2**29)
    d = round(2**30 / (1 + math.sqrt(2) * g + g * g))
    return c, d
