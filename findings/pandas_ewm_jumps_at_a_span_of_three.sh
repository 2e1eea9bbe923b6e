#!/usr/bin/env bash
# pandas 3.1.1, Python 3.11.
# An exponentially weighted mean is a smooth function of its speed.  With a gap in the series and adjust=False, ignore_na=False
# it jumps at one speed, alpha = 1/2, which four usual settings name: span=3, com=1, halflife=1, alpha=0.5.  There the value
# after the gap gets all the weight that the gap has taken from what came before; a millionth beside it, it does not.
# Seen, of 1, gap, 5:  span 2.999999 3.6667  span 3 4.0  span 3.000001 3.6667   (weights 1/4 and 1/2: 11/3)
# Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" "pandas==3.1.1" "numpy==2.4.6"
PYTHONPATH="$folder" python3.11 - <<'PY'
import math

import pandas as pd

series = pd.Series([1.0, math.nan, 5.0])


def after_the_gap(**speed):
    return float(series.ewm(adjust=False, ignore_na=False, **speed).mean().iloc[-1])


for span in (2.999999, 3, 3.000001):
    print("span", span, round(after_the_gap(span=span), 4))
smooth, jump = 11 / 3, 4.0
assert math.isclose(after_the_gap(span=2.999999), smooth, rel_tol=1e-5), "pandas behaves otherwise"
assert math.isclose(after_the_gap(span=3.000001), smooth, rel_tol=1e-5), "pandas behaves otherwise"
same = [after_the_gap(**{name: value}) for name, value in (("span", 3), ("com", 1), ("halflife", 1), ("alpha", 0.5))]
assert same == [jump] * 4, f"pandas behaves otherwise: {same}"
PY
