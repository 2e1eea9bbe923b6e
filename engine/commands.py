"""What a command does besides a run: audit, check, judge, ledger, fetch, init; show, report and compare finished runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from threadpoolctl import threadpool_limits

from engine.bars.contracts.quoted import last_units, quoted_frame
from engine.bars.load import Told, judged, load_all, load_sound
from engine.bars.series import BarSeries
from engine.config import Config, with_plugins
from engine.errors import CheckFailed, ConfigError

if TYPE_CHECKING:
    from engine.bars.fetch import Fetched
    from engine.bars.findings import BarFinding
    from engine.judge import Judgement
    from engine.runs.run import Run
    from engine.table.scenario import Scenario
    from engine.verify.audit.audit import AuditResult
    from engine.verify.ledger.score import LedgerScore
    from engine.verify.skill.compare import Comparison


@with_plugins
def audit(
    config: Config,
    dates: int | None = 200,
    *,
    done: Callable[[AuditResult], None] | None = None,
    told: Told | None = None,
    workers: int = 1,
    cluster: str | None = None,
) -> list[AuditResult]:
    """Recompute ``dates`` of each instrument's history (None: all) without the future; see ``verify.audit``.

    Parameters
    ----------
    done : called with each instrument's result as soon as it is known.
    told : is given what was found in the bars.
    workers, cluster : who shares the instruments; see :func:`engine.pipeline.run`.

    Raises
    ------
    CheckFailed
        ``audit.look_ahead`` where one bit differs; the message names column, date and both values.  Every
        instrument is audited first.
    """
    from engine.parallel import open_crew

    bars = load_sound(config, told)[0]
    results = []
    with open_crew(min(workers, len(bars)), cluster) as crew:
        for result in crew.map(partial(_audited, config, dates, crew.workers == 1), bars.values(), bars):
            results.append(result)
            if done is not None:
                done(result)
    for result in results:
        result.require()
    return results


def _audited(config: Config, dates: int | None, counted: bool, bars: BarSeries) -> AuditResult:
    from engine.runs.progress import track
    from engine.verify.audit.audit import audit as audit_bars

    # several at once would write over each other's line
    return audit_bars(bars, config, dates, track=partial(track, name=bars.symbol) if counted else iter)


def check(config: Config) -> tuple[dict[str, BarSeries], list[BarFinding]]:
    """The bars of a config and what a researcher should know about them, worst first; nothing is stopped.

    Beside what every command looks at, a calendar is guessed where the config names none.
    """
    bars = load_all(config)
    return bars, judged(bars, config, guess_calendars=True)


def judge(
    file: str | Path,
    bars: str | Path | None = None,
    *,
    horizon: int | None = None,
    draws: int = 999,
    told: Told | None = None,
) -> Judgement:
    """Judge a CSV or Parquet file of dated probabilities; see :mod:`engine.judge`.

    Parameters
    ----------
    bars : file of the instrument's bars; gives the calendar and resolves levels.
    horizon : sessions every row looks ahead, where the file does not say.
    told : is given what was found in the bars.

    Raises
    ------
    DataError
        ``judge.unreadable``, a finding about the bars that makes outcomes meaningless, and as :func:`engine.judge.read_forecasts` and :func:`engine.judge.judge`.
    """
    from engine.config import parse_config
    from engine.errors import DataError
    from engine.judge import judge as judge_table
    from engine.judge import read_forecasts

    path = Path(file)
    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except Exception as error:  # pandas and pyarrow raise a different class for every kind of damage
        raise DataError(
            "judge.unreadable", f"{path}: {error}", "pass a CSV or Parquet file of forecasts"
        ) from error
    series = None
    if bars is not None:
        kind = "parquet" if Path(bars).suffix == ".parquet" else "csv"
        source = {"kind": kind, "path": str(Path(bars).resolve())}
        config = parse_config({"name": "judge", "instruments": [{"symbol": "BARS", "source": source}]})
        series = load_sound(config, told)[0]["BARS"]
    return judge_table(read_forecasts(frame, horizon), series, draws=draws)


@with_plugins
def ledger_add(
    config: Config, file: str | Path, as_of: str | None = None, *, told: Told | None = None
) -> int:
    """Append the table of the last close (or of ``as_of``) to the ledger; returns the lines written."""
    from engine.forecast.walk_forward import walk_forward
    from engine.pipeline import replay
    from engine.verify.ledger.ledger import add, entries_of

    with threadpool_limits(1):
        replayed = replay(config, as_of, told=told)
        forecasts = walk_forward(replayed.inputs, config).frame
    last = max(series.dates[-1] for series in replayed.bars.values())
    return add(
        Path(file),
        entries_of(forecasts, quoted_frame(replayed.frame, last_units(replayed.bars)), config, last),
    )


def ledger_score(config: Config, file: str | Path, *, told: Told | None = None) -> LedgerScore:
    """Resolve what has matured in the ledger with the config's bars; live scores and calibration test.

    Raises
    ------
    ConfigError
        ``ledger.missing`` where there is no such file.
    """
    from engine.verify.ledger.ledger import read
    from engine.verify.ledger.score import ledger_score as score

    entries = read(_existing_ledger(file))
    return score(entries, load_sound(config, told)[0], config.verify)


def ledger_show(file: str | Path) -> pd.DataFrame:
    """The recorded forecasts, one row per table and horizon.

    Raises
    ------
    ConfigError
        ``ledger.missing`` where there is no such file.
    """
    from engine.verify.ledger.ledger import show as listed

    return listed(_existing_ledger(file))


def _existing_ledger(file: str | Path) -> Path:
    # only adding may begin a ledger: an empty one in place of a mistyped path would pass for the truth
    path = Path(file)
    if not path.exists():
        raise ConfigError(
            "ledger.missing", f"{path}: no such ledger", "`engine ledger add CONFIG` begins one"
        )
    return path


def fetch(
    config: Config, *, accept_revisions: bool = False, done: Callable[[Fetched], None] | None = None
) -> list[Fetched]:
    """Download every yahoo source and every context series of kind fred again; returns what each brought.

    Parameters
    ----------
    accept_revisions : replace a cache although the vendor has changed past values.
    done : called with each result as soon as it is there.

    Raises
    ------
    ConfigError
        ``config.nothing_to_fetch``.
    DataError
        The first of what went wrong, after everything else was fetched.
    """
    from engine.bars.fetch import fetch_fred, fetch_yahoo
    from engine.config import YahooSource
    from engine.errors import DataError

    wanted: list[Callable[[], Fetched]] = [
        partial(fetch_yahoo, item.source, item.calendar, accept_revisions=accept_revisions)
        for item in config.instruments
        if isinstance(item.source, YahooSource)
    ]
    wanted += [
        partial(fetch_fred, item.source, accept_revisions=accept_revisions)
        for item in config.context
        if item.source is not None
    ]
    if not wanted:
        raise ConfigError(
            "config.nothing_to_fetch",
            "no instrument has a yahoo source, and no context series a source",
            "fetch is for kind: yahoo and kind: fred",
        )
    fetched, refused = [], []
    for one in wanted:
        try:
            fetched.append(one())
        except DataError as error:
            refused.append(error)
            continue
        if done is not None:
            done(fetched[-1])
    if refused:
        first, others = refused[0], refused[1:]
        also = "".join(f"; also [{error.code}] {error.message}" for error in others)
        raise DataError(first.code, first.message + also, first.hint)
    return fetched


def init(csv: str | Path, symbol: str, out: str | Path | None = None) -> Path:
    """Check a CSV of bars and write a commented config for it.

    Raises
    ------
    ConfigError
        ``config.exists`` rather than overwriting a file.
    DataError
        Where the bars are not sound.
    """
    from engine.bars.load import load_bars
    from engine.config import Instrument, ReplayConfig
    from engine.config.template import commented_config
    from engine.files import slug, write_text

    csv = Path(csv).resolve()
    name = slug(symbol, "_", kept="_-").strip("_") or "instrument"
    path = Path(out) if out is not None else Path(f"{name}.yaml")
    if path.exists():
        raise ConfigError("config.exists", f"{path} exists already", "name another file with --out")
    try:
        instrument = Instrument.model_validate({"symbol": symbol, "source": {"kind": "csv", "path": csv}})
    except ValueError:
        raise ConfigError(
            "config.bad_symbol",
            f"{symbol!r} cannot be a symbol",
            "use up to 32 of letters, digits, . _ = ^ + -",
        ) from None
    read_as = load_bars(instrument, ReplayConfig()).around.origin
    write_text(path, commented_config(name, symbol, str(csv), read_as))
    return path


def init_plugin(path: str | Path) -> Path:
    """Write a plugin to start from; see :mod:`engine.plugins`.

    Raises
    ------
    ConfigError
        ``config.exists`` rather than overwriting a file.
    """
    from importlib.resources import files

    from engine.files import write_text

    path = Path(path)
    if path.exists():
        raise ConfigError("config.exists", f"{path} exists already", "name another file with --plugin")
    write_text(path, files("engine.plugins").joinpath("example.py").read_text(encoding="utf-8"))
    return path


def show(
    path: str | Path, date: str | None, symbol: str | None = None, *, quick: bool = False
) -> list[tuple[Scenario, list[str]]]:
    """The table and the whole level book of any date of a finished run, and what came of it, one entry per instrument.

    The book is replayed from the bars in the folder; the probabilities are the run's own.  Notes and intervals are made
    again by the walk-forward, and are those of :func:`engine.pipeline.scenario`.

    Parameters
    ----------
    quick : leave notes and intervals out, and make nothing again.  So it is too where the folder does not hold what the
        walk-forward was given: contracts that were put together, and context series.

    Raises
    ------
    RunError
        ``run.no_such_instrument`` or ``run.no_such_date``.
    """
    from engine.runs.damage import reading
    from engine.runs.run import open_run
    from engine.runs.tables import tables_at

    run = open_run(path)
    with reading(run.path):
        return tables_at(run, date, symbol, quick=quick)


def report(path: str | Path) -> Path:
    """Draw brief.md and report.html of a finished run again; returns the page's path."""
    from engine.runs.damage import reading
    from engine.runs.draw import draw
    from engine.runs.run import open_run

    folder = open_run(path).path
    with reading(folder):
        return draw(folder)


