"""What a front end does for a window: see emlmpy/cost.py.

What the samples are hardly matters, but for quartiles: in a window with outliers they take more.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from emlmpy.cost import CPUS, Terms
from emlmpy.features.format import Flag, Statistic

# Words before the lists, and the first of their lengths among them.
HEAD, COUNTS = 12, 7
QUARTILES = {Statistic.Q25, Statistic.MEDIAN, Statistic.Q75, Statistic.IQR}
MOMENTS = {Statistic.SKEW, Statistic.KURTOSIS}
# All of these need the least and the greatest sample.
EXTREMES = {Statistic.MIN, Statistic.MAX, Statistic.RANGE} | QUARTILES | MOMENTS
# Statistics that have a loop over the samples together, by what it is called here.
LOOPS = {
    "mad": {Statistic.MAD},
    "jerk": {Statistic.JERK},
    "extremes": EXTREMES,
    "quartiles": QUARTILES,
    "moments": MOMENTS,
    "zero crossings": {Statistic.ZERO_CROSSINGS},
    "mean crossings": {Statistic.MEAN_CROSSINGS},
}
SQUARES = {Statistic.RMS, Statistic.ENERGY}
# Vectors of so many channels have a loop of their own.
SPACE = 3


def count_terms(words: Sequence[int]) -> dict[str, Terms]:
    """Count what a window takes, from its first new sample to its row: what eml_features.h does.

    words: of a front end, as formats/front.md has them. All samples of a hop are pushed at once.
    """
    window, hop, channels, flags, vector, fft = words[1:COUNTS]
    n_stats, n_stats_of, n_pairs, n_spectrum_of, n_edges = words[COUNTS:HEAD]
    rest = iter(words[HEAD:])
    statistics, stats_of, pairs, spectrum_of, edges = (
        [next(rest) for _ in range(count)]
        for count in (n_stats, n_stats_of, 2 * n_pairs, n_spectrum_of, n_edges)
    )
    vectors = channels // vector if vector else 0
    is_centered = bool(flags & Flag.GRAVITY_MEAN)
    kept = (window - hop) * (channels + vectors)
    terms = Counter(
        {
            "window": 1,
            "channel": channels,
            "separated sample": channels * hop,
            "filtered sample": channels * hop if flags & Flag.HIGHPASS else 0,
            "moved sample": 0 if hop % 2 else kept,
            "sample moved by odd": kept if hop % 2 else 0,
        }
    )
    if not is_centered:
        terms.update(of_vectors(vectors, vector, hop, is_centered))
    for channel in (*stats_of, *pairs, *spectrum_of):
        if is_centered:
            is_vector = channel % (channels + vectors) >= channels
            terms.update(of_vectors(1, vector, window, True) if is_vector else of_center(window))
        if channel >= channels + vectors:
            terms.update({"difference": 1, "subtracted sample": window})
    for _ in stats_of:
        terms.update(of_statistics([Statistic(number) for number in statistics], window))
    terms.update(
        {
            "correlation": n_pairs,
            "summed sample": 2 * n_pairs * window,
            "product": 3 * n_pairs * window,
        }
    )
    for _ in spectrum_of:
        terms.update(of_spectrum(fft, edges, flags))
    found = {name: float(count) for name, count in terms.items()}
    return dict.fromkeys(CPUS, found)


def of_center(n: int) -> Counter[str]:
    """What it takes to take the mean off n samples."""
    return Counter({"center": 1, "summed sample": n, "subtracted sample": n})


def of_vectors(count: int, vector: int, n: int, is_centered: bool) -> Counter[str]:
    """Of so many magnitudes of n vectors each, of samples without their mean or as they are."""
    terms = Counter({"magnitudes": count, "root": count * n})
    if vector == SPACE and not is_centered:
        terms["vector in space"] = count * n
    else:
        terms["square"] = count * vector * n
    for _ in range(count * vector if is_centered else 0):
        terms.update(of_center(n))
    return terms


def of_statistics(statistics: Iterable[Statistic], n: int) -> Counter[str]:
    """Of a channel's statistics, of which n samples are a window."""
    wanted = set(statistics)
    terms = Counter({"statistics": 1, "summed sample": n})
    for name, some in LOOPS.items():
        if wanted & some:
            terms.update({name: 1, f"{name} sample": n})
    if Statistic.STD in wanted:
        terms.update({"std": 1, "product": n})
    if wanted & SQUARES:
        terms.update({"mean square": 1, "product": n})
    return terms


def of_spectrum(fft: int, edges: Sequence[int], flags: int) -> Counter[str]:
    """Of the spectrum of a channel, a transform of fft samples."""
    # Stages of radix 4 on half as many complex numbers; what is left over is done as they load.
    stages = (fft.bit_length() - 2) // 2
    return Counter(
        {
            "spectrum": 1,
            "summed sample": fft,
            "extremes sample": fft,
            "sample of a spectrum": fft,
            "sample of a stage": fft * stages,
            "band": max(len(edges) - 1, 0),
            "bin of a band": edges[-1] - edges[0] if edges else 0,
            "bin of a peak": fft // 2 if flags & Flag.PEAK else 0,
            "centroid": 1 if flags & Flag.CENTROID else 0,
            "bin of a centroid": fft // 2 if flags & Flag.CENTROID else 0,
        }
    )
