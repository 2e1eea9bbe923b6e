"""The rows of the page's tables: formatted cells, no markup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.report import words
from engine.report.material import ReportMaterial
from engine.report.scenario import HorizonTable, LevelLine, Scenario


def scenario_tables(scenario: Scenario) -> list[dict[str, Any]]:
    """One table per horizon, ascending; a note already given for a shorter horizon is not repeated."""
    tables = []
    said: set[str] = set()
    for table in scenario.horizons:
        tables.append(_scenario_table(table, said))
        said.update(row.note for row in table.rows)
    return tables


def _scenario_table(table: HorizonTable, said: set[str]) -> dict[str, Any]:
    percents = table.whole_percents
    names = [n for n in words.BASELINE_LABELS if any(row.baselines.get(n) is not None for row in table.rows)]
    shares = {name: table.baseline_percents(name) or {} for name in names}
    rows = []
    for row in table.rows:
        share = None if percents is None else percents[row.scenario]
        rows.append(
            {
                "scenario": row.scenario,
                "title": row.title,
                "percent": words.MISSING if share is None else f"{share}%",
                "width": 0.0 if row.probability is None else round(100 * row.probability, 1),
                "low": None if row.low is None else round(100 * row.low, 1),
                "high": None if row.high is None else round(100 * row.high, 1),
                "interval": words.percent_range(row.low, row.high),
                "baselines": [_share(shares[name].get(row.scenario)) for name in names],
                "note": "" if row.note in said else row.note,
                "reliability": row.reliability,
            }
        )
    facts = []
    if table.p_target_touch is not None:
        facts.append(f"target zone touched: {words.percent(table.p_target_touch)}")
    if table.p_retest_touch is not None:
        facts.append(f"retest price touched: {words.percent(table.p_retest_touch)}")
    if table.effective_rows is not None:
        facts.append(f"about {words.count(table.effective_rows)} independent windows behind the forecast")
    return {
        "horizon": table.horizon_sessions,
        "caption": f"Next {words.plural(table.horizon_sessions, 'session')}",
        "weeks": words.weeks(table.horizon_sessions),
        "available": percents is not None,
        "baselines": [words.BASELINE_LABELS[name] for name in names],
        "has_interval": any(row["interval"] for row in rows),
        "rows": rows,
        "facts": words.sentence("; ".join(facts)),
        "reliability": table.reliability,
    }


def _share(value: int | None) -> str:
    return words.MISSING if value is None else f"{value}%"


def touch_horizons(scenario: Scenario) -> list[str]:
    """Horizons for which levels carry a touch probability, ascending."""
    return sorted({h for line in scenario.levels for h in line.touch_probability}, key=int)


def ladder(scenario: Scenario, each_side: int = 8) -> list[dict[str, Any]]:
    """Levels as a price ladder: resistance from far to near, the close, support from near to far."""
    horizons = touch_horizons(scenario)
    above = [_rung(scenario, line, horizons) for line in reversed(_nearest(scenario.resistance, each_side))]
    below = [_rung(scenario, line, horizons) for line in _nearest(scenario.support, each_side)]
    if not above and not below:
        return []
    return [*above, {"close": scenario.price(scenario.close)}, *below]


def _nearest(lines: tuple[LevelLine, ...], each_side: int) -> list[LevelLine]:
    # an edge of the setup stays in sight however far down the list it is
    kept = {line.level_id for line in lines[:each_side]}
    return [line for line in lines if line.level_id in kept or line.role not in ("resistance", "support")]


def _rung(scenario: Scenario, line: LevelLine, horizons: list[str]) -> dict[str, Any]:
    return {
        "close": None,
        "side": line.side,
        "role": line.role if line.role not in ("resistance", "support") else "",
        "zone": scenario.zone(line.low, line.high),
        "name": words.capital(line.name),
        "percent": words.signed(line.distance_percent) + "%"
        if line.distance_percent is not None
        else words.MISSING,
        "atr": words.decimal(None if line.distance_atr is None else abs(line.distance_atr), 1),
        "sigma": words.decimal(None if line.distance_sigma is None else abs(line.distance_sigma), 1),
        "touches": words.MISSING if line.is_average else words.count(line.touches),
        "age": words.MISSING if line.is_average else words.count(line.age_sessions),
        "touch": [words.percent(line.touch_probability.get(h)) for h in horizons],
        "history": words.dated(line.role_history),
    }


_CURVES = (
    ("strategy", "Strategy"),
    ("buy_and_hold", "Buy and hold"),
    ("unfiltered", "Every setup, unfiltered"),
)
_FIGURES = (
    ("annual_return_percent", "Return a year", 1, "%"),
    ("annual_volatility_percent", "Volatility a year", 1, "%"),
    ("sharpe_252", "Sharpe ratio", 2, ""),
    ("max_drawdown_percent", "Deepest drawdown", 1, "%"),
    ("exposure_percent", "Time-average invested", 0, "%"),
    ("trades", "Trades", 0, ""),
)


def backtest_table(backtest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Figures of the strategy beside the simpler things, and the sentences about chance; None without a backtest."""
    if not isinstance(backtest.get("strategy"), Mapping):
        return None
    curves = [(key, label) for key, label in _CURVES if isinstance(backtest.get(key), Mapping)]
    rows = []
    for key, label, digits, unit in _FIGURES:
        values = [words.number(backtest[curve].get(key)) for curve, _ in curves]
        if any(value is not None for value in values):
            cells = [words.MISSING if v is None else words.decimal(v, digits) + unit for v in values]
            rows.append({"label": label, "cells": cells})
    return {
        "curves": [label for _, label in curves],
        "rows": rows,
        "sentences": [text for text in (_costs(backtest), _versus_hold(backtest), _chance(backtest)) if text],
        "warnings": [str(text) for text in backtest.get("warnings") or ()],
    }


