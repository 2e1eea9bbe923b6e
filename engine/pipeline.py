"""The order of the stages, in one place.

Everything a command makes from a config is a function here, and everything here is one page: bars, replay,
outcomes, forecast, verify, backtest, report.  A table for one date and a full run go through the same functions,
which is why they agree.  Every other command is in :mod:`engine.commands`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from threadpoolctl import threadpool_limits

from engine.bars.contracts.quoted import last_units, quoted_frame
from engine.bars.findings import BarFinding
from engine.bars.load import Told, Universe, load_sound, load_universe
from engine.bars.series import BarSeries
from engine.config import Config, with_plugins
from engine.files import full_disk
from engine.forecast.inputs import ForecastInput, forecast_input
from engine.guests import guests
from engine.parallel import Crew, assisted, open_crew
from engine.replay.replay import Replay
from engine.replay.replay import replay as replay_bars
from engine.warm import compile_ahead

if TYPE_CHECKING:
    from subprocess import Popen

    from engine.backtest.backtest import BacktestResult
    from engine.members.store import Parts
    from engine.runs.folder import RunFolder
    from engine.runs.progress import Progress
    from engine.runs.run import Run
    from engine.table.scenario import Scenario
    from engine.verify.evidence import Evidence


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


@with_plugins
def replay(config: Config, as_of: str | None = None, *, told: Told | None = None) -> Replayed:
    """Load the bars and walk every date; with ``as_of``, on the history as it was known after that close.

    Parameters
    ----------
    told : is given what was found in the bars.

    Raises
    ------
    DataError
        Where the bars are not sound, or ``data.too_few_bars`` where ``as_of`` is before all of them, ``data.no_session`` where it is
        a session of none.

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


