"""The kernel's own e^x against numpy's float64."""

import numpy as np

from emlmpy.linear.twin import load_kernel


def exp(x: np.ndarray) -> np.ndarray:
    """The kernel's."""
    x = np.ascontiguousarray(x, np.float32)
    result = np.zeros_like(x)
    load_kernel().exp(x.ctypes.data, result.ctypes.data, len(x))
    return result


def test_relative_error(seed: int) -> None:
    """Within 5e-7 wherever the result is a normal float."""
    generator = np.random.default_rng(seed)
    x = np.concatenate([generator.uniform(-87, 88.7, 200_000), generator.normal(size=200_000)])
    x = np.concatenate([x, np.geomspace(1e-38, 80, 10_000), -np.geomspace(1e-38, 80, 10_000)])
    x = x.astype(np.float32)
    error = exp(x) / np.exp(x.astype(np.float64)) - 1
    assert np.abs(error).max() < 5e-7
    assert np.abs(exp(x[:1000]) - np.exp(x[:1000])).max() > 0  # it is not numpy's


def test_ends() -> None:
    """0 gives 1; beyond float32 there are 0 and infinity."""
    assert exp(np.array([0.0, -0.0, 1e-40, -1e-30])).tolist() == [1, 1, 1, 1]
    assert exp(np.array([89, 128, 255, 256, 300, 1e30, 3e38])).tolist() == [np.inf] * 7
    assert exp(np.array([-88, -128, -256, -300, -1e30, -3e38])).tolist() == [0] * 6
