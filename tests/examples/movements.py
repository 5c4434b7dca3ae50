"""Recordings of movements that are easy to tell apart, in the place of those that are fetched."""

import numpy as np

from examples.motion_data import COUNTS_PER_G, RATE, Motion


def movements(seed: int, people: int, samples: int, hertz: dict[str, float]) -> Motion:
    """A recording of each movement by each of so many people; hertz: how fast it is, by name."""
    rng = np.random.default_rng(seed)
    time = np.arange(samples)[:, None] / RATE
    recordings, names, whose = [], [], []
    for person in range(1, people + 1):
        for name, speed in hertz.items():
            waves = np.sin(2 * np.pi * (speed * time + rng.uniform(0, 1, 3)))
            noise = rng.normal(0, 60, (samples, 3))
            counts = COUNTS_PER_G * (0.5 * waves + [0, 0, 1]) + noise
            recordings.append(counts.astype(np.int16))
            names.append(name)
            whose.append(person)
    return Motion(recordings, np.array(names), np.array(whose))
