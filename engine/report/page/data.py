"""What travels with the page: each instrument's history as one packed block, the rest as plain facts.

Everything is the run's own: rounded to what is shown, never recomputed.  Rows are sessions of the replay; what is
known later (outcomes) stands in columns of its own, beginning with ``came_``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from engine.forecast.baselines import BASELINES, in_reading_order
from engine.report.page.encode import Block
from engine.report.page.material import ReportMaterial
from engine.rules.book.levels import EVENTS
from engine.rules.kinds import KINDS
from engine.rules.reading import BIAS_NAMES, POSITION_NAMES, SENTENCE_COLUMNS, reading_sentence
from engine.scenarios import SCENARIOS
from engine.table import words
from engine.verify.skill.regimes import regimes

PROBABILITY_SCALE = 1_000_000  # finer than is shown: ties made by rounding would move the curves
_EDGES = ("floor", "ceiling", "target", "retest")
_PRICES = ("floor", "ceiling", "target_low", "target_high", "retest", "flip_price")
_VOLATILITY = ("low", "middle", "high")
_TREND = ("above_sma_200", "below_sma_200")
CURVES = ("strategy", "buy_and_hold", "unfiltered", "random_median", "random_low", "random_high")


def forecasters(forecasts: pd.DataFrame | None) -> dict[str, str]:
    """Prefix of each forecaster with a forecast somewhere, and what the page calls it: the table first."""
    if forecasts is None:
        return {}
    ends = f"_{SCENARIOS[0]}"
    found = [name.removesuffix(ends) for name in forecasts.columns if name.endswith(ends)]
    known = [name for name in found if forecasts[f"{name}{ends}"].notna().any()]
    known.sort(key=lambda name: _place(name))
    return {name: "The table" if name == "p" else words.baseline_label(name) for name in known}


def _place(name: str) -> int:
    """The table, what it was before calibration, what a challenger says, then the baselines in their order."""
    order = in_reading_order()
    first = {"p": 0, "raw": 1}
    return first[name] if name in first else order.index(name) + 3 if name in order else 2


def instrument_block(material: ReportMaterial, symbol: str) -> str:
    """History of one instrument, packed; see :mod:`engine.report.page.encode`."""
    assert material.replay is not None
    replay = _of(material.replay, symbol).sort_values("date").reset_index(drop=True)
    days = replay["date"].to_numpy().astype("datetime64[D]")
    block = Block()
    _add_bars(block, replay, days)
    _add_groups(block, replay)
    for horizon in material.config.horizons:
        _add_forecasts(block, material.forecasts, symbol, horizon, days)
        _add_outcomes(block, material.outcomes, symbol, horizon, days)
    _add_levels(block, material, symbol, days)
    _add_trades(block, material.trades, symbol, days)
    return block.text()


def equity_block(equity: pd.DataFrame | None) -> str | None:
    """Account values, 100 at the start, packed."""
    if equity is None or len(equity) < 2 or "strategy" not in equity:
        return None
    block = Block()
    block.add("date", equity["date"].to_numpy().astype("datetime64[D]").astype(np.int64))
    base = float(equity["strategy"].iloc[0])
    for name in CURVES:
        if name in equity and equity[name].notna().any():
            block.add(name, 100 * equity[name].to_numpy(float) / base, 100)
    if "exposure" in equity:
        block.add("exposure", equity["exposure"], 100)
    return block.text()


def instrument_facts(material: ReportMaterial, symbol: str, name: str, anchor: str) -> dict[str, Any]:
    """What the page must know of an instrument before its block is unpacked."""
    assert material.replay is not None
    replay = _of(material.replay, symbol)
    last = replay.iloc[-1]
    return {
        "symbol": symbol,
        "name": name,
        "anchor": anchor,
        "decimals": words.price_decimals(float(last["close"]), last.get("atr_14")),
        "volume": bool("volume" in replay and (replay["volume"] > 0).any()),
    }


def shared_facts(material: ReportMaterial) -> dict[str, Any]:
    """Names that the columns of every block are read with."""
    return {
        "horizons": list(material.config.horizons),
        "forecasters": [
            {"key": k, "label": v, "inTable": k not in BASELINES or BASELINES[k].in_table}
            for k, v in forecasters(material.forecasts).items()
        ],
        "kinds": [{"name": kind.name, "noun": kind.noun} for kind in KINDS],
        "events": [name.replace("_", " ") for name in EVENTS],
        "bias": [BIAS_NAMES[code] for code in (-1, 0, 1)],
        "positions": list(POSITION_NAMES),
        "interval": material.config.verify.interval,
        "floorBreak": material.config.outcome.floor_break,
        "rule": material.config.outcome.rule,
    }


def _of(frame: pd.DataFrame, symbol: str) -> pd.DataFrame:
    return frame[frame["instrument"] == symbol]


def _price_scale(close: np.ndarray) -> int:
    """Five significant digits of the smallest price, between cents and a hundred-thousandth."""
    smallest = float(np.nanmin(close)) if len(close) else 1.0
    return int(10 ** np.clip(4 - np.floor(np.log10(max(smallest, 1e-9))), 2, 5))


def _add_bars(block: Block, replay: pd.DataFrame, days: np.ndarray) -> None:
    scale = _price_scale(replay["close"].to_numpy(float))
    block.add("date", days.astype(np.int64))
    for name in ("open", "high", "low", "close", "sma_50", "sma_200", *_PRICES):
        if name in replay:
            block.add(name, replay[name], scale)
    for name in _EDGES:
        if f"{name}_level_id" in replay:
            block.add(f"{name}_level_id", replay[f"{name}_level_id"])
    if "volume" in replay:
        volume = replay["volume"].to_numpy(float)
        largest = float(np.nanmax(volume)) if np.isfinite(volume).any() else 0.0
        if largest > 0:
            block.add("volume", volume, 999.0 / largest)
    for name, column_scale in (("rsi_14", 10), ("atr_14", 10 * scale), ("sigma", 100_000)):
        if name in replay:
            block.add(name, replay[name], column_scale)
    for name in ("bias", "position"):
        if name in replay:
            block.add(name, replay[name])
    if "rsi_regime" in replay:
        block.add_text("reading", [reading_sentence(row) for row in _rows(replay, SENTENCE_COLUMNS)])


def _rows(frame: pd.DataFrame, names: Sequence[str]) -> list[dict[str, float]]:
    """The named columns of numbers, those that there are, row by row."""
    there = [name for name in names if name in frame]
    columns = (frame[name].to_numpy(np.float64).tolist() for name in there)
    return [dict(zip(there, row, strict=True)) for row in zip(*columns, strict=True)]


def _add_groups(block: Block, replay: pd.DataFrame) -> None:
    if not {"sigma", "sma_200"} <= set(replay.columns):
        return
    groups = regimes(replay)
    for name, order in (("volatility", _VOLATILITY), ("trend", _TREND)):
        codes = pd.Categorical(groups[name], categories=order).codes.astype(float)
        block.add(name, np.where(codes < 0, np.nan, codes))


def _on_days(frame: pd.DataFrame, days: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows whose date is a session, and where each stands."""
    dates = frame["date"].to_numpy().astype("datetime64[D]")
    place = np.minimum(np.searchsorted(days, dates), len(days) - 1)
    found = days[place] == dates
    return frame[found], place[found]


