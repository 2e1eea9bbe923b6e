#!/usr/bin/env bash
# vectorbt-rust 1.2.0, numpy 2.4, Python 3.11.
# The compiled engine looks free of the Python package: its metadata asks for no vectorbt, and importing it loads none.
# But each portfolio.simulate_from_orders_rs asks vectorbt.portfolio.enums for the types of its records, so the first call in
# a process imports the whole package (2.5 s, 100 MB, 1,600 modules, plotly and ipywidgets among them), and without vectorbt
# valid orders end in an error.
# Seen:   import alone: no vectorbt   simulate_from_orders_rs: ModuleNotFoundError: No module named 'vectorbt'
#         with two modules of that name that hold order_dt and log_dt: bought 100.0, sold 100.0
# Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" --no-deps "vectorbt-rust==1.2.0" "numpy==2.4.0"
PYTHONPATH="$folder" python3.11 - <<'PY'
import sys
from types import ModuleType

import numpy as np
from vectorbt_rust import portfolio

assert "vectorbt" not in sys.modules
print("import alone: no vectorbt")
size, price = np.full((2, 10, 1), np.nan)
size[[2, 5], 0], price[[2, 5], 0] = (np.inf, -np.inf), 1.0


def simulate():
    numbers = [0, 0, 0.0, 0.0, 0.0, 1e-8, np.inf, np.nan, 0.0, False, True, False, False, np.inf]
    amount, direction, fees, fixed, slip, *rest = map(np.array, numbers)
    return portfolio.simulate_from_orders_rs(
        (10, 1), np.array([1]), np.array([100.0]), np.zeros((10, 1), dtype=np.int64), size, price, amount, direction, fees,
        fixed, slip, *rest, np.ones((10, 1)), max_orders=3, max_logs=1,
    )[0]


try:
    simulate()
except ModuleNotFoundError as error:
    print("simulate_from_orders_rs: ModuleNotFoundError:", error)
    assert "vectorbt" in str(error)
else:
    raise SystemExit("vectorbt-rust behaves otherwise")

order = [("id", "i8"), ("col", "i8"), ("idx", "i8"), ("size", "f8"), ("price", "f8"), ("fees", "f8"), ("side", "i8")]
log = {
    "i8": "id group col idx", "f8": "cash position debt free_cash val_price value req_size req_price",
    "q": "req_size_type req_direction",
    "d": "req_fees req_fixed_fees req_slippage req_min_size req_max_size req_size_granularity req_reject_prob",
    "?": "req_lock_cash req_allow_partial req_raise_reject req_log",
    "float64": "new_cash new_position new_debt new_free_cash new_val_price new_value res_size res_price res_fees",
    "int64": "res_side res_status res_status_info order_id",
}
enums = ModuleType("vectorbt.portfolio.enums")
enums.order_dt = np.dtype(order, align=True)
enums.log_dt = np.dtype([(name, kind) for kind, names in log.items() for name in names.split()], align=True)
sys.modules.update({"vectorbt": ModuleType("vectorbt"), enums.__name__: enums})
bought, sold = simulate()["size"]
print(f"with two modules of that name that hold order_dt and log_dt: bought {bought}, sold {sold}")
assert bought == sold == 100.0
PY
