"""A level kind as a plugin beside the same kind built in, and what a rule in plain Python costs a bar."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import engine.plugins.example as example
from engine.bars.simulate import simulate_bars
from engine.config import guests_of, parse_config
from engine.guests import present
from engine.rules.indicators import compute_indicators
from engine.rules.kinds import CANDIDATE, KINDS, level_params

_BARS = 100_000
_TURNS = 25

_TWIN = '''
"""{name} as a plugin: the source of the built-in, under another name."""
import inspect
import engine.rules.kinds.{name} as built_in
from engine.plugins import Plugin

source = inspect.getsource(built_in).replace("from __future__ import annotations", "").replace("cache=True, ", "")
names = dict(__name__=__name__)
exec(compile(source, __file__, "exec"), names)
from dataclasses import replace
PLUGIN = Plugin(level_kinds=(replace(names["KIND"], name="my_{name}"),))
'''


def measure() -> list[dict]:
    bars = simulate_bars(_BARS, seed=1, volatility_persistence=0.97)
    indicators = compute_indicators(bars)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name in ("swing_high", "demand_zone"):
            path = Path(folder) / f"my_{name}.py"
            path.write_text(_TWIN.format(name=name))
            files.append(str(path))
        (Path(folder) / "my_rules.py").write_text(Path(str(example.__file__)).read_text())
        source = {"kind": "bundled", "name": "nasdaq"}
        config = parse_config(
            {
                "name": "bench",
                "instruments": [{"symbol": "SIM", "source": source}],
                "plugins": [*files, str(Path(folder) / "my_rules.py")],
            }
        )
        with present(guests_of(config)):
            params = level_params(config.rules)
            out = np.empty(_BARS, CANDIDATE)

            def scanning(name: str, stop: int = _BARS) -> Callable[[], int]:
                scan = KINDS[name].scan
                assert scan is not None
                return lambda: scan(
                    bars.open, bars.high, bars.low, bars.close, indicators, 0, stop, params, out
                )

            for name in ("swing_high", "demand_zone"):
                own, built_in = _by_turns(scanning(f"my_{name}"), scanning(name))
                rows.append(_row(f"{name} as a plugin over built in", own / built_in, "x", "<= 1.1"))
            slow, _ = _by_turns(scanning("round_number", 5_000), scanning("swing_high", 5_000), 5)
            rows.append(_row("round_number of the template", 1e6 * slow / 5_000, "µs a bar"))
    return rows


def _by_turns(one: Callable[[], int], other: Callable[[], int], turns: int = _TURNS) -> tuple[float, float]:
    """The least processor time of each, taken by turns in this process, so that both meet the same machine."""
    assert one() >= 0 <= other()
    least = [np.inf, np.inf]
    for _ in range(turns):
        for which, work in enumerate((one, other)):
            started = time.process_time()
            work()
            least[which] = min(least[which], time.process_time() - started)
    return least[0], least[1]


def _row(name: str, value: float, unit: str, budget: str | None = None) -> dict:
    return {"name": name, "value": value, "unit": unit, "budget": budget}
