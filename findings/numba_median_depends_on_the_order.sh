#!/usr/bin/env bash
# numba 0.68.1, numpy 2.4.6, Python 3.11.
# With one missing value among five, compiled np.median gives a number, and which one hangs on the order of the five: all of
# 2, 3 and 4 come out, and NaN where the gap happens to be picked.  numpy gives NaN for every order, as do numba's own
# np.percentile(x, 50), np.mean and np.max; its np.nanmedian is right.
# Seen, of 120 orders of 1, 2, 3, 4, NaN:  median 2.0, 3.0, 4.0 or nan   percentile always nan   nanmedian always 2.5
# Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" "numba==0.68.1" "numpy==2.4.6"
PYTHONPATH="$folder" python3.11 - <<'PY'
from itertools import permutations

import numba
import numpy as np


@numba.njit
def of(x):
    return np.median(x), np.percentile(x, 50), np.nanmedian(x)


orders = [np.array(order) for order in permutations([1.0, 2.0, 3.0, 4.0, np.nan])]
median, half, known = (sorted({str(value) for value in column}) for column in zip(*map(of, orders), strict=True))
print("median", median, "percentile", half, "nanmedian", known, "numpy", {str(np.median(x)) for x in orders})
assert (median, half, known) == (["2.0", "3.0", "4.0", "nan"], ["nan"], ["2.5"]), "numba behaves otherwise"
PY
