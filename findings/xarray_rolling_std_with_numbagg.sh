#!/usr/bin/env bash
# xarray 2026.9.0, numbagg 0.9.6, Python 3.11.
# Whether numbagg is installed changes the numbers of xarray's rolling std, after one bad tick for good: its moving sums of
# squares keep the rounding of what has left the window.  Ten closes near 100 with a vendor's 99999999 for "missing" among
# them; then std of the last three closes, in which the tick has no part.  The variance of numbagg can be below zero.
# Seen:   without numbagg 0.2371 0.5330   with it 0.1361 0.4964   after a tick of 1e12 nan nan (variance -9977.98)
# xarray.set_options(use_numbagg=False), or take the tick out first.  Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" \
    "xarray==2026.9.0" "numbagg==0.9.6" "numpy==2.4.6" "numba==0.68.1" "pandas==3.1.1"
PYTHONPATH="$folder" python3.11 - <<'PY'
import numbagg
import numpy as np
import xarray as xr

closes = [100.06, 99.93, 100.32, 100.05, 99.73, 100.18, 100.65, 100.47, 99.65, 99.37]


def last(tick, numbagg_used):
    days = xr.DataArray([*closes[:3], tick, *closes[3:]], dims="day")
    with xr.set_options(use_numbagg=numbagg_used, use_bottleneck=False):
        return days.rolling(day=3).std(ddof=1).values[-3:-1].round(4).tolist()


right = [round(float(np.std(closes[i : i + 3], ddof=1)), 4) for i in (5, 6)]
without, with_it, after_more = last(99999999.0, False), last(99999999.0, True), last(1e12, True)
below = float(np.nanmin(numbagg.move_var(np.array([*closes[:3], 1e12, *closes[3:]]), window=3)))
print("without", without, "with", with_it, "after 1e12", after_more, "least variance", below)
assert without == right, "xarray behaves otherwise"
assert with_it != right and abs(with_it[0] / right[0] - 0.574) < 0.01, "numbagg behaves otherwise"
assert np.isnan(after_more).all() and below < -9000, "numbagg behaves otherwise"
PY