def report_comparison(paths: Sequence[str | Path], out: str | Path) -> Path:
    """One page for several finished runs, each held against the first on the rows both have; returns its path.

    Raises
    ------
    ConfigError
        ``usage.one_run`` where fewer than two runs are named, ``compare.different_events`` where two of them answer
        different questions.
    """
    from engine.files import write_text
    from engine.report.page.comparison import ComparedRun, render_comparison
    from engine.runs.run import open_run

    if len(paths) < 2:
        raise ConfigError("usage.one_run", "a comparison needs two runs at least", "name another run")
    runs = [open_run(path) for path in paths]
    page = render_comparison([ComparedRun(run.path.name, run.config, run.forecasts) for run in runs])
    write_text(Path(out), page)
    return Path(out)


def compare(first: str | Path, second: str | Path) -> Comparison:
    """Scores of two runs, or points of a sweep (``SWEEP/NUMBER``), on their common rows, paired, with intervals; see ``verify.compare``.

    Raises
    ------
    InputError
        ``compare.different_events`` where the two runs answer different questions; the settings are named.
    """
    from engine.runs.damage import reading
    from engine.verify.skill.compare import compare as compare_forecasts

    with reading(Path(first)), reading(Path(second)):
        (one, forecasts), (two, others) = (_compared(Path(path)) for path in (first, second))
        return compare_forecasts(forecasts, others, one, two)


def _compared(path: Path) -> tuple[Config, pd.DataFrame]:
    """Config and forecasts of a run, or of a point of a sweep: ``SWEEP/NUMBER``."""
    from engine.runs.run import open_run
    from engine.sweep import sweep_point

    if not path.exists() and path.name.isdigit():
        return sweep_point(path)
    run = open_run(path)
    return run.config, run.forecasts


def require_no_failed_check(run: Run) -> None:
    """Raise ``CheckFailed`` (exit code 4) where a check of the run failed."""
    failed = run.manifest["failed_checks"]
    if failed:
        raise CheckFailed(
            "checks.failed",
            f"{run.path.name}: {', '.join(failed)}",
            "the report explains each; see its section on checks",
        )
