#!/usr/bin/env bash
# pandas 3.1.1, scipy 1.17.1, Python 3.11.
# closed="left" is how a rolling mean is kept from looking at its own row.  With win_type it is dropped without a word, so the
# row of today is in its own average again: also where the weights are all 1, and the same call without win_type obeys.  After
# groupby it is the other way round: closed is obeyed, and the weights are dropped, and even a name that is no window is let through.
# Seen, of 1, 2, 4, 8, 16 in windows of 3:
#   closed="left"                      nan nan nan 2.33 4.67        with win_type="boxcar"  nan nan 2.33 4.67 9.33
#   win_type="triang"                  nan nan 2.25 4.5 9.0         by one group of all     nan nan 2.33 4.67 9.33
# Move the result by one row with shift(1); weigh each group by itself.  Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" "pandas==3.1.1" "scipy==1.17.1" "numpy==2.4.6"
PYTHONPATH="$folder" python3.11 - <<'PY'
import pandas as pd

rows = pd.Series([1.0, 2.0, 4.0, 8.0, 16.0])
group = [0] * len(rows)


def mean(of=rows, **how):
    return [round(value, 2) for value in of.rolling(3, **how).mean().fillna(-1.0)]


plain, before = [-1.0, -1.0, 2.33, 4.67, 9.33], [-1.0, -1.0, -1.0, 2.33, 4.67]
seen = {
    "closed left": mean(closed="left"),
    "closed left, weights of 1": mean(closed="left", win_type="boxcar"),
    "triangle": mean(win_type="triang"),
    "triangle, one group": mean(rows.groupby(group), win_type="triang"),
    "closed left, one group": mean(rows.groupby(group), closed="left"),
}
for name, values in seen.items():
    print(f"{name:26}", *values)
assert list(seen.values()) == [before, plain, [-1.0, -1.0, 2.25, 4.5, 9.0], plain, before], "pandas behaves otherwise"
assert mean(rows.groupby(group), win_type="no such window") == plain, "pandas behaves otherwise"
try:
    mean(win_type="no such window")
except ValueError:
    pass
else:
    raise SystemExit("pandas behaves otherwise")
PY
