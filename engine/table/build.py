"""Fills in the scenario table of one instrument and date from a replay row, its book and its forecasts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from engine.config import OutcomeConfig
from engine.errors import InputError
from engine.forecast.baselines import BASELINES, in_reading_order
from engine.question import SETUP, SETUP_LEVELS
from engine.rules.reading import BIAS_NAMES, reading_sentence
from engine.scenarios import whole_percents
from engine.table import words
from engine.table.explain import default_notes
from engine.table.explain.explanation import NOTHING, Explanation
from engine.table.pieces import Analogue, Bias, HorizonTable, LevelLine, ScenarioRow, SetupEdge, SetupEdges
from engine.table.scenario import Scenario
from engine.table.story.background import NO_BACKGROUND, Background
from engine.table.story.change import Change
from engine.table.story.reasons import State, note_of
from engine.table.touch.agree import agreeing_touch

_NOT_FACTS = {"open", "high", "low", "instrument", "date", *SETUP, *SETUP_LEVELS}


def build_scenario(
    row: Mapping[str, Any],
    book: pd.DataFrame | None,
    forecasts: pd.DataFrame | None,
    *,
    name: str | None = None,
    explained: Explanation = NOTHING,
    background: Background = NO_BACKGROUND,
) -> Scenario:
    """Fill in the scenario table for one instrument and date.

    Parameters
    ----------
    row : one row of the replay frame (``frame.iloc[t]`` or ``frame.iloc[t].to_dict()``).  NaN reads as
        unknown; without floor, ceiling, target or retest there is no setup and no titles with prices.
    book : levels alive at that date, as ``book_at`` gives them; None or empty where there are none.
    forecasts : the rows of the forecasts frame for this instrument and date, one per horizon; rows of
        other instruments or dates are an error.  None or NaN: probabilities are shown as unavailable.
    name : what readers call the instrument; its symbol if None.
    explained : what stands beside the probabilities.
    background : what led here, and the rule that settles the table.

    Raises
    ------
    InputError
        ``report.no_close`` (the row has no finite close), ``report.mixed_forecasts`` (rows of more than one
        date or instrument), ``report.bad_book`` (a column is missing).
    """
    facts = {str(key): words.number(value) for key, value in row.items() if key not in _NOT_FACTS}
    close = words.number(row.get("close"))
    if close is None:
        raise InputError("report.no_close", "the replay row has no close", "pass one row of the replay frame")
    instrument = str(row.get("instrument", ""))
    as_of = words.to_date(row.get("date"))
    decimals = words.price_decimals(close, row.get("atr_14"))
    book = _checked_book(book)
    setup = _setup(row, book)
    levels = _level_lines(book, setup, explained.level_touch)
    tables = _tables(
        _checked_forecasts(forecasts, instrument, as_of),
        State(close, decimals, facts, background.past, setup, levels),
        explained,
        background.outcome,
    )
    lines = [
        dataclasses.replace(line, touch_probability=agreeing_touch(line, close, setup, tables))
        for line in levels
    ]
    return Scenario(
        instrument=instrument,
        name=name or instrument,
        as_of="" if as_of is None else as_of.isoformat(),
        close=close,
        price_decimals=decimals,
        bias=_bias(row, decimals),
        setup=setup,
        horizons=tables,
        resistance=tuple(line for line in lines if line.side == "resistance"),
        support=tuple(line for line in lines if line.side == "support"),
        analogues=tuple(_analogue(item) for item in explained.analogues),
        facts=facts,
        past=background.past,
        change=None
        if background.since is None or setup is None
        else Change(background.since, background.moves, tuple(explained.shares)),
    )


def _checked_book(book: pd.DataFrame | None) -> pd.DataFrame:
    if book is None:
        return pd.DataFrame(columns=["level_id", "name", "kind", "side", "low", "high"])
    missing = {"level_id", "name", "kind", "side", "low", "high"} - set(book.columns)
    if missing:
        raise InputError(
            "report.bad_book", f"the level book has no column {sorted(missing)}", "pass what book_at returns"
        )
    return book


def _checked_forecasts(forecasts: pd.DataFrame | None, instrument: str, as_of: Any) -> pd.DataFrame | None:
    if forecasts is None or forecasts.empty:
        return None
    for column, wanted in (("instrument", instrument), ("date", as_of)):
        if column not in forecasts.columns:
            continue
        values = forecasts[column]
        seen = {words.to_date(v) if column == "date" else str(v) for v in values.unique()}
        if seen != {wanted}:
            raise InputError(
                "report.mixed_forecasts",
                f"forecasts for {column} {wanted} expected, found {sorted(map(str, seen))}",
                "pass the forecast rows of the replay row's own instrument and date",
            )
    return forecasts.sort_values("horizon_sessions")


def _setup(row: Mapping[str, Any], book: pd.DataFrame) -> SetupEdges | None:
    prices = {name: words.number(row.get(name)) for name in SETUP}
    if any(value is None for value in prices.values()):
        return None
    named = {int(i): str(name) for i, name in zip(book["level_id"], book["name"], strict=True)}

    def edge(role: str, low: Any, high: Any) -> SetupEdge:
        raw = words.number(row.get(f"{role}_level_id"))
        level_id = None if raw is None or raw < 0 else int(raw)
        return SetupEdge(
            low=float(low),
            high=float(high),
            level_id=level_id,
            level_name="" if level_id is None else words.plain_name(named.get(level_id, "")),
            projected=raw == -1,
        )

    return SetupEdges(
        floor=edge("floor", prices["floor"], prices["floor"]),
        ceiling=edge("ceiling", prices["ceiling"], prices["ceiling"]),
        target=edge("target", prices["target_low"], prices["target_high"]),
        retest=edge("retest", prices["retest"], prices["retest"]),
    )


def titles(setup: SetupEdges | None, decimals: int, outcome: OutcomeConfig | None = None) -> dict[str, str]:
    """The three titles by the prices that settle them: under the rule ``target`` a range ends at the target."""
    if setup is None:
        return dict(words.SCENARIO_LABELS)
    target = words.zone(setup.target.low, setup.target.high, decimals)
    floor, ceiling, first, retest = (
        words.price(edge.low, decimals) for edge in (setup.floor, setup.ceiling, setup.target, setup.retest)
    )
    if outcome is not None and outcome.rule != "target":
        return {
            "continuation": f"Up through {ceiling}",
            "range": f"Between {floor} and {ceiling}",
            "breakdown": f"Down through {floor}",
        }
    return {
        "continuation": f"Up to {target}",
        "range": f"Between {floor} and {first}",
        "breakdown": f"Down through {floor}, next {retest}",
    }


def _note(
    state: State, explained: Explanation, horizon: int, scenario: str, said: dict[str, int] | None
) -> str:
    taken_apart = {name: explained.attributions.get((horizon, name)) for name in words.DISPLAY_ORDER}
    own = taken_apart[scenario]
    if own is None or said is None or None in taken_apart.values():
        return default_notes.geometric_notes(state.setup, state.facts, state.decimals)[scenario]
    each = whole_percents([one.alone for one in taken_apart.values() if one is not None])
    alone = dict(zip(taken_apart, each, strict=True))
    return note_of(state, own, scenario, (said[scenario], alone[scenario]))


def _tables(
    forecasts: pd.DataFrame | None, state: State, explained: Explanation, outcome: OutcomeConfig
) -> tuple[HorizonTable, ...]:
    if forecasts is None:
        return ()
    title = titles(state.setup, state.decimals, outcome)
    tables = []
    for forecast in forecasts.to_dict("records"):
        horizon = int(forecast["horizon_sessions"])
        rows = []
        known = [words.number(forecast.get(f"p_{scenario}")) for scenario in words.DISPLAY_ORDER]
        shares = [p for p in known if p is not None]
        said = (
            dict(zip(words.DISPLAY_ORDER, whole_percents(shares), strict=True)) if len(shares) == 3 else None
        )
        for scenario in words.DISPLAY_ORDER:
            low, high = explained.intervals.get((horizon, scenario), (None, None))
            difference = explained.differences.get((horizon, scenario), (None, None, None))
            note = _note(state, explained, horizon, scenario, said)
            rows.append(
                ScenarioRow(
                    scenario=scenario,
                    title=title[scenario],
                    probability=words.number(forecast.get(f"p_{scenario}")),
                    low=words.number(low),
                    high=words.number(high),
                    baselines={
                        name: words.number(forecast.get(f"{name}_{scenario}"))
                        for name in in_reading_order()
                        if name == "filtered_history"
                        or (
                            BASELINES[name].in_table
                            and words.number(forecast.get(f"{name}_{scenario}")) is not None
                        )
                    },
                    note=words.sentence(note),
                    reliability=words.sentence(explained.reliability.get((horizon, scenario), "")),
                    opponent=explained.opponent,
                    difference=words.number(difference[0]),
                    difference_low=words.number(difference[1]),
                    difference_high=words.number(difference[2]),
                    attribution=explained.attributions.get((horizon, scenario)),
                )
            )
        tables.append(
            HorizonTable(
                horizon_sessions=horizon,
                rows=tuple(rows),
                p_target_touch=words.number(forecast.get("p_target_touch")),
                p_retest_touch=words.number(forecast.get("p_retest_touch")),
                effective_rows=words.number(explained.effective_rows.get(horizon)),
            )
        )
    return tuple(tables)


def _bias(row: Mapping[str, Any], decimals: int) -> Bias:
    code = words.number(row.get("bias"))
    label = "unknown" if code is None else BIAS_NAMES.get(int(code), "unknown")
    flip = words.number(row.get("flip_price"))
    close = words.number(row.get("close"))
    flip_sentence = ""
    if flip is not None and close is not None and code is not None:
        level = words.price(flip, decimals)
        where = "below" if flip <= close else "above"
        turn = {
            (1, "below"): "would end the bullish bias",
            (-1, "above"): "would end the bearish bias",
            (0, "above"): "would turn the bias bullish",
            (0, "below"): "would turn the bias bearish",
        }.get((int(code), where), "would change the bias")
        name = _line_named(row, flip)
        flip_sentence = f"A close {where} {level}{f', {name},' if name else ''} {turn}."
    return Bias(
        label=label,
        sentence=words.sentence(reading_sentence(row)),
        flip_price=flip,
        flip_sentence=flip_sentence,
    )


def _line_named(row: Mapping[str, Any], price: float) -> str:
    """What an analyst calls the line at ``price``, one of the averages or edges; nothing where it is none of them."""
    lines = (
        ("sma_50", "the 50-day average"), ("sma_200", "the 200-day average"), ("floor", "the floor"),
        ("ceiling", "the ceiling"),
    )  # fmt: skip
    for column, name in lines:
        value = words.number(row.get(column))
        if value is not None and abs(value - price) <= 1e-9 * abs(price):
            return name
    return ""


def _role(level_id: int, side: str, setup: SetupEdges | None) -> str:
    if setup is not None:
        held = [
            name
            for name in ("target", "ceiling", "floor", "retest")
            if getattr(setup, name).level_id == level_id and level_id >= 0
        ]
        if held:
            return words.join(held)
    return side


def _level_lines(
    book: pd.DataFrame, setup: SetupEdges | None, level_touch: Mapping[int, Mapping[int, float]]
) -> list[LevelLine]:
    lines = []
    for record in book.to_dict("records"):
        level_id = int(record["level_id"])
        history = record.get("role_history", "")
        if isinstance(history, Sequence) and not isinstance(history, str):
            history = "; ".join(str(item) for item in history)
        lines.append(
            LevelLine(
                level_id=level_id,
                name=str(record["name"]),
                kind=str(record["kind"]),
                side=str(record["side"]),
                role=_role(level_id, str(record["side"]), setup),
                low=float(record["low"]),
                high=float(record["high"]),
                distance_percent=words.number(record.get("distance_percent")),
                distance_atr=words.number(record.get("distance_atr")),
                distance_sigma=words.number(record.get("distance_sigma")),
                touches=int(words.number(record.get("touches")) or 0),
                age_sessions=int(words.number(record.get("age_sessions")) or 0),
                strength=words.number(record.get("strength")),
                role_history="" if history is None or history != history else str(history),
                touch_probability={
                    str(int(horizon)): words.number(p)
                    for horizon, p in sorted(
                        level_touch.get(level_id, {}).items(), key=lambda item: int(item[0])
                    )
                },
            )
        )
    return sorted(lines, key=lambda line: (abs(line.distance_percent or 0.0), line.low, line.level_id))


def _analogue(item: Mapping[str, Any]) -> Analogue:
    moment = words.to_date(item.get("date"))
    outcomes = item.get("outcomes") or {}
    return Analogue(
        date="" if moment is None else moment.isoformat(),
        distance=words.number(item.get("distance")),
        outcomes={
            str(h): (None if value is None or value != value else str(value)) for h, value in outcomes.items()
        },
        reading=str(item.get("reading") or ""),
    )