def _spread(values: object, place: np.ndarray, n: int) -> np.ndarray:
    out = np.full(n, np.nan)
    out[place] = np.asarray(values, dtype=np.float64)
    return out


def _add_forecasts(
    block: Block, forecasts: pd.DataFrame | None, symbol: str, horizon: int, days: np.ndarray
) -> None:
    if forecasts is None:
        return
    mine = _of(forecasts, symbol)
    rows, place = _on_days(mine[mine["horizon_sessions"] == horizon], days)
    for name in forecasters(forecasts):
        for scenario in SCENARIOS:
            values = _spread(rows[f"{name}_{scenario}"], place, len(days))
            # the third is what is left of 1, but rounding it apart keeps each as it was
            block.add(f"{name}_{scenario}_{horizon}", values, PROBABILITY_SCALE)
    for name in ("p_target_touch", "p_retest_touch"):
        if name in rows:
            block.add(f"{name}_{horizon}", _spread(rows[name], place, len(days)), 10_000)


def _add_outcomes(
    block: Block, outcomes: pd.DataFrame | None, symbol: str, horizon: int, days: np.ndarray
) -> None:
    if outcomes is None:
        return
    mine = _of(outcomes, symbol)
    rows, place = _on_days(mine[mine["horizon_sessions"] == horizon], days)
    codes = pd.Categorical(rows["outcome"], categories=list(SCENARIOS)).codes.astype(float)
    block.add(f"came_{horizon}", _spread(np.where(codes < 0, np.nan, codes), place, len(days)))
    if "resolved_on" in rows:
        on = np.searchsorted(days, rows["resolved_on"].to_numpy().astype("datetime64[D]"))
        after = np.where(rows["resolved_on"].isna(), np.nan, on - place)
        block.add(f"came_after_{horizon}", _spread(after, place, len(days)), delta=False)
    for name in ("target_touched", "retest_touched", "ambiguous"):
        if name in rows:
            flags = rows[name].astype("Float64").to_numpy(np.float64, na_value=np.nan)
            block.add(f"came_{name}_{horizon}", _spread(flags, place, len(days)))


