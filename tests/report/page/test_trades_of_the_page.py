"""Every trade on the page: what travels with it."""

import numpy as np
import pandas as pd

from engine.report.page.data import _add_trades
from engine.report.page.encode import Block
from tests.report.page.test_encode import unpacked


def test_a_trade_says_its_side_and_a_run_of_an_earlier_version_has_none():
    days = np.arange("2020-01-01", "2020-01-11", dtype="datetime64[D]")
    trades = pd.DataFrame(
        {
            "instrument": ["A", "A", "B"],
            "entry_date": days[[1, 4, 2]].astype("datetime64[us]"),
            "exit_date": days[[3, 6, 5]].astype("datetime64[us]"),
            "entry_price": [10.0, 11.0, 9.0],
            "exit_price": [11.0, 10.0, 9.5],
            "return": [0.1, 0.09, 0.05],
            "exit_reason": ["target", "floor", "horizon"],
            "side": ["long", "short", "long"],
        }
    )
    block, before = Block(), Block()
    _add_trades(block, trades, "A", days)
    _add_trades(before, trades.drop(columns="side"), "A", days)
    assert unpacked(block.text())["trade_side"] == ["long", "short"]
    assert unpacked(block.text())["trade_reason"] == ["target", "floor"]
    assert "trade_side" not in unpacked(before.text())
