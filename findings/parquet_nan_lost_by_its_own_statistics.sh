#!/usr/bin/env bash
# pyarrow 26.0.1, pandas 3.1.1, duckdb 2.0.1, Python 3.11.
# A Parquet file keeps the least and the greatest value of each piece of a column; NaN is neither.  Readers that skip pieces by
# them answer otherwise than for the same rows in memory, and the answer hangs on where a piece ends.
# Seen, of the rows 1, NaN written by pyarrow:
#   pyarrow   x != 1       in memory 1 row, of the file 0, of the file with two pieces 1, and so pandas.read_parquet(filters=)
#   duckdb    isnan(x)     in memory 1 row, of the file 0 (whose avg(x) is NaN); max(x) NaN and 1.0; x <= 1: 1 row and 2 rows
# Nulls in place of NaN (what pandas.to_parquet writes) give one answer everywhere.  Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" \
    "pyarrow==26.0.1" "duckdb==2.0.1" "pandas==3.1.1" "numpy==2.4.6"
PYTHONPATH="$folder" FILES="$folder" python3.11 - <<'PY'
import math
import os

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

rows = pa.table({"x": [1.0, math.nan]})
one, two, nulls = (f"{os.environ['FILES']}/{name}.parquet" for name in ("one", "two", "nulls"))
pq.write_table(rows, one)
pq.write_table(rows, two, row_group_size=1)
rows.to_pandas().to_parquet(nulls)

other = pc.field("x") != 1.0
kept = [rows.filter(other).num_rows, pq.read_table(one, filters=other).num_rows, pq.read_table(two, filters=other).num_rows]
kept += [len(pd.read_parquet(path, filters=[("x", "!=", 1.0)])) for path in (one, two)]
print("pyarrow, x != 1: in memory, one piece, two pieces; by pandas:", kept)
assert kept == [1, 0, 1, 0, 1], "pyarrow behaves otherwise"


def asked(source):
    ask = "select {} from " + source
    answers = [duckdb.sql(ask.format("count(*)") + " where " + where).fetchall()[0][0] for where in ("isnan(x)", "x <= 1")]
    return answers + [duckdb.sql(ask.format(what)).fetchall()[0][0] for what in ("max(x)", "avg(x)")]


memory, file, null = asked("rows"), asked(f"'{one}'"), asked(f"'{nulls}'")
print("duckdb, rows isnan(x), rows x <= 1, max, avg: in memory", memory, "of the file", file, "with a null", null)
assert memory[:2] == [1, 1] and all(map(math.isnan, memory[2:])), "duckdb behaves otherwise"
assert file[:3] == [0, 2, 1.0] and math.isnan(file[3]), "duckdb behaves otherwise"
assert null == [0, 1, 1.0, 1.0], "duckdb behaves otherwise"
PY
