"""The backtest in figures and sentences: the strategy beside the simpler things one could have done.

A Sharpe ratio is never compared without what so many years can tell: a difference inside that is not told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

from engine.report.prose.trading_words import (
    curve_sentences,
    difference_sentence,
    interval_rows,
    month_rows,
    rule_sentence,
    unfiltered_sentence,
)
from engine.table import words
from engine.year import YEAR

_CURVES = (
    ("strategy", "Strategy"),
    ("buy_and_hold", "Buy and hold"),
    ("unfiltered", "Every setup, unfiltered"),
    ("random_entries", "Random entries, median"),
)
_FIGURES = (
    ("total_return_percent", "Return, whole period", 0, "%"),
    ("annual_return_percent", "Return a year", 1, "%"),
    ("annual_volatility_percent", "Volatility a year", 1, "%"),
    ("sharpe", "Sharpe ratio ({year} sessions a year)", 2, ""),
    ("max_drawdown_percent", "Deepest drawdown", 1, "%"),
    ("exposure_percent", "Time-average invested", 0, "%"),
    ("trades", "Trades", 0, ""),
)
_EXITS = (
    ("target", "at the target"),
    ("floor", "at the floor"),
    ("horizon", "with the horizon"),
    ("end", "with the bars"),
    ("turn", "when a table turned"),
    ("spent", "with the account"),
)


def backtest_table(backtest: Mapping[str, Any], interval: float = 0.90) -> dict[str, Any] | None:
    """Figures of the strategy beside the simpler things, and the sentences about chance; None without a backtest."""
    if not isinstance(backtest.get("strategy"), Mapping):
        return None
    curves = [(key, label) for key, label in _CURVES if isinstance(backtest.get(key), Mapping)]
    rows = []
    year = _year(backtest)
    for key, label, digits, unit in _FIGURES:
        key, label = f"sharpe_{year}" if key == "sharpe" else key, label.format(year=year)
        values = [_figure(backtest, curve, key) for curve, _ in curves]
        if any(value is not None for value in values):
            cells = [words.MISSING if v is None else words.decimal(v, digits) + unit for v in values]
            rows.append({"label": label, "cells": cells})
    said = (
        rule_sentence(backtest),
        _versus_hold(backtest, interval),
        unfiltered_sentence(backtest),
        _chance(backtest),
        _trades(backtest),
    )
    return {
        "curves": [label for _, label in curves],
        "rows": rows,
        "instruments": _instruments(backtest),
        "intervals": interval_rows(backtest),
        "curve": curve_sentences(backtest),
        "months": month_rows(backtest),
        "sentences": [text for text in said if text],
        "warnings": [words.dated(str(text)) for text in backtest.get("warnings") or ()],
    }


def backtest_verdict(backtest: Mapping[str, Any], interval: float = 0.90) -> str:
    """The two sentences that a reader in a hurry needs; empty without a backtest."""
    if not isinstance(backtest.get("strategy"), Mapping):
        return ""
    if _figure(backtest, "strategy", "trades") == 0:
        return "No trade was made."
    return " ".join(filter(None, (_versus_hold(backtest, interval), _random(backtest))))


def _versus_hold(backtest: Mapping[str, Any], interval: float) -> str:
    year = _year(backtest)
    mine, hold = (_figure(backtest, curve, f"sharpe_{year}") for curve in ("strategy", "buy_and_hold"))
    if mine is None or hold is None:
        return ""
    measured = difference_sentence(backtest, interval)
    if measured:
        return measured
    # runs of 0.3 hold no intervals
    figures = f"Sharpe {words.decimal(mine, 2)} against {words.decimal(hold, 2)}"
    sessions = words.number(backtest.get("sessions"))
    if not sessions:
        return (
            f"Per unit of risk it earned {'more' if mine > hold else 'less'} than buy and hold ({figures})."
        )
    # Lo (2002): the standard error of a Sharpe ratio of independent returns is close to 1 / sqrt(years)
    reach = NormalDist().inv_cdf(0.5 + 0.5 * interval) / (sessions / year) ** 0.5
    known = f"each known to about ±{words.decimal(reach, 2)} from {words.decimal(sessions / year, 0)} years"
    if abs(mine - hold) < reach:
        return f"Per unit of risk it is not told apart from buy and hold ({figures}, {known})."
    return f"Per unit of risk it earned {'more' if mine > hold else 'less'} than buy and hold ({figures}, {known})."


def _random(backtest: Mapping[str, Any]) -> str:
    p, draws = (_figure(backtest, "random_entries", key) for key in ("p_value", "draws"))
    if p is None or not draws:
        return ""
    did = f"{words.percent(p)} of {words.count(draws)} did at least as well"
    if p >= 0.95:
        return f"It lost to random entries at the same rate: {did}."
    if p > 0.05:
        return f"Random entries at the same rate are not told apart from it: {did}, which is no evidence of timing."
    return f"It did better than random entries at the same rate: {did}."


def _chance(backtest: Mapping[str, Any]) -> str:
    if _figure(backtest, "strategy", "trades") == 0:
        return "No trade was made, so there is nothing to compare with chance."
    found = [_random(backtest)]
    deflated = _block(backtest, "strategy").get("deflated_sharpe")
    if isinstance(deflated, Mapping) and words.number(deflated.get("probability")) is not None:
        trials = words.number(deflated.get("trials")) or 1
        allowed = f"Allowing for the {words.count(trials)} trials behind it, the" if trials > 1 else "The"
        found.append(
            f"{allowed} probability that the true Sharpe ratio is above zero is "
            f"{words.percent(deflated['probability'])} (deflated Sharpe ratio); the market's own drift counts towards it."
        )
    return " ".join(filter(None, found))


def _trades(backtest: Mapping[str, Any]) -> str:
    trades, wins, mean = (
        _figure(backtest, "strategy", key) for key in ("trades", "win_rate_percent", "average_trade_bps")
    )
    exits = _block(backtest, "strategy").get("exits")
    if not trades or wins is None or mean is None or not isinstance(exits, Mapping):
        return ""
    ends = [f"{words.count(exits[key])} {label}" for key, label in _EXITS if words.number(exits.get(key))]
    if ends:
        ends[0] = ends[0].replace(" ", " ended ", 1)
    return (
        f"Of {words.plural(trades, 'trade')}, {words.join(ends)}; {words.decimal(wins, 0)}% made money, and the mean "
        f"trade made {words.signed(mean, 0)} basis points after costs."
    )


def _instruments(backtest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row for each of several instruments: Sharpe ratios, return and trades."""
    found = backtest.get("instruments")
    if not isinstance(found, Mapping) or len(found) < 2:
        return []
    rows = []
    for symbol, block in found.items():
        sharpes = [_figure(block, curve, f"sharpe_{_year(backtest)}") for curve, _ in _CURVES[:3]]
        gain, trades = (_figure(block, "strategy", key) for key in ("annual_return_percent", "trades"))
        cells = [words.decimal(value, 2) for value in sharpes]
        cells.append(words.MISSING if gain is None else f"{words.decimal(gain, 1)}%")
        rows.append({"name": str(symbol), "cells": [*cells, words.count(trades)]})
    return rows


def _year(backtest: Mapping[str, Any]) -> int:
    """Sessions of a year; runs of 0.3 knew one year only."""
    return int(words.number(backtest.get("sessions_per_year")) or YEAR)


def _block(backtest: Mapping[str, Any], curve: str) -> Mapping[str, Any]:
    block = backtest.get(curve)
    return block if isinstance(block, Mapping) else {}


def _figure(backtest: Mapping[str, Any], curve: str, key: str) -> float | None:
    block = _block(backtest, curve)
    # random entries are drawn many times: what metrics hold of their returns is the median
    value = block.get(f"median_{key}") if curve == "random_entries" and key not in block else block.get(key)
    return words.number(value)
