"""A small made-up run: simulated bars, a plausible book, forecasts and metrics of the contract's shape."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from engine.bars.simulate import simulate_bars
from engine.config import Config, parse_config
from engine.forecast.baselines import BASELINES
from engine.report.page.material import ReportMaterial
from engine.rules.indicators import INDICATORS, compute_indicators
from engine.table.build import build_scenario
from engine.table.explain.explanation import Explanation
from engine.table.scenario import Scenario

HORIZONS = (10, 15)


def make_config(symbols: tuple[str, ...] = ("SIM",)) -> Config:
    return parse_config(
        {
            "name": "simulated",
            "instruments": [
                {"symbol": s, "family": "simulated", "source": {"kind": "csv", "path": f"{s}.csv"}}
                for s in symbols
            ],
            "forecast": {"analyst": {"continuation": 0.5, "range": 0.35, "breakdown": 0.15}},
        }
    )


def make_replay(symbol: str = "SIM", n: int = 1600, seed: int = 3) -> pd.DataFrame:
    bars = simulate_bars(n, seed=seed, volatility_persistence=0.95, start_price=1500.0, symbol=symbol)
    frame = bars.to_frame().reset_index()
    frame.insert(0, "instrument", symbol)
    indicators = compute_indicators(bars)
    for i, name in enumerate(INDICATORS):
        frame[name] = indicators[:, i]
    atr = frame["atr_14"]
    frame["floor"] = frame["close"] - 1.6 * atr
    frame["ceiling"] = frame["close"] + 1.0 * atr
    frame["target_low"] = frame["close"] + 2.1 * atr
    frame["target_high"] = frame["close"] + 2.4 * atr
    frame["retest"] = frame["close"] - 2.6 * atr
    for role, level_id in (("floor", 11), ("ceiling", 3), ("target", 5), ("retest", -1)):
        frame[f"{role}_level_id"] = np.where(np.isfinite(atr), level_id, -2)
    side = np.where(frame["close"] > frame["sma_50"], 1.0, -1.0)
    frame["bias"] = np.where(np.isfinite(frame["sma_50"]), side, np.nan)
    frame["position"] = 1.0
    frame["flip_price"] = frame["sma_50"]
    return frame


def make_book(row: pd.Series) -> pd.DataFrame:
    close, atr = float(row["close"]), float(row["atr_14"])
    plan = [
        (3, "Supply zone of early November", "supply_zone", 0.7, 1.0, 3, 21, ""),
        (4, "Resistance shelf", "resistance_shelf", 1.25, 1.5, 4, 48, ""),
        (5, "Prior all-time-high region", "all_time_high", 2.1, 2.4, 2, 64, ""),
        (6, "October swing high", "swing_high", 2.7, 2.9, 1, 39, "support until 4 October, resistance since"),
        (10, "50-day moving average, reclaimed 6 sessions ago", "moving_average_50", -0.5, -0.5, 0, 0, ""),
        (
            11,
            "Multi-week support shelf",
            "support_shelf",
            -1.6,
            -1.2,
            5,
            80,
            "resistance until 2 May, support since",
        ),
        (12, "November swing low", "swing_low", -2.8, -2.5, 2, 9, ""),
        (13, "200-day moving average", "moving_average_200", -5.9, -5.9, 0, 0, ""),
    ]
    sigma = float(row["sigma"])
    records = []
    for level_id, name, kind, low, high, touches, age, history in plan:
        side = "resistance" if low > 0 else "support"
        edge = low if low > 0 else high
        records.append(
            {
                "level_id": level_id,
                "name": name,
                "kind": kind,
                "side": side,
                "low": close + low * atr,
                "high": close + high * atr,
                "distance_percent": 100 * edge * atr / close,
                "distance_atr": edge,
                "distance_sigma": edge * atr / close / sigma,
                "touches": touches,
                "age_sessions": age,
                "strength": 0.4 + 0.1 * touches,
                "role_history": history,
            }
        )
    return pd.DataFrame(records)


def make_forecasts(replay: pd.DataFrame, seed: int = 5, first: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = replay.iloc[first:]
    n = len(rows)
    frames = []
    wave = np.cumsum(rng.normal(0, 0.06, n))
    wave -= np.linspace(0, wave[-1], n)
    for horizon in HORIZONS:
        shift = 0.25 if horizon == 15 else 0.0
        logits = np.column_stack(
            [0.1 - wave + shift, 0.9 - 3 * shift + 0.2 * np.sin(np.arange(n) / 40), wave + shift]
        )
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        codes = np.array([rng.choice(3, p=q) for q in p])
        outcome = np.array(["breakdown", "range", "continuation"], dtype=object)[codes]
        outcome[n - horizon :] = None
        frame = pd.DataFrame(
            {
                "instrument": rows["instrument"].to_numpy(),
                "date": rows["date"].to_numpy(),
                "horizon_sessions": horizon,
                "fold": np.arange(n) // 63,
                "outcome": outcome,
            }
        )
        for prefix in ("p", "raw", *BASELINES.names):
            q = p if prefix == "p" else p ** rng.uniform(0.7, 1.1)
            q = (
                np.tile([0.15, 0.35, 0.5], (n, 1))
                if prefix == "analyst"
                else q / q.sum(axis=1, keepdims=True)
            )
            for code, name in enumerate(("breakdown", "range", "continuation")):
                frame[f"{prefix}_{name}"] = q[:, code]
        frame["p_target_touch"] = p[:, 2]
        frame["p_retest_touch"] = 0.7 * p[:, 0]
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


REGIMES = [
    {
        "grouping": grouping,
        "group": group,
        "rows": 1200,
        "effective_rows": 80.0,
        "scores": {"model": {"log_loss_nats": 0.9417, "brier": 0.55, "rps": 0.19}},
        "skill": {"filtered_history": {"log_loss_skill": value, "low": value - 0.012, "high": value + 0.011}},
    }
    for grouping, group, value in (
        ("trend", "above_sma_200", 0.006),
        ("trend", "below_sma_200", -0.002),
        ("volatility", "high", 0.001),
        ("volatility", "low", 0.009),
        ("volatility", "middle", 0.002),
        ("year", "1972", 0.004),
        ("year", "1973", -0.011),
        ("year", "1974", 0.004),
        ("year", "1975", 0.014),
    )
]


PLACEBO = {
    "rows": 800,
    "effective_rows": 107.0,
    "scenarios": {
        name: {
            "real_frequency": 0.31,
            "real_expected": 0.33,
            "placebo_frequency": 0.34,
            "placebo_expected": 0.33,
            "hit_rate_difference": -0.03,
            "low": -0.06,
            "high": 0.01,
        }
        for name in ("breakdown", "range", "continuation")
    },
    "surprise_difference_nats": 0.004,
    "surprise_difference_nats_low": -0.01,
    "surprise_difference_nats_high": 0.02,
    "verdict": "real levels are not distinguishable from random prices at the same distance",
}


def make_metrics(skill: float = 0.004, low: float = -0.002, high: float = 0.010) -> dict:
    horizons = {}
    for h in HORIZONS:
        horizons[str(h)] = {
            "rows": 3771 - h,
            "effective_rows": (3771 - h) / h,
            "base_rates": {"continuation": 0.34, "range": 0.41, "breakdown": 0.25},
            "scores": {
                name: {"log_loss_nats": 0.93 + 0.01 * i, "brier": 0.55 + 0.01 * i, "rps": 0.19 + 0.005 * i}
                for i, name in enumerate(
                    ("model", "filtered_history", "random_walk", "same_reading", "climatology")
                )
            },
            "skill": {
                name: {
                    "log_loss_skill": mean,
                    "low": bottom,
                    "high": top,
                    "dm_p_value": p,
                    **{
                        f"{score}_skill{end}": value
                        for score in ("brier", "rps")
                        for end, value in (("", mean), ("_low", bottom), ("_high", top))
                    },
                }
                for name, mean, bottom, top, p in (
                    ("filtered_history", skill, low, high, 0.21),
                    ("random_walk", 0.021, 0.009, 0.034, 0.002),
                    ("same_reading", 0.135, 0.10, 0.17, 0.0001),
                    ("climatology", 0.151, 0.12, 0.18, 0.0001),
                    ("analyst", 0.21, 0.17, 0.25, 0.0001),
                )
            },
            "calibration": {
                name: {
                    "mean_forecast": 0.33,
                    "frequency": 0.34,
                    "ece": 0.021,
                    "ece_floor_mean": 0.024,
                    "ece_floor_q95": 0.041,
                    "mcb": 0.0021,
                    "mcb_p_value": 0.41,
                    "mcb_p_holm": 1.0,
                    "dsc": 0.031,
                    "unc": 0.22,
                    "slope": 0.97,
                    "intercept": 0.02,
                }
                for name in ("continuation", "range", "breakdown")
            },
            "power": {
                "overconfidence_25": {"continuation": 0.2, "range": 0.1, "breakdown": 0.3, "any": 0.34},
                "overconfidence_50": {"continuation": 0.6, "range": 0.4, "breakdown": 0.7, "any": 0.81},
            },
            "regimes": REGIMES,
        }
    return {
        "horizons": horizons,
        "interval_coverage": 0.9,
        "checks": ["fake_opens", "not_better", "few_windows", "search_edge"],
        "checks_not_applicable": ["search_edge"],
        "placebo": {"horizons": {str(h): PLACEBO for h in HORIZONS}},
    }


def make_equity(replay: pd.DataFrame, first: int = 400, seed: int = 9) -> pd.DataFrame:
    rows = replay.iloc[first:]
    rng = np.random.default_rng(seed)
    n = len(rows)
    steps = rng.normal(0.0003, 0.006, n)
    draws = np.cumsum(rng.normal(0.0001, 0.005, (200, n)), axis=1)
    ranked = np.sort(draws, axis=0)
    hold = (rows["close"] / rows["close"].iloc[0]).to_numpy()
    return pd.DataFrame(
        {
            "date": rows["date"].to_numpy(),
            "strategy": 1e5 * np.exp(np.cumsum(steps)),
            "buy_and_hold": 1e5 * hold,
            "unfiltered": 1e5 * np.exp(np.cumsum(steps * 0.8 + rng.normal(0, 0.002, n))),
            "random_median": 1e5 * np.exp(ranked[100]),
            "random_low": 1e5 * np.exp(ranked[10]),
            "random_high": 1e5 * np.exp(ranked[189]),
            "exposure": 0.4,
        }
    )


def make_scenario(replay: pd.DataFrame, forecasts: pd.DataFrame | None, book=None, **extras) -> Scenario:
    row = replay.iloc[-1]
    today = None if forecasts is None else forecasts[forecasts["date"] == row["date"]]
    if not extras:
        p = {} if today is None else {int(r["horizon_sessions"]): r for _, r in today.iterrows()}
        extras = {
            "intervals": {
                (h, s): (max(0.0, r[f"p_{s}"] - 0.06), min(1.0, r[f"p_{s}"] + 0.07))
                for h, r in p.items()
                for s in ("continuation", "range", "breakdown")
            },
            "reliability": {
                (h, "continuation"): "of 214 past forecasts between 45 and 55%, 49% came true"
                for h in HORIZONS
            },
            "effective_rows": {h: 1100 / h for h in HORIZONS},
            "level_touch": {
                i: {h: round(math.exp(-0.4 * d - 3 / h), 3) for h in HORIZONS}
                for i, d in (
                    (3, 0.7),
                    (4, 1.3),
                    (5, 2.1),
                    (6, 2.7),
                    (10, 0.5),
                    (11, 1.2),
                    (12, 2.5),
                    (13, 5.9),
                )
            },
            "analogues": [
                {
                    "date": "1975-03-07",
                    "distance": 0.81,
                    "outcomes": {10: "continuation", 15: "continuation"},
                },
                {"date": "1973-11-19", "distance": 1.02, "outcomes": {10: "range", 15: "breakdown"}},
            ],
        }
    return build_scenario(
        row, make_book(row) if book is None else book, today, explained=Explanation(**extras)
    )


def make_material(symbols: tuple[str, ...] = ("SIM",)) -> ReportMaterial:
    replays = [make_replay(symbol, seed=3 + i) for i, symbol in enumerate(symbols)]
    forecasts = [make_forecasts(replay, seed=5 + i) for i, replay in enumerate(replays)]
    scenarios = [make_scenario(r, f) for r, f in zip(replays, forecasts, strict=True)]
    return ReportMaterial(
        config=make_config(symbols),
        scenarios=scenarios,
        manifest={"status": "completed", "command": "engine run configs/sim.yaml"},
        replay=pd.concat(replays, ignore_index=True),
        forecasts=pd.concat(forecasts, ignore_index=True),
        equity=make_equity(replays[0]),
        metrics={**make_metrics(), "findings": FINDINGS},
    )


FINDINGS = [
    {
        "code": "not_better",
        "title": "Not better than filtered history",
        "severity": "failure",
        "explanation": "The interval of the skill contains 0.",
    },
    {
        "code": "few_windows",
        "title": "Few independent windows",
        "severity": "note",
        "explanation": "251 windows at 15 sessions.",
    },
]
