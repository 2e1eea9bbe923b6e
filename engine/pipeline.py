"""The order of the stages, in one place.

Everything a command does is a function here, and everything here is one page: bars, replay, outcomes,
forecast, verify, backtest, report.  A table for one date and a full run go through the same functions, which
is why they agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from engine.bars.load import load_all
from engine.bars.series import BarSeries
from engine.config import Config
from engine.forecast.inputs import ForecastInput
from engine.replay.outcomes import label
from engine.replay.replay import Replay
from engine.replay.replay import replay as replay_bars

if TYPE_CHECKING:
    from engine.runs.run import Run

SETUP = ["floor", "ceiling", "target_low", "target_high", "retest"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """Every instrument after the replay: bars, replay, and, apart, the outcomes."""

    config: Config
    bars: dict[str, BarSeries]
    replays: dict[str, Replay]
    inputs: tuple[ForecastInput, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """replay.parquet: one row per instrument and session, no column about the future."""
        return pd.concat([r.frame for r in self.replays.values()], ignore_index=True)

    @property
    def levels(self) -> pd.DataFrame:
        """levels.parquet: every level there ever was."""
        return pd.concat([r.levels for r in self.replays.values()], ignore_index=True)

    @property
    def events(self) -> pd.DataFrame:
        """level_events.parquet: what happened to each level, and when."""
        return pd.concat([r.events for r in self.replays.values()], ignore_index=True)

    @property
    def outcomes(self) -> pd.DataFrame:
        """outcomes.parquet: what came after each session."""
        frames = []
        for item in self.inputs:
            frame = item.outcomes.frame()
            if "instrument" not in frame:
                frame.insert(0, "instrument", item.bars.symbol)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)


def replay(config: Config, as_of: str | None = None) -> Replayed:
    """Load the bars and walk every date; with ``as_of``, on the history as it was known after that close.

    Examples
    --------
    >>> import engine                                                           # doctest: +SKIP
    >>> engine.replay(engine.load_config("configs/nasdaq.yaml")).frame.tail()     # doctest: +SKIP
    """
    bars = load_all(config)
    if as_of is not None:
        bars = {symbol: series.cut(_known(series, as_of)) for symbol, series in bars.items()}
        bars = {symbol: series for symbol, series in bars.items() if len(series)}
    return _replayed(config, bars)


def _known(series: BarSeries, as_of: str) -> int:
    return series.index_of(as_of) + 1


def _replayed(config: Config, bars: dict[str, BarSeries]) -> Replayed:
    replays = {symbol: replay_bars(series, config) for symbol, series in bars.items()}
    inputs = []
    for symbol, series in bars.items():
        setup = replays[symbol].frame[SETUP].to_numpy(np.float64)
        outcomes = label(series, setup, config.horizons, config.outcome)
        inputs.append(ForecastInput(series, replays[symbol].frame, setup, outcomes))
    return Replayed(config, bars, replays, tuple(inputs))


def run(
    config: Config, *, results: str | Path = "results", command: str = "engine.run", audit_dates: int = 20
) -> Run:
    """Run the whole pipeline and fill a new run folder.

    Parameters
    ----------
    results : folder that the run folder is made in.
    command : recorded in the manifest.
    audit_dates : dates that the look-ahead audit recomputes during the run; 0 leaves it out.

    Raises
    ------
    DataError
        Before any folder is made, where the bars are not sound.

    Examples
    --------
    >>> import engine                                                        # doctest: +SKIP
    >>> engine.run(engine.load_config("configs/nasdaq.yaml")).scenarios       # doctest: +SKIP
    """
    from engine.runs.folder import RunFolder
    from engine.runs.progress import Progress
    from engine.runs.run import Run

    bars = load_all(config)
    folder = RunFolder(Path(results), config, bars, command)
    try:
        # matrix products that are split over threads add up in another order: one thread, same bits
        with threadpool_limits(1), Progress(folder) as progress:
            _run_stages(config, bars, folder, progress, audit_dates)
    except BaseException as error:
        folder.log(f"{type(error).__name__}: {error}")
        folder.finish("failed")
        raise
    folder.finish("completed")
    return Run(folder.path)


def _run_stages(
    config: Config, bars: dict[str, BarSeries], folder: Any, progress: Any, audit_dates: int
) -> None:
    from engine.forecast.walk_forward import walk_forward

    with progress.stage("replay"):
        replayed = _replayed(config, bars)
        frame, levels, events = replayed.frame, replayed.levels, replayed.events
        folder.write_frame("levels.parquet", levels)
        folder.write_frame("level_events.parquet", events)
        folder.write_frame("replay.parquet", frame)
        folder.write_frame("outcomes.parquet", replayed.outcomes)
    with progress.stage("forecast"):
        forecasts = walk_forward(replayed.inputs, config)
        folder.write_frame("forecasts.parquet", forecasts.frame)
        write_models(folder.path / "model", forecasts, config)
