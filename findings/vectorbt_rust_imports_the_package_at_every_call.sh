#!/usr/bin/env bash
# vectorbt 1.2.0, vectorbt-rust 1.2.0, Python 3.11.
# The compiled engine can be imported by itself (`from vectorbt_rust import portfolio`), but every call of
# simulate_from_orders_rs imports vectorbt.portfolio.enums to look up the types of its records, and with it the whole
# package: two seconds in each process that simulates once, and again wherever the modules have been taken out.
# Seen:   before the call: vectorbt loaded False | after it: vectorbt loaded True, plotly loaded True
# With a module in sys.modules that holds order_dt and log_dt alone the same call gives the same records and loads
# nothing.  Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" "vectorbt==1.2.0" "vectorbt-rust==1.2.0"
PYTHONPATH="$folder" python3.11 - <<'PY'
import sys

import numpy as np
from vectorbt_rust import portfolio


def simulated():
    shape, one = (3, 1), np.array
    close = np.array([[1.0], [2.0], [3.0]])
    size = np.array([[1.0], [np.nan], [-1.0]])
    orders, _ = portfolio.simulate_from_orders_rs(
        shape, one([1]), one([100.0]), np.zeros(shape, dtype=np.int64), size, close, one(0), one(2), one(0.0), one(0.0),
        one(0.0), one(1e-8), one(np.inf), one(np.nan), one(0.0), one(False), one(True), one(False), one(False),
        one(np.inf), close, max_orders=3, max_logs=1,
    )
    return orders


loaded = lambda: ("vectorbt" in sys.modules, "plotly" in sys.modules)
before, first = loaded(), simulated()
after = loaded()
print("before the call: vectorbt loaded", before[0], "| after it: vectorbt loaded", after[0], "plotly loaded", after[1])
from types import ModuleType

from vectorbt.portfolio import enums

stand_in = ModuleType("vectorbt.portfolio.enums")
stand_in.order_dt, stand_in.log_dt = enums.order_dt, enums.log_dt
for name in [name for name in sys.modules if name.split(".")[0] == "vectorbt"]:
    del sys.modules[name]
sys.modules.update({"vectorbt": ModuleType("vectorbt"), "vectorbt.portfolio.enums": stand_in})
assert (simulated() == first).all() and "vectorbt.portfolio.base" not in sys.modules, "the stand-in is not enough"
assert before == (False, False) and after == (True, True), "vectorbt-rust behaves otherwise"
PY
