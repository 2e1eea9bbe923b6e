"""The market around the bars: reading files, joining context, replaying with it.  Imports are not counted."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._clock import seconds
from engine.bars.context import Context, Observed, known_values
from engine.bars.load import judged, load_bars, load_universe
from engine.bars.simulate import simulate_bars
from engine.config import Instrument, ReplayConfig, parse_config
from engine.replay.replay import replay

_SESSIONS = 5_000
_FILES = 40  # of the 500 that the budget is for


def _instrument(path: Path) -> Instrument:
    kind = "parquet" if path.suffix == ".parquet" else "csv"
    return Instrument.model_validate({"symbol": "X", "source": {"kind": kind, "path": path}})


def _investing(bars, path: Path) -> None:
    """Newest first, month/day/year, thousands separators, K volumes and percent, every cell in quotes."""
    frame = pd.DataFrame({"Date": bars.dates.astype("datetime64[us]")})
    frame["Date"] = frame["Date"].dt.strftime("%m/%d/%Y")
    for name, column in (("Price", bars.close), ("Open", bars.open), ("High", bars.high), ("Low", bars.low)):
        frame[name] = [f"{value:,.2f}" for value in column * 20]
    frame["Vol."] = [f"{value / 1e3:.2f}K" for value in 1e5 + bars.volume]
    frame["Change %"] = "0.10%"
    frame.iloc[::-1].to_csv(path, index=False, quoting=1)


def _series(dates: np.ndarray, count: int) -> tuple[Observed, ...]:
    rng = np.random.default_rng(5)
    roles = ("yield_10y", "credit_spread", "dollar", "implied_volatility", "implied_volatility_3m")
    return tuple(
        Observed(
            f"s{i}",
            roles[i] if i < len(roles) else "other",
            dates,
            20 + rng.normal(0, 0.1, len(dates)).cumsum() % 9,
            None,
            1,
            10,
        )
        for i in range(count)
    )


def measure() -> list[dict]:
    """Rows for ``make bench``."""
    rows = []
    bars = simulate_bars(_SESSIONS, seed=4)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bars.to_frame().to_csv(folder / "iso.csv")
        bars.to_frame().to_parquet(folder / "bars.parquet")
        _investing(bars, folder / "investing.csv")
        for file, limit in (("iso.csv", 120), ("investing.csv", 120), ("bars.parquet", 40)):
            item = _instrument(folder / file)
            taken = seconds(lambda item=item: load_bars(item, ReplayConfig()))
            rows.append(
                {
                    "name": f"load and check {_SESSIONS} bars, {file}",
                    "value": 1e3 * taken,
                    "unit": "ms of processor",
                    "budget": limit,
                }
            )
        for i in range(_FILES):
            simulate_bars(_SESSIONS, seed=i).to_frame().to_csv(folder / f"many_{i}.csv")
        members = [
            {"symbol": f"M{i}", "source": {"kind": "csv", "path": str(folder / f"many_{i}.csv")}}
            for i in range(_FILES)
        ]
        config = parse_config({"name": "many", "instruments": members})
        taken = seconds(lambda: judged(load_universe(config).bars, config), runs=1)
        # two cores share the files; processor time is that of both
        rows.append(
            {
                "name": "500 files checked (from 40), both cores",
                "value": taken * 500 / _FILES / 2,
                "unit": "s",
                "budget": 40,
            }
        )
    ten = _series(bars.dates, 10)
    taken = seconds(lambda: [known_values(one, bars.dates) for one in ten])
    rows.append(
        {
            "name": f"ten context series joined to {_SESSIONS} sessions",
            "value": 1e3 * taken,
            "unit": "ms of processor",
            "budget": 20,
        }
    )
    many = simulate_bars(200_000, seed=4)
    config = parse_config(
        {"name": "x", "instruments": [{"symbol": "X", "source": {"kind": "bundled", "name": "nasdaq"}}]}
    )
    for what, context in (
        ("without context", None),
        ("with ten context series", Context(many.dates, _series(many.dates, 10), known_values)),
    ):
        from dataclasses import replace

        series = replace(many, around=replace(many.around, context=context))
        taken = seconds(lambda series=series: replay(series, config), runs=3)
        rows.append(
            {
                "name": f"replay of 200,000 bars {what}",
                "value": len(many) / taken / 1e6,
                "unit": "million bars/s",
            }
            | ({} if context is None else {"budget": ">= 1"})
        )
    return rows
