"""Does the question hold still?  With memory and without, on the bundled series and on ``ENGINE_DATA``'s where it is set.

For each series: the share of quiet days (the close moved by less than 0.5 ATR) on which target or floor moved by more
than 0.5 ATR, base rates and projected shares, and skill over filtered_history with its 90 % interval at the longest
horizon.  The thresholds of memory were chosen by the first figure; the last was looked at once.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from engine.config import parse_config
from engine.pipeline import replay
from engine.question import FLOOR, PROJECTED, SETUP_LEVELS, TARGET_LEVEL, TARGET_LOW
from engine.rules.indicators import ATR
from engine.scenarios import SCENARIOS

_MOVED_ATR = 0.5
_MOST_QUIET_MOVES = "<= 8"


def moves_on_quiet_days(bars, replayed) -> float:
    """Share of quiet days on which target or floor moves by more than half an ATR."""
    setup, atr = replayed.setup, replayed.indicators[1:, ATR]
    known = np.isfinite(setup[1:, FLOOR]) & np.isfinite(setup[:-1, FLOOR])
    quiet = known & (np.abs(np.diff(bars.close)) < _MOVED_ATR * atr)
    moved = np.abs(np.diff(setup[:, [FLOOR, TARGET_LOW]], axis=0)) > _MOVED_ATR * atr[:, None]
    return float(moved[quiet].any(axis=1).mean())


def _series() -> dict[str, dict]:
    found = {name: {"kind": "bundled", "name": name} for name in ("nasdaq", "sp500")}
    home = os.environ.get("ENGINE_DATA")
    for name in ("rut", "rty_f", "spy") if home else ():
        found[name] = {"kind": "csv", "path": str(Path(home) / f"{name}.csv")}
    return found


def measure() -> list[dict]:
    """Rows for ``make bench``."""
    from engine.forecast.walk_forward import walk_forward
    from engine.verify.verify import verify

    rows = []
    for symbol, source in _series().items():
        for memory in (False, True):
            config = parse_config(
                {
                    "name": "question",
                    "instruments": [{"symbol": symbol, "source": source}],
                    "setup": {"memory": memory},
                }
            )
            replayed = replay(config)
            (entry,) = replayed.replays.values()
            how = f"{symbol}, memory {'on' if memory else 'off'}"
            share = moves_on_quiet_days(entry.bars, entry)
            rows.append(
                {"name": f"{how}: question moves on quiet days", "value": 100 * share, "unit": "%"}
                | ({"budget": _MOST_QUIET_MOVES} if memory else {})
            )
            defined = np.isfinite(entry.setup[:, FLOOR])
            projected = (entry.setup_levels[defined] == PROJECTED).mean(axis=0)
            for name, column in (("floor", 0), ("target", TARGET_LEVEL)):
                assert SETUP_LEVELS[column].startswith(name)
                rows.append(
                    {"name": f"{how}: {name} projected", "value": 100 * projected[column], "unit": "%"}
                )
            forecasts = walk_forward(replayed.inputs, config).frame
            last = forecasts[forecasts["horizon_sessions"] == config.horizons[-1]]
            for scenario in SCENARIOS:
                rate = 100 * float((last["outcome"].dropna() == scenario).mean())
                rows.append({"name": f"{how}: base rate of {scenario}", "value": rate, "unit": "%"})
            skills = verify(forecasts, replayed.frame, config).metrics["horizons"][str(config.horizons[-1])][
                "skill"
            ]
            found = skills["filtered_history"]
            for part in ("log_loss_skill", "log_loss_skill_low", "log_loss_skill_high"):
                rows.append(
                    {
                        "name": f"{how}: {part} over filtered_history",
                        "value": 100 * found[part],
                        "unit": "%",
                    }
                )
    return rows
