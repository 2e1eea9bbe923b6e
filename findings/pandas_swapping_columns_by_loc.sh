#!/usr/bin/env bash
# pandas 3.1.1, Python 3.11.
# Exchanging two columns of some rows with
#     frame.loc[1:2, ["a", "b"]] = frame.loc[1:2, ["b", "a"]].to_numpy()
# leaves both columns with the values of b where the frame also has a column of another type, and exchanges them where it
# has not: to_numpy() hands out a view of the rows that are being written, column by column.  No warning either way.
# Seen:   all numbers: a [0, 6, 7] b [5, 1, 2]   with a text column: a [0, 6, 7] b [5, 6, 7]
# A copy (.to_numpy().copy()) is exchanged in both.  Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" "pandas==3.1.1"
PYTHONPATH="$folder" python3.11 - <<'PY'
import pandas as pd


def exchanged(frame, copy):
    rows = frame.loc[1:2, ["b", "a"]].to_numpy()
    frame.loc[1:2, ["a", "b"]] = rows.copy() if copy else rows
    return frame["a"].tolist(), frame["b"].tolist()


def made(**more):
    return pd.DataFrame({**more, "a": [0.0, 1.0, 2.0], "b": [5.0, 6.0, 7.0]}).copy()


right = ([0.0, 6.0, 7.0], [5.0, 1.0, 2.0])
wrong = ([0.0, 6.0, 7.0], [5.0, 6.0, 7.0])
plain, mixed, copied = (
    exchanged(made(), False), exchanged(made(s=["x", "y", "z"]), False), exchanged(made(s=["x", "y", "z"]), True),
)
print("all numbers:", *plain, "| with a text column:", *mixed, "| of a copy:", *copied)
assert (plain, mixed, copied) == (right, wrong, right), "pandas behaves otherwise"
PY
