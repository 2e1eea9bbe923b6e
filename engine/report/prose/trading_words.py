"""What was traded, how well its results are known, and what the threshold curve says, in sentences and rows.

A difference whose interval holds 0 is "not told apart"; one that does not is said with its direction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.table import words
from engine.year import YEAR

_FIGURES = (
    ("annual_return_percent", "Return a year", 1, "%"),
    ("sharpe", "Sharpe ratio", 2, ""),
    ("max_drawdown_percent", "Deepest drawdown", 1, "%"),
)
_CURVES = (
    ("strategy", "Strategy"),
    ("minus_buy_and_hold", "Minus buy and hold"),
    ("minus_unfiltered", "Minus every setup"),
)
_SIZES = {
    "fixed_fraction": "",
    "volatility_target": "sized to a volatility",
    "kelly": "sized by a share of the Kelly fraction",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rule_sentence(backtest: Mapping[str, Any]) -> str:
    """How trades were entered, sized and left, and what they cost; empty where the metrics do not say."""
    threshold, horizon = (words.number(backtest.get(key)) for key in ("entry_threshold", "horizon_sessions"))
    if threshold is None or horizon is None:
        return ""
    settings = _settings(backtest)
    sides = settings.get("sides", "long")
    opened = {"long": "Bought", "short": "Sold short"}.get(str(sides), "Bought or sold short")
    turned = ", when a table turned against the trade" if settings.get("exit_on_turn") else ""
    closed = {"long": "sold", "short": "bought back"}.get(str(sides), "closed")
    costs = (
        f"Costs per side: {words.decimal(backtest.get('fee_bps'), 1)} basis points of fees and "
        f"{words.decimal(backtest.get('slippage_bps'), 1)} of slippage"
    )
    held = [
        f"{words.decimal(settings.get(key), 1)}% a year to hold a {side} position"
        for key, side in (("funding_percent", "long"), ("borrow_percent", "short"))
        if words.number(settings.get(key))
    ]
    costs += f"; {words.join(held)}." if held else "."
    said = (
        f"{opened} at the next open when {_when(backtest, str(sides), horizon, threshold)}; {closed} at the target, at "
        f"the floor{turned}, or when the horizon ended.",
        _how_much(settings, horizon),
        costs,
    )
    return " ".join(filter(None, said))


def _when(backtest: Mapping[str, Any], sides: str, horizon: float, threshold: float) -> str:
    settings = _settings(backtest)
    entry, level = settings.get("entry", "probability"), words.number(settings.get("threshold"))
    within = words.plural(horizon, "session")
    traded = {"long": "continuation", "short": "breakdown"}.get(sides)
    scenario = words.quoted(traded) if traded else "the scenario traded"
    if entry == "expected_value":
        bound = "the lower bound of " if settings.get("lower_bound") else ""
        return f"{bound}the expected value over {within}, after costs, was at least {words.decimal(level, 0)} basis points"
    if entry == "over_filtered_history":
        return (
            f"{scenario} within {within} was given at least {words.decimal(100 * (level or 0.0), 1)} points more than "
            "filtered history gives it"
        )
    return f"{scenario} within {within} was given at least {words.percent(threshold)}"


def _how_much(settings: Mapping[str, Any], horizon: float) -> str:
    parts = [_SIZES.get(str(settings.get("sizing")), "")]
    fraction = words.number(settings.get("fraction"))
    if settings.get("sizing") == "fixed_fraction" and fraction is not None and fraction != 1.0:
        parts.append(f"{words.percent(fraction)} of the account in each")
    if settings.get("positions") == "tranches":
        parts.append(f"in tranches of one {words.decimal(horizon, 0)}th, one at every signal")
    if settings.get("cash") == "shared":
        parts.append("from one account for all instruments")
    parts += [
        f"at most {words.percent(settings[key])} in {what}"
        for key, what in (("instrument_cap", "an instrument"), ("family_cap", "a family"))
        if words.number(settings.get(key))
    ]
    found = [part for part in parts if part]
    return f"Positions: {', '.join(found)}." if found else ""


def difference_sentence(backtest: Mapping[str, Any], interval: float) -> str:
    """The difference in Sharpe ratio to buy and hold, with its interval; empty where none was measured."""
    key, found = f"sharpe_{_year(backtest)}", _intervals(backtest)
    difference = _entry(found, "minus_buy_and_hold", key)
    if difference is None:
        return ""
    value, low, high = difference
    mine, hold = (words.number(_block(backtest, curve).get(key)) for curve in ("strategy", "buy_and_hold"))
    figures = (
        f"Sharpe {words.decimal(mine, 2)} against {words.decimal(hold, 2)}; difference {words.signed(value, 2)}, "
        f"{words.percent(interval)} interval {words.signed(low, 2)} to {words.signed(high, 2)}"
    )
    if low <= 0.0 <= high:
        return f"Per unit of risk it is not told apart from buy and hold ({figures})."
    return f"Per unit of risk it earned {'more' if value > 0 else 'less'} than buy and hold ({figures})."


def unfiltered_sentence(backtest: Mapping[str, Any]) -> str:
    """Whether choosing among the setups paid; empty where it was not measured."""
    difference = _entry(_intervals(backtest), "minus_unfiltered", f"sharpe_{_year(backtest)}")
    if difference is None:
        return ""
    value, low, high = difference
    figures = (
        f"difference in Sharpe {words.signed(value, 2)}, {words.signed(low, 2)} to {words.signed(high, 2)}"
    )
    if low <= 0.0 <= high:
        return f"Choosing among the setups is not told apart from trading every one ({figures})."
    return f"Choosing among the setups did {'better' if value > 0 else 'worse'} than trading every one ({figures})."


def interval_rows(backtest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Rows of figure by curve, each cell a value with its interval; None where nothing was measured."""
    found, year = _intervals(backtest), _year(backtest)
    rows = []
    for key, label, digits, unit in _FIGURES:
        name = f"sharpe_{year}" if key == "sharpe" else key
        cells = [_cell(_entry(found, curve, name), digits, unit) for curve, _ in _CURVES]
        if any(cell != words.MISSING for cell in cells):
            rows.append({"label": label, "cells": cells})
    return {"curves": [label for _, label in _CURVES], "rows": rows} if rows else None