@with_plugins
def run(
    config: Config,
    *,
    results: str | Path = "results",
    command: str = "engine.run",
    audit_dates: int = 35,
    told: Told | None = None,
    workers: int = 1,
    cluster: str | None = None,
    resume: str | Path | None = None,
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
    resume : folder of a run that was interrupted; what it has done is not done again, and the result is the same.

    Raises
    ------
    RunError
        ``run.disk_full``; with ``resume`` as :func:`engine.runs.resume.begun`.
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

    ahead = compile_ahead()
    with _crew_for(config, workers, cluster) as crew:  # one that cannot be reached leaves no folder behind
        if ahead is None:
            crew.start()  # its processes import while this one reads the bars
        universe = load_universe(config)
        bars, findings = load_sound(config, told, universe=universe)
        # a limit on threads reaches only the libraries loaded by then
        import_module("engine.forecast.walk_forward")
        folder = RunFolder(Path(results), config, bars, command, None if resume is None else Path(resume))
        folder.note_bars(findings, config.corrections)
        _name_members(folder, config, universe)
        with _ending(folder), threadpool_limits(1), Progress(folder) as progress:
            _fill(folder, config, (bars, findings), progress, audit_dates, crew, ahead)
    return Run(folder.path)


@contextmanager
def _ending(folder: RunFolder) -> Iterator[None]:
    """The word in the folder about how its stages ended."""
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note(folder.interrupted())
        raise
    except BaseException as error:
        with suppress(OSError):  # where not even this can be written, it goes on saying that it is running
            folder.log(f"{type(error).__name__}: {error}")
            folder.finish("failed")
        full = full_disk(error, folder.path, f"engine run CONFIG --resume {folder.path}")
        if full is not None:
            raise full from error
        raise
    folder.finish("completed")


def _crew_for(config: Config, workers: int, cluster: str | None) -> Crew:
    """Who does the work: one instrument is not shared out, but what is traded and drawn needs nothing of what is verified."""
    instruments = len(config.instruments)
    if cluster is None and workers > 1 and instruments == 1:
        return assisted(("engine.backtest.backtest", "engine.report.page.figures", "engine.report.charts"))
    return open_crew(min(workers, instruments), cluster)


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
    ahead: Popen[bytes] | None,
) -> None:
    """Every stage; what is found out about an instrument or a group stands in ``parts/`` until all is done."""
    from engine.forecast.saved import write_models
    from engine.forecast.walk_forward import plan_of, silent_of
    from engine.members.store import Parts
    from engine.members.study import FRAMES
    from engine.members.work import fit_groups, study_instruments
    from engine.runs.draw import draw, draw_early
    from engine.verify.plain import plain
    from engine.verify.verify import verify

    bars, findings = loaded
    plan = plan_of(list(bars.values()), config)
    parts = Parts(folder.path, list(bars), list(plan.groups))
    for name in parts.drop_damaged():
        folder.log(f"parts/{name} is damaged and made again")
    if ahead is not None and crew.workers > 1:
        ahead.wait()  # or every worker would compile what is being compiled
    with progress.stage("instruments"):
        each = max(10, audit_dates // len(bars)) if audit_dates else 0
        study_instruments(plan, bars, parts, crew, each)
        studied = {symbol: part.values for symbol, part in zip(bars, parts.each(), strict=True)}
        certificates = [found["audit"] for found in studied.values() if found["audit"] is not None]
        folder.manifest["audit"] = certificates or None
        if guests().files:
            folder.note_plugin_times([found["plugin_seconds"] for found in studied.values()])
        for name in FRAMES:
            parts.frames(name, folder.path / f"{name}.parquet")
    if ahead is not None:
        ahead.wait()
    with progress.stage("forecast"):
        fit_groups(plan, bars, parts, crew)
        present = parts.forecasts(plan.groups, folder.path / "forecasts.parquet")
        setups = {symbol: found["setups"] for symbol, found in studied.items()}
        for symbol in silent_of(list(bars.values()), setups, present, config.forecast):
            folder.warn(
                f"{symbol}: no forecast, its history is too short or its prices do not move; it only appears in "
                "the replay"
            )
        write_models(folder.path / "model", parts.models())
        folder.write_json("scenario.json", {"instruments": parts.tables(list(bars))})
    with progress.stage("verify"):
        evidence = _evidence(folder, parts, config, findings, certificates)
        market = parts.market()
        trading = _trading(folder, bars, market, config, crew)
        early = crew.beside(draw_early, folder.path) if len(bars) == 1 else None
        verified = verify(folder.read_frame("forecasts.parquet"), market, config, evidence, crew)
        folder.write_frame("reliability.parquet", verified.reliability)
    with progress.stage("backtest"):
        traded = trading()
        folder.write_frame("trades.parquet", quoted_frame(traded.trades, last_units(bars)))
        folder.write_frame("equity.parquet", traded.equity)
        folder.write_frame("thresholds.parquet", traded.thresholds)
        metrics = verified.metrics | {"backtest": plain(traded.metrics)}
        folder.write_json("metrics.json", metrics)
        for text in traded.metrics["warnings"]:
            folder.warn(text)
        folder.manifest["failed_checks"] = [f.code for f in verified.findings if f.severity == "failure"]
    del market, trading, verified, traded
    with progress.stage("report"):
        folder.save_manifest()
        draw(folder.path, crew, early)
    parts.clear()


def _trading(
    folder: RunFolder, bars: dict[str, BarSeries], market: pd.DataFrame, config: Config, crew: Crew
) -> Callable[[], BacktestResult]:
    """The backtest: of one instrument beside verification, of several shared out after it."""
    from engine.backtest.backtest import TRADED_COLUMNS, backtest, traded

    def forecasts() -> pd.DataFrame:
        return folder.read_frame("forecasts.parquet", list(TRADED_COLUMNS))

    if len(bars) == 1:
        return crew.beside(partial(traded, config), (bars, market, forecasts()))
    return lambda: backtest(bars, market, forecasts(), config, crew=crew)


def _evidence(
    folder: RunFolder,
    parts: Parts,
    config: Config,
    findings: list[BarFinding],
    certificates: list[dict[str, Any]],
) -> Evidence:
    """What the stages before it can testify to verification."""
    from engine.members.study import placebo_in
    from engine.tune.space import searched_ranges
    from engine.verify.evidence import Audit, Evidence
    from engine.verify.placebo import placebo_of

    audited = Audit(
        dates=sum(found["dates"] for found in certificates),
        rewritten=sum(len(found["rewritten"]) for found in certificates),
    )
    return Evidence(
        outcomes=folder.read_frame("outcomes.parquet", ["outcome", "ambiguous"]),
        audit=audited if certificates else None,
        audit_expected=True,
        bars_findings=tuple(findings),
        searched=searched_ranges(config),
        folds=parts.labels(),
        without_context=parts.without_context(),
        placebo=placebo_of([placebo_in(part) for part in parts.each()], config)
        if config.verify.placebo
        else None,
    )


@with_plugins
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
