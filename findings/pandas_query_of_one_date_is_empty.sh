#!/usr/bin/env bash
# pandas 3.1.1, Python 3.11.
# DataFrame.query compares a column of dates with a text as a date where the sign is <, <=, > or >=, and never where it is ==,
# !=, in or not in: the rows from a date to the same date are found, the rows of that date are none, and all rows are on another.
# Outside of query the same comparison is right.
# Seen, of 2024-01-01 and 2024-01-02:  "t >= D and t <= D" 1 row, "t == D" 0, "t != D" 2, "t in [D]" 0; frame[frame.t == D] 1
# Write t == @pandas.Timestamp("2024-01-02").  Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" "pandas==3.1.1" "numpy==2.4.6"
PYTHONPATH="$folder" python3.11 - <<'PY'
import pandas as pd

frame = pd.DataFrame({"t": pd.to_datetime(["2024-01-01", "2024-01-02"])})
day = pd.Timestamp("2024-01-02")
asked = [
    "t >= '2024-01-02' and t <= '2024-01-02'", "t == '2024-01-02'", "t != '2024-01-02'", "t in ['2024-01-02']",
    "t not in ['2024-01-02']", "t == @day",
]
found = [len(frame.query(text)) for text in asked] + [len(frame[frame.t == "2024-01-02"])]
for text, rows in zip([*asked, "frame[frame.t == '2024-01-02']"], found, strict=True):
    print(f"{text:42}", rows)
assert found == [1, 0, 2, 0, 2, 1, 1], "pandas behaves otherwise"
PY
