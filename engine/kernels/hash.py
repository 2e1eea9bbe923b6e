"""One hash of 64 bits: random numbers by counter, without a state and without an order.

Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA (2014): the finaliser of
splitmix64, found by Stafford; each bit of the input changes half the bits of the output.
"""

from __future__ import annotations

import numba
import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 over the golden ratio: multiples of it are spread evenly
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S11, _S27, _S30, _S31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)


@numba.njit(cache=True, nogil=True)
def mix64(z):
    """A permutation of the numbers of 64 bits; ``z`` is one uint64 or an array of them of any shape."""
    z = (z ^ (z >> _S30)) * _FIRST
    z = (z ^ (z >> _S27)) * _SECOND
    return z ^ (z >> _S31)


@numba.njit(cache=True, nogil=True)
def splitmix(x):
    """One step of splitmix64 from the state ``x``, uint64 to uint64."""
    return mix64(np.uint64(x) + GOLDEN)


@numba.njit(cache=True, nogil=True)
def unit(bits):
    """A number in [0, 1) from the upper 53 of 64 bits, which a double holds exactly; uint64 or an array of them."""
    return (bits >> _S11) * 2.0**-53
