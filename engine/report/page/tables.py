"""The rows of the page's tables: formatted cells, no markup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.plugins.words import plugin_sentences
from engine.report.page.material import ReportMaterial
from engine.report.prose.attribution_words import attribution_sentence
from engine.table import words
from engine.table.outlook import against_opponent
from engine.table.pieces import in_sight
from engine.table.scenario import HorizonTable, LevelLine, Scenario


def scenario_tables(scenario: Scenario) -> list[dict[str, Any]]:
    """One table per horizon, ascending; a note already given for a longer horizon, shown first, is not repeated."""
    tables = []
    said: set[str] = set()
    for table in reversed(scenario.horizons):
        tables.append(_scenario_table(table, said))
        said.update(row.note for row in table.rows)
    return tables[::-1]


def _scenario_table(table: HorizonTable, said: set[str]) -> dict[str, Any]:
    percents = table.whole_percents
    names = table.baselines
    shares = {name: table.baseline_percents(name) or {} for name in names}
    rows = []
    for row in table.rows:
        share = None if percents is None else percents[row.scenario]
        rows.append(
            {
                "scenario": row.scenario,
                "title": row.title,
                "name": words.SCENARIO_LABELS[row.scenario],
                "percent": words.MISSING if share is None else f"{share}%",
                "width": 0.0 if row.probability is None else round(100 * row.probability, 1),
                "low": None if row.low is None else round(100 * row.low, 1),
                "high": None if row.high is None else round(100 * row.high, 1),
                "interval": words.percent_range(row.low, row.high),
                "baselines": [_share(shares[name].get(row.scenario)) for name in names],
                "note": "" if row.note in said else row.note,
                "reliability": row.reliability,
                "attribution": attribution_sentence(row),
            }
        )
    facts = []
    if table.p_target_touch is not None:
        facts.append(f"target zone touched with probability {words.percent(table.p_target_touch)}")
    if table.p_retest_touch is not None:
        facts.append(f"retest price with {words.percent(table.p_retest_touch)}")
    if table.effective_rows is not None:
        facts.append(f"fitted on about {words.count(table.effective_rows)} independent windows")
    return {
        "horizon": table.horizon_sessions,
        "caption": f"Next {words.plural(table.horizon_sessions, 'session')}",
        "weeks": words.weeks(table.horizon_sessions, table.sessions_per_week),
        "available": percents is not None,
        "baselines": [words.baseline_label(name) for name in names],
        "has_interval": any(row["interval"] for row in rows),
        "rows": rows,
        "facts": words.sentence("; ".join(facts)),
        "against": against_opponent(table),
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
    above = [_rung(scenario, line, horizons) for line in reversed(in_sight(scenario.resistance, each_side))]
    below = [_rung(scenario, line, horizons) for line in in_sight(scenario.support, each_side)]
    if not above and not below:
        return []
    return [*above, {"close": scenario.price(scenario.close)}, *below]


def _rung(scenario: Scenario, line: LevelLine, horizons: list[str]) -> dict[str, Any]:
    inside = line.low <= scenario.close <= line.high and not line.is_average
    return {
        "close": None,
        "side": line.side,
        "role": line.role if line.role not in ("resistance", "support") else "",
        "zone": scenario.zone(line.low, line.high),
        "name": words.capital(line.name),
        "percent": "inside"
        if inside
        else words.signed(line.distance_percent) + "%"
        if line.distance_percent is not None
        else words.MISSING,
        "atr": words.decimal(None if line.distance_atr is None else abs(line.distance_atr), 1),
        "sigma": words.decimal(None if line.distance_sigma is None else abs(line.distance_sigma), 1),
        "touches": words.MISSING if line.is_average else words.count(line.touches),
        "age": words.MISSING if line.is_average else words.count(line.age_sessions),
        "touch": [words.percent(line.touch_probability.get(h)) for h in horizons],
        "history": words.dated(line.role_history),
    }


def provenance(material: ReportMaterial) -> list[tuple[str, str]]:
    """Where the numbers come from, as label and value: command, data, audit, versions."""
    manifest = material.manifest or {}
    found: list[tuple[str, str]] = []
    for key, label in (("command", "Command"), ("started_at", "Started"), ("seed", "Seed")):
        if manifest.get(key) not in (None, ""):
            found.append((label, str(manifest[key])))
    found += [(f"Data: {symbol}", _data_words(item)) for symbol, item in _items(manifest.get("data"))]
    for item in manifest.get("corrections") or ():
        where = f"{item['symbol']} " if item.get("symbol") else ""
        found.append((f"Correction: {where}{item['date']}", f"{item['what']}; {item['reason']}"))
    found += [("Rules of the user", sentence) for sentence in plugin_sentences(manifest.get("plugins"))]
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
    untraded = [
        f"{words.day(first)} to {words.day(last)}" for first, last in item.get("untraded_opens") or ()
    ]
    if untraded:
        parts.append(f"opens are not traded prices {', '.join(untraded)}")
    if item.get("sha256"):
        parts.append(f"SHA-256 {item['sha256']}")
    return "; ".join(parts)