def _costs(backtest: Mapping[str, Any]) -> str:
    threshold, horizon = (
        words.number(backtest.get("entry_threshold")),
        words.number(backtest.get("horizon_sessions")),
    )
    if threshold is None or horizon is None:
        return ""
    return (
        f"Bought at the next open when continuation within {words.plural(horizon, 'session')} was given at least "
        f"{words.percent(threshold)}; sold at the target, at the floor, or when the horizon ended. "
        f"Costs per side: {words.decimal(backtest.get('fee_bps'), 1)} basis points of fees and "
        f"{words.decimal(backtest.get('slippage_bps'), 1)} of slippage."
    )


def _versus_hold(backtest: Mapping[str, Any]) -> str:
    mine = words.number(_figure(backtest, "strategy", "sharpe_252"))
    hold = words.number(_figure(backtest, "buy_and_hold", "sharpe_252"))
    if mine is None or hold is None:
        return ""
    verdict = "more" if mine > hold else "less"
    return (
        f"Per unit of risk it earned {verdict} than buy and hold "
        f"(Sharpe {words.decimal(mine, 2)} against {words.decimal(hold, 2)})."
    )


def _chance(backtest: Mapping[str, Any]) -> str:
    if words.number(_figure(backtest, "strategy", "trades")) == 0:
        return "No trade was made, so there is nothing to compare with chance."
    found = []
    p = words.number(_figure(backtest, "random_entries", "p_value"))
    draws = words.number(_figure(backtest, "random_entries", "draws"))
    if p is not None and draws:
        text = (
            f"random entries at the same rate did at least as well in {words.percent(p)} of "
            f"{words.count(draws)} draws"
        )
        found.append(words.sentence(text + ("; that is no evidence of timing" if p > 0.1 else "")))
    deflated = _figure(backtest, "strategy", "deflated_sharpe")
    if isinstance(deflated, Mapping) and words.number(deflated.get("probability")) is not None:
        trials = words.number(deflated.get("trials")) or 1
        allowed = f"Allowing for the {words.count(trials)} trials behind it, the" if trials > 1 else "The"
        found.append(
            f"{allowed} probability that the Sharpe ratio is not luck is {words.percent(deflated['probability'])} "
            "(deflated Sharpe ratio)."
        )
    return " ".join(found)


def _figure(backtest: Mapping[str, Any], curve: str, key: str) -> Any:
    block = backtest.get(curve)
    return block.get(key) if isinstance(block, Mapping) else None


def provenance(material: ReportMaterial) -> list[tuple[str, str]]:
    """Where the numbers come from, as label and value: command, data, audit, versions."""
    manifest = material.manifest or {}
    found: list[tuple[str, str]] = []
    for key, label in (("command", "Command"), ("started_at", "Started"), ("seed", "Seed")):
        if manifest.get(key) not in (None, ""):
            found.append((label, str(manifest[key])))
    found += [(f"Data: {symbol}", _data_words(item)) for symbol, item in _items(manifest.get("data"))]
    for item in manifest.get("audit") or ():
        if isinstance(item, Mapping) and item.get("certificate"):
            found.append((f"Look-ahead audit: {item.get('symbol', '')}", str(item["certificate"])))
    versions = [f"{name} {version}" for name, version in _items(manifest.get("packages"))]
    for key, label in (
        ("config_sha256", "Config, SHA-256"),
        ("git_commit", "Commit"),
        ("engine_version", "Engine"),
        ("python", "Python"),
    ):
        if manifest.get(key):
            found.append((label, str(manifest[key])))
    return [*found, ("Packages", ", ".join(versions))] if versions else found


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else []


def _data_words(item: Any) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    parts = [
        f"{words.plural(item.get('rows'), 'session')} from {words.day(item.get('first_date'))} "
        f"to {words.day(item.get('last_date'))}"
    ]
    real, first = item.get("opens_real_from"), item.get("first_date")
    if real is None:
        parts.append("no open is a traded price")
    elif real != first:
        parts.append(f"opens are traded prices from {words.day(real)}")
    if item.get("sha256"):
        parts.append(f"SHA-256 {item['sha256']}")
    return "; ".join(parts)
