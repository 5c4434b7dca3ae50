"""The float routines for CPUs without an FPU, against numpy's float32."""

import ctypes

import numpy as np
import pytest

from machines.machine import ROOT
from tools.compile_kernel import compile_kernel

SOURCE = """
#define SOFT_FLOAT
#include <soft_float.h>

void add(const uint32_t *a, const uint32_t *b, uint32_t *out, int count) {
    for (int i = 0; i < count; i++) {
        out[i] = soft_float_add(a[i], b[i]);
    }
}

void subtract(const uint32_t *a, const uint32_t *b, uint32_t *out, int count) {
    for (int i = 0; i < count; i++) {
        out[i] = soft_float_subtract(a[i], b[i]);
    }
}

void multiply(const uint32_t *a, const uint32_t *b, uint32_t *out, int count) {
    for (int i = 0; i < count; i++) {
        out[i] = soft_float_multiply(a[i], b[i]);
    }
}

void from_int(const uint32_t *a, const uint32_t *b, uint32_t *out, int count) {
    for (int i = 0; i < count; i++) {
        out[i] = soft_float_from_int((int32_t)a[i] >> (b[i] & 31));
    }
}
"""
COUNT = 1_000_000
TINY = np.float32(2.0**-126)


@pytest.fixture(scope="module")
def operands(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bits of floats: any, of nearly the same exponent, with many ties, and the special ones."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 2**32, (2, COUNT), dtype=np.uint32)
    near = slice(0, COUNT // 2)
    exponents = (a[near] >> 23 & 0xFF) + rng.integers(-28, 28, COUNT // 2)
    b[near] = b[near] & 0x807FFFFF | (np.clip(exponents, 0, 255) << 23).astype(np.uint32)
    a[: COUNT // 4] &= 0xFFFFF000
    b[: COUNT // 4] &= 0xFFFFF000
    special = [0, 1, 0x7FFFFF, 0x800000, 0x3F800000, 0x4B7FFFFF, 0x7F7FFFFF, 0x7F800000, 0x7FC00000]
    pairs = [
        (x | s, y | t) for x in special for y in special for s in (0, 2**31) for t in (0, 2**31)
    ]
    a[-len(pairs) :], b[-len(pairs) :] = np.array(pairs, np.uint32).T
    return a, b


def call(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The floats that a routine gives."""
    library = compile_kernel("soft_float", SOURCE, [ROOT / "src" / "common"])
    out = np.empty(len(a), np.uint32)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (a, b, out)]
    getattr(library, name)(*pointers, len(a))
    return out.view(np.float32)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply"])
def test_operations(name: str, operands: tuple[np.ndarray, np.ndarray]) -> None:
    """The same bits as numpy; below 2^-126 is 0, and what is not finite stays so."""
    a, b = (array.view(np.float32) for array in operands)
    found = call(name, *operands)
    finite = np.isfinite(a) & np.isfinite(b)
    assert not np.isfinite(found[~finite]).any()
    a, b = (np.where(np.abs(array) < TINY, np.float32(0), array) for array in (a, b))
    with np.errstate(all="ignore"):
        wanted = getattr(np, name)(a, b)
    small = np.abs(wanted) <= TINY
    assert (np.abs(found[finite & small]) <= TINY).all()
    exact = finite & ~small
    assert exact.sum() > COUNT / 4
    np.testing.assert_array_equal(found[exact].view(np.uint32), wanted[exact].view(np.uint32))


def test_from_int(operands: tuple[np.ndarray, np.ndarray]) -> None:
    """Integers of all sizes become the nearest float."""
    a, b = operands
    wanted = (a.view(np.int32) >> (b & 31).astype(np.int32)).astype(np.float32)
    np.testing.assert_array_equal(call("from_int", a, b), wanted)