def curve_sentences(backtest: Mapping[str, Any]) -> list[str]:
    """What the best threshold is worth; empty without a curve."""
    curve = backtest.get("threshold_curve")
    if not isinstance(curve, Mapping):
        return []
    best, count = curve.get("best"), words.count(curve.get("thresholds"))
    if not isinstance(best, Mapping):
        return [f"None of {count} thresholds leads to {words.count(curve.get('fewest_trades'))} trades."]
    settings, year = _settings(backtest), _year(backtest)
    entry, at = settings.get("entry", "probability"), words.number(best.get("threshold"))
    shown = words.decimal(at, 0) + " basis points" if entry == "expected_value" else words.percent(at, 1)
    text = (
        f"Of {count} thresholds the best in hindsight is {shown} (Sharpe {words.decimal(best.get(f'sharpe_{year}'), 2)}, "
        f"{words.plural(best.get('trades'), 'trade')})."
    )
    p = words.number(curve.get("p_value"))
    if p is None:
        return [text]
    luck = (
        f"The best of as many thresholds with random entries looks at least as good in {words.percent(p)} of "
        f"{words.count(curve.get('draws'))} draws"
    )
    return [text, f"{luck}; that is what luck does." if p > 0.05 else f"{luck}."]


def month_rows(backtest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns by year and month; None where there are none."""
    found = backtest.get("months")
    if not isinstance(found, list) or not found:
        return None
    rows = []
    for row in found:
        cells = [*row["months"], row["whole"]]
        shown = ["" if value is None else words.signed(value, 1) for value in cells]
        rows.append({"label": str(row["year"]), "cells": shown})
    return {"columns": [*_MONTHS, "Year"], "rows": rows}


def _cell(entry: tuple[float, float, float] | None, digits: int, unit: str) -> str:
    if entry is None:
        return words.MISSING
    value, low, high = (words.decimal(number, digits) for number in entry)
    return f"{value}{unit} ({low} to {high})"


def _intervals(backtest: Mapping[str, Any]) -> Mapping[str, Any]:
    found = backtest.get("intervals")
    return found if isinstance(found, Mapping) else {}


def _entry(found: Mapping[str, Any], curve: str, name: str) -> tuple[float, float, float] | None:
    block = found.get(curve)
    entry = block.get(name) if isinstance(block, Mapping) else None
    if not isinstance(entry, Mapping):
        return None
    value, low, high = (words.number(entry.get(key)) for key in ("value", "low", "high"))
    return None if value is None or low is None or high is None else (value, low, high)


def _settings(backtest: Mapping[str, Any]) -> Mapping[str, Any]:
    found = backtest.get("settings")
    return found if isinstance(found, Mapping) else {}


def _block(backtest: Mapping[str, Any], curve: str) -> Mapping[str, Any]:
    block = backtest.get(curve)
    return block if isinstance(block, Mapping) else {}


def _year(backtest: Mapping[str, Any]) -> int:
    """Sessions of a year; runs of 0.3 knew one year only."""
    return int(words.number(backtest.get("sessions_per_year")) or YEAR)
