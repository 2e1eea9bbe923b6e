"""The order of the stages, in one place.

Everything a command makes from a config is a function here, and everything here is one page: bars, replay,
outcomes, forecast, verify, backtest, report.  A table for one date and a full run go through the same functions,
which is why they agree.  Every other command is in :mod:`engine.commands`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from threadpoolctl import threadpool_limits

from engine.bars.contracts.quoted import last_units, quoted_frame
from engine.bars.findings import BarFinding
from engine.bars.load import Told, Universe, load_sound, load_universe
from engine.bars.series import BarSeries
from engine.config import Config
from engine.forecast.inputs import ForecastInput, forecast_input
from engine.parallel import Crew, open_crew
from engine.replay.replay import Replay
from engine.replay.replay import replay as replay_bars
from engine.warm import compile_ahead

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder
    from engine.runs.progress import Progress
    from engine.runs.run import Run
    from engine.table.scenario import Scenario


@dataclass(frozen=True)
class Replayed:
    """Every instrument after the replay: bars, replay, and, apart, the outcomes."""

    config: Config
    bars: dict[str, BarSeries]
    replays: dict[str, Replay]
    inputs: tuple[ForecastInput, ...]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """replay.parquet: one row per instrument and session, no column about the future."""
        return pd.concat([r.frame for r in self.replays.values()], ignore_index=True)

    @cached_property
    def levels(self) -> pd.DataFrame:
        """levels.parquet: every level there ever was."""
        return pd.concat([r.levels for r in self.replays.values()], ignore_index=True)

    @cached_property
    def events(self) -> pd.DataFrame:
        """level_events.parquet: what happened to each level, and when."""
        return pd.concat([r.events for r in self.replays.values()], ignore_index=True)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """outcomes.parquet: what came after each session."""
        frames = []
        for item in self.inputs:
            frame = item.outcomes.frame()
            if "instrument" not in frame:
                frame.insert(0, "instrument", item.bars.symbol)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)


def replay(config: Config, as_of: str | None = None, *, told: Told | None = None) -> Replayed:
    """Load the bars and walk every date; with ``as_of``, on the history as it was known after that close.

    Parameters
    ----------
    told : is given what was found in the bars.

    Raises
    ------
    DataError
        Where the bars are not sound, or ``data.too_few_bars`` where ``as_of`` is before all of them.

    Examples
    --------
    >>> import engine                                                           # doctest: +SKIP
    >>> engine.replay(engine.load_config("configs/nasdaq.yaml")).frame.tail()     # doctest: +SKIP
    """
    bars, _ = load_sound(config, told, as_of)
    return _with_outcomes(
        config, bars, {symbol: replay_bars(series, config) for symbol, series in bars.items()}
    )


def _with_outcomes(config: Config, bars: dict[str, BarSeries], replays: dict[str, Replay]) -> Replayed:
    return Replayed(config, bars, replays, tuple(forecast_input(one) for one in replays.values()))


def run(
    config: Config,
    *,
    results: str | Path = "results",
    command: str = "engine.run",
    audit_dates: int = 35,
    told: Told | None = None,
    workers: int = 1,
    cluster: str | None = None,
) -> Run:
    """Run the whole pipeline and fill a new run folder.

    Parameters
    ----------
    results : folder that the run folder is made in.
    command : recorded in the manifest.
    audit_dates : dates that the look-ahead audit recomputes during the run, shared among the instruments (ten
        each at least); 0 leaves it out.  ``engine audit`` recomputes more of them, or all.
    told : is given what was found in the bars, worst first, before anything is stopped.
    workers : local processes that share the instruments out; the result does not depend on it.  A script that asks
        for more than one needs ``if __name__ == "__main__":`` around the call.
    cluster : address of a Dask scheduler, whose workers are used instead (extra ``cluster``).

    Raises
    ------
    DataError
        Before any folder is made, where the bars are not sound, or a finding about them makes a replay meaningless and
        the config does not accept it.

    Examples
    --------
    >>> import engine                                                        # doctest: +SKIP
    >>> engine.run(engine.load_config("configs/nasdaq.yaml")).scenarios       # doctest: +SKIP
    """
    from engine.runs.folder import RunFolder
    from engine.runs.progress import Progress
    from engine.runs.run import Run

    universe = load_universe(config)
    bars, findings = load_sound(config, told, universe=universe)
    crew = open_crew(min(workers, len(bars)), cluster)  # one that cannot be reached leaves no folder behind
    import_module(
        "engine.forecast.walk_forward"
    )  # a limit on threads reaches only the libraries loaded by then
    folder = RunFolder(Path(results), config, bars, command)
    folder.note_bars(findings, config.corrections)
    _name_members(folder, config, universe)
    try:
        with threadpool_limits(1), Progress(folder) as progress, crew:
            _fill(folder, config, (bars, findings), progress, audit_dates, crew)
    except BaseException as error:
        folder.log(f"{type(error).__name__}: {error}")
        folder.finish("failed")
        raise
    folder.finish("completed")
    return Run(folder.path)


def _name_members(folder: RunFolder, config: Config, universe: Universe) -> None:
    """Say which members were left out, and which end early: what is not in the figures is part of them."""
    if universe.left_out:
        folder.manifest["left_out"] = {
            symbol: {"code": error.code, "message": error.message}
            for symbol, error in universe.left_out.items()
        }
    for symbol, error in universe.left_out.items():
        folder.warn(f"{symbol}: left out, {error.message} [{error.code}]")
    for item in config.instruments:
        if item.last_date is not None and item.symbol in universe.bars:
            folder.warn(f"{item.symbol}: a member until {item.last_date} only; its bars end there")


def _fill(
    folder: RunFolder,
    config: Config,
    loaded: tuple[dict[str, BarSeries], list[BarFinding]],
    progress: Progress,
    audit_dates: int,
    crew: Crew,
) -> None:
    from engine.backtest.backtest import backtest
    from engine.forecast.folds.calendar import union_calendar
    from engine.forecast.saved import save_models
    from engine.forecast.training_labels import training_labels
    from engine.forecast.walk_forward import walk_forward
    from engine.members.study import study
    from engine.runs.draw import draw
    from engine.table.fill import last_tables
    from engine.table.touch.book import book_touch
    from engine.tune.space import searched_ranges
    from engine.verify.evidence import Audit, Evidence
    from engine.verify.placebo import placebo_of
    from engine.verify.plain import plain
    from engine.verify.verify import verify

    bars, findings = loaded
    ahead = compile_ahead()
    calendar = union_calendar([series.dates for series in bars.values()])
    with progress.stage("replay"):
        replays = {symbol: replay_bars(series, config) for symbol, series in bars.items()}
    if ahead is not None and crew.workers > 1:
        ahead.wait()  # or every worker would compile what is being compiled
    with progress.stage("instruments"):
        each = max(10, audit_dates // len(bars)) if audit_dates else 0
        members = list(crew.map(partial(study, config, calendar, each), bars.values(), bars))
        audits = [member.audit for member in members if member.audit is not None]
        folder.manifest["audit"] = [result.certificate() for result in audits] or None
    with progress.stage("levels"):
        touch = book_touch(
            replays, config, {symbol: member.touch for symbol, member in zip(bars, members, strict=True)}
        )
    if ahead is not None:
        ahead.wait()
    with progress.stage("outcomes"):
        replayed = _with_outcomes(config, bars, replays)
        units = last_units(bars)  # people read the prices of the contract that trades today
        folder.write_frame("levels.parquet", quoted_frame(replayed.levels, units))
        folder.write_frame("level_events.parquet", replayed.events)
        folder.write_frame("replay.parquet", quoted_frame(replayed.frame, units))
        folder.write_frame("outcomes.parquet", replayed.outcomes)
    with progress.stage("forecast"):
        forecasts = walk_forward(
            replayed.inputs, config, baselines=[member.baselines for member in members], crew=crew
        )
        for symbol in forecasts.silent:
            folder.warn(
                f"{symbol}: no forecast, its history is too short or its prices do not move; it only appears in "
                "the replay"
            )
        folder.write_frame("forecasts.parquet", forecasts.frame)
        save_models(forecasts, folder.path / "model", config.forecast.model, config.forecast.calibrator)
    with progress.stage("verify"):
        audited = Audit(
            dates=sum(len(result.dates) for result in audits),
            rewritten=sum(len(result.rewritten) for result in audits),
        )
        evidence = Evidence(
            outcomes=replayed.outcomes,
            audit=audited if audits else None,
            audit_expected=True,
            bars_findings=tuple(findings),
            searched=searched_ranges(config),
            folds=training_labels(forecasts, replayed.inputs),
            placebo=placebo_of([member.placebo for member in members], config)
            if config.verify.placebo
            else None,
        )
        verified = verify(forecasts.frame, replayed.frame, config, evidence, crew)
        folder.write_frame("reliability.parquet", verified.reliability)
    with progress.stage("backtest"):
        traded = backtest(bars, replayed.frame, forecasts.frame, config, crew=crew)
        folder.write_frame("trades.parquet", quoted_frame(traded.trades, units))
        folder.write_frame("equity.parquet", traded.equity)
        metrics = verified.metrics | {"backtest": plain(traded.metrics)}
        folder.write_json("metrics.json", metrics)
        for text in traded.metrics["warnings"]:
            folder.warn(text)
        folder.manifest["failed_checks"] = [f.code for f in verified.findings if f.severity == "failure"]
    with progress.stage("scenario"):
        tables = last_tables(replayed.replays, replayed.inputs, forecasts, touch, config, crew)
        folder.write_json("scenario.json", {"instruments": [table.to_dict() for table in tables]})
    with progress.stage("report"):
        folder.save_manifest()
        draw(folder.path)


def scenario(
    config: Config,
    as_of: str | None = None,
    model: str | Path | None = None,
    *,
    told: Told | None = None,
) -> list[Scenario]:
    """The scenario table of every instrument for its last close, or as known after the close of ``as_of``.

    Equal to the walk-forward forecast of that date in a full run, to the last bit.  With ``model``, the folder of a
    finished run, the models of its last fold are applied instead, and nothing is fitted again: the tables have no
    intervals, track record, analogues or touch probabilities of levels, which are of the walk-forward.

    Raises
    ------
    DataError
        ``data.too_few_bars`` where the history up to ``as_of`` leaves nothing to forecast.

    Examples
    --------
    >>> import engine                                                             # doctest: +SKIP
    >>> table, = engine.scenario(engine.load_config("configs/nasdaq.yaml"))        # doctest: +SKIP
    >>> table.longest.whole_percents                                               # doctest: +SKIP
    {'continuation': 34, 'range': 27, 'breakdown': 39}
    """
    from engine.forecast.walk_forward import walk_forward
    from engine.table.fill import last_tables
    from engine.table.touch.book import book_touch

    with threadpool_limits(1):
        replayed = replay(config, as_of, told=told)
        if model is not None:
            return _with_saved_models(replayed, model)
        forecasts = walk_forward(replayed.inputs, config)
        return last_tables(
            replayed.replays, replayed.inputs, forecasts, book_touch(replayed.replays, config), config
        )


def _with_saved_models(replayed: Replayed, folder: str | Path) -> list[Scenario]:
    from engine.forecast.apply import apply_models, check_same_question
    from engine.forecast.saved import load_models
    from engine.runs.run import open_run
    from engine.table.fill import plain_tables

    run = open_run(folder)
    check_same_question(run.config, replayed.config)
    frame = apply_models(load_models(run.path / "model"), replayed.inputs, replayed.config)
    return plain_tables(replayed.replays, frame, {}, replayed.config)
