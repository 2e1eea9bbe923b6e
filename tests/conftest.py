"""One small run, made once, for every test that looks at a finished run."""

from __future__ import annotations

import pytest
from hypothesis import settings

from engine.config import Config, parse_config

# a busy machine is no fault of the code: no test fails for the time one example takes
settings.register_profile("engine", deadline=None)
settings.load_profile("engine")


def small_config(**overrides) -> Config:
    """Nine years of the bundled Nasdaq bars with few draws: a whole run in a few seconds."""
    data = {
        "name": "small",
        "instruments": [
            {"symbol": "IXIC", "family": "equity_index", "source": {"kind": "bundled", "name": "nasdaq"}}
        ],
        "replay": {"start": "2004-01-01", "end": "2012-12-31"},
        "forecast": {
            "paths": 200,
            "interval_draws": 5,
            "analyst": {"continuation": 0.5, "range": 0.35, "breakdown": 0.15},
        },
        "verify": {"bootstrap_draws": 100, "null_draws": 99},
        "backtest": {"random_entries": 20},
    }
    return parse_config(data | overrides)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A completed run of :func:`small_config`."""
    import engine

    return engine.run(small_config(), results=tmp_path_factory.mktemp("results"))
