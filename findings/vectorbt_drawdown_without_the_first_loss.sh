#!/usr/bin/env bash
# vectorbt 1.2.0, empyrical-reloaded 0.7.1, Python 3.11.
# vectorbt.returns has the metrics "as found in empyrical", says its documentation.  Its drawdown has no value before the first
# return, so what was lost on the first day never was there: of a portfolio it leaves out the fees and the slippage of the first order.
# Seen:   returns -50 %, 10 %, 10 %        empyrical -0.5       vectorbt 0.0
#         five times -10 %                 empyrical -0.40951   vectorbt -0.3439
#         bought with 5 % fees, rises 2 %  total return -2.86 % and maximum drawdown 0
# Exits non-zero where this has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m pip install --quiet --disable-pip-version-check --target "$folder" \
    "vectorbt==1.2.0" "empyrical-reloaded==0.7.1" "pandas==3.1.1" "numpy==2.4.6"
PYTHONPATH="$folder" python3.11 -W ignore - <<'PY'
import empyrical
import pandas as pd
import vectorbt as vbt


def drawdowns(*returns):
    series = pd.Series(returns, pd.date_range("2024-01-01", periods=len(returns)))
    both = empyrical.max_drawdown(series), series.vbt.returns(freq="1D").max_drawdown()
    return [round(float(value), 5) for value in both]


first, steady, later = drawdowns(-0.5, 0.1, 0.1), drawdowns(*[-0.1] * 5), drawdowns(0.1, -0.1, 0.2)
print("empyrical, vectorbt: first day", first, "every day", steady, "second day", later)
assert (first, steady, later) == ([-0.5, 0.0], [-0.40951, -0.3439], [-0.1, -0.1]), "behaves otherwise"

close = pd.Series([100.0, 100.0, 101.0, 102.0], pd.date_range("2024-01-01", periods=4))
account = vbt.Portfolio.from_holding(close, init_cash=100.0, fees=0.05, freq="1D")
total, deepest = round(float(account.total_return()), 4), float(account.max_drawdown())
print("held with fees: total return", total, "maximum drawdown", deepest)
assert (total, deepest) == (-0.0286, 0.0), "vectorbt behaves otherwise"
PY
