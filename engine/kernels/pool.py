"""Pool adjacent violators: the best non-decreasing fit, in one pass over values in order.

A block is a sum and a weight; its mean is compared with that of the block before it by cross-multiplication, which
is exact for whole numbers.  Ayer, Brunk, Ewing, Reid and Silverman (1955), Annals of Mathematical Statistics 26,
641-647.
"""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def add_to_blocks(block_sums, block_weights, blocks, total, weight):
    """Put one value behind ``blocks`` blocks and pool while the means do not rise; returns the number of blocks.

    Parameters
    ----------
    block_sums, block_weights : (>= blocks + 1,) numbers; the first ``blocks`` are in use, and are changed.
    total, weight : weight times value, and the weight, which is positive.
    """
    while blocks > 0 and block_sums[blocks - 1] * weight >= total * block_weights[blocks - 1]:
        blocks -= 1
        total += block_sums[blocks]
        weight += block_weights[blocks]
    block_sums[blocks] = total
    block_weights[blocks] = weight
    return blocks + 1


@numba.njit(cache=True, nogil=True)
def pool(sums, weights, block_sums, block_weights):
    """Pool values given as weighted ``sums`` and positive ``weights`` (m,), in order; returns the number of blocks.

    The first slots of ``block_sums`` and ``block_weights`` (>= m,) are filled, one for each block.
    """
    blocks = 0
    for i in range(sums.size):
        blocks = add_to_blocks(block_sums, block_weights, blocks, sums[i], weights[i])
    return blocks


@numba.njit(cache=True, nogil=True)
def non_decreasing(sums, weights):
    """The weighted least-squares non-decreasing fit, (m,) float64, to ``sums / weights`` (m,) with positive weights."""
    n = sums.size
    block_sums, block_weights = np.empty(n), np.empty(n)
    edge = np.zeros(n + 1, np.int64)  # block b holds the values edge[b] .. edge[b + 1] - 1
    blocks = 0
    for i in range(n):
        blocks = add_to_blocks(block_sums, block_weights, blocks, sums[i], weights[i])
        edge[blocks] = i + 1
    out = np.empty(n)
    for b in range(blocks):
        out[edge[b] : edge[b + 1]] = block_sums[b] / block_weights[b]
    return out
