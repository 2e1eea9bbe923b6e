"""Files of simulated bars, for tests that read whole universes."""

import pandas as pd

from engine.bars.simulate import simulate_bars


def csv_of(path, sessions, seed):
    """Simulated bars from 1970 on as a CSV."""
    bars = simulate_bars(sessions, seed=seed, volatility_persistence=0.97)
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    pd.DataFrame({"date": bars.dates} | columns).to_csv(path, index=False)
