"""Costs of one instrument, and dividends from a file."""

import numpy as np
import pytest

from engine.backtest.cash import costs_of
from engine.errors import DataError
from tests.backtest.trading_twin import gappy_bars, small_config


def instruments(**trading):
    return [{"symbol": "SIM", "source": {"kind": "bundled", "name": "nasdaq"}, "trading": trading}]


def test_an_instrument_has_its_own_costs_where_it_names_them():
    config = small_config(
        instruments=instruments(fee_bps=5.0, borrow_percent=2.52),
        backtest={"slippage_bps": 3.0, "funding_percent": 1.0},
    )
    costs = costs_of(gappy_bars(50, 1), config, 252)
    assert (costs.fee, costs.slippage) == pytest.approx((5e-4, 3e-4))
    assert (costs.funding, costs.borrow) == pytest.approx((0.01 / 252, 0.0001))
    assert costs.round_trip(-1, 10) == pytest.approx(2 * 8e-4 + 10 * 0.0001)


def test_dividends_fall_on_their_session_or_the_next(tmp_path):
    bars = gappy_bars(50, 1)
    days = [
        bars.dates[10],
        bars.dates[20] + (np.datetime64("2001-01-06") - np.datetime64("2001-01-05")),
        np.datetime64("1990-01-01"),
    ]
    path = tmp_path / "dividends.csv"
    path.write_text(
        "date,amount\n"
        + "".join(f"{day},{amount}\n" for day, amount in zip(days, (0.5, 0.25, 9.0), strict=True))
    )
    config = small_config(instruments=instruments(dividends={"path": str(path)}))
    paid = costs_of(bars, config, 252).dividends
    at = int(np.searchsorted(bars.dates, days[1]))
    assert paid[10] == 0.5
    assert paid[at] == 0.25
    assert paid.sum() == 0.75


@pytest.mark.parametrize(
    "text", ["day,amount\n2001-01-01,1\n", "date,amount\n01/02/2001,1\n", "date,amount\n2001-01-01,\n", None]
)
def test_dividends_that_cannot_be_read_name_the_file(tmp_path, text):
    path = tmp_path / "dividends.csv"
    if text is not None:
        path.write_text(text)
    config = small_config(instruments=instruments(dividends={"path": str(path)}))
    with pytest.raises(DataError, match=r"dividends\.csv") as error:
        costs_of(gappy_bars(50, 1), config, 252)
    assert error.value.code == "backtest.bad_dividends"