def _add_levels(block: Block, material: ReportMaterial, symbol: str, days: np.ndarray) -> None:
    if material.levels is None or material.events is None:
        return
    levels = _of(material.levels, symbol).sort_values("level_id")
    scale = _price_scale(levels["low"].dropna().to_numpy(float))
    codes = {kind.name: code for code, kind in enumerate(KINDS)}
    block.add("level_id", levels["level_id"])
    block.add("level_kind", levels["kind"].map(codes), delta=False)
    for name in ("low", "high"):
        block.add(f"level_{name}", levels[name], scale)
    for name in ("formed", "confirmed"):
        block.add(f"level_{name}", np.searchsorted(days, levels[name].to_numpy().astype("datetime64[D]")))
    block.add_text("level_name", [words.plain_name(str(name)) for name in levels["name"]])
    events = _of(material.events, symbol)
    events, place = _on_days(events, days)
    block.add("event_level", events["level_id"])
    block.add("event_at", place)
    order = {name: code for code, name in enumerate(EVENTS)}
    block.add("event_code", events["event"].map(order), delta=False)


def _add_trades(block: Block, trades: pd.DataFrame | None, symbol: str, days: np.ndarray) -> None:
    if trades is None or trades.empty or "instrument" not in trades:
        return
    mine = _of(trades, symbol)
    scale = _price_scale(mine["entry_price"].to_numpy(float)) if len(mine) else 1
    for name in ("entry", "exit"):
        block.add(
            f"trade_{name}", np.searchsorted(days, mine[f"{name}_date"].to_numpy().astype("datetime64[D]"))
        )
        block.add(f"trade_{name}_price", mine[f"{name}_price"], scale)
    block.add("trade_return", mine["return"], 100_000, delta=False)
    block.add_text("trade_reason", [str(reason) for reason in mine["exit_reason"]])
    if "side" in mine:  # a run of an earlier version was long throughout
        block.add_text("trade_side", [str(side) for side in mine["side"]])


def skill_facts(metrics: Mapping[str, Any] | None) -> dict[str, Any]:
    """Skill lines by horizon: over all rows, and by group of dates."""
    found: dict[str, Any] = {}
    for horizon, entry in ((metrics or {}).get("horizons") or {}).items():
        lines = [_line("all", "all", name, line, entry) for name, line in (entry.get("skill") or {}).items()]
        for group in entry.get("regimes") or ():
            for name, line in (group.get("skill") or {}).items():
                lines.append(_line(group.get("grouping"), group.get("group"), name, line, group))
        found[str(horizon)] = [line for line in lines if line["skill"] is not None]
    return found


def _line(
    grouping: Any, group: Any, name: str, line: Mapping[str, Any], of: Mapping[str, Any]
) -> dict[str, Any]:
    def number(value: Any, digits: int) -> float | None:
        known = words.number(value)
        return None if known is None else round(known, digits)

    return {
        "grouping": str(grouping),
        "group": str(group),
        "baseline": name,
        "skill": number(line.get("log_loss_skill"), 5),
        "low": number(line.get("low"), 5),
        "high": number(line.get("high"), 5),
        "windows": number(of.get("effective_rows"), 1),
    }


def calibration_facts(reliability: pd.DataFrame | None, metrics: Mapping[str, Any] | None) -> dict[str, Any]:
    """Consistency band and p-values of the table's own diagrams, by horizon and scenario, as verification has them."""
    if reliability is None or reliability.empty or not metrics:
        return {}
    found: dict[str, Any] = {}
    for (horizon, scenario), rows in reliability.groupby(["horizon_sessions", "scenario"], sort=True):
        entry = (metrics.get("horizons") or {}).get(str(horizon)) or {}
        figures = (entry.get("calibration") or {}).get(scenario) or {}
        lines = (
            rows.sort_values("forecast").drop_duplicates("forecast").dropna(subset=["band_low", "band_high"])
        )
        p, holm = words.number(figures.get("mcb_p_value")), words.number(figures.get("mcb_p_holm"))
        if p is None or holm is None or lines.empty:
            continue
        found.setdefault(str(horizon), {})[str(scenario)] = {
            **{
                key: [round(float(value), 4) for value in lines[name]]
                for key, name in (("at", "forecast"), ("low", "band_low"), ("high", "band_high"))
            },
            "p": round(p, 4),
            "holm": round(holm, 4),
            "mean": words.number(figures.get("mcb_floor_mean")),
        }
    return found
