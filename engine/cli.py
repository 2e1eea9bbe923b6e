"""The commands; each is thin over :mod:`engine.pipeline` and :mod:`engine.commands`.

Exit codes: 0 done, 2 config or usage, 3 data, 4 a check failed, 1 anything else.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from engine.guests import NOBODY, guests, present
from engine.report.terminal.outputs import ended, say, saying_what_is_kept
from engine.searches.options import (
    CORES,
    AsOf,
    Cluster,
    ConfigFile,
    Day,
    Explained,
    Full,
    HorizonShown,
    LedgerFile,
    Overrides,
    Results,
    Revisions,
    RunPath,
    Symbol,
    Workers,
    tell_plugins,
    tell_times,
)
from engine.searches.options import load as _load
from engine.searches.options import run_folder as _run_folder
from engine.searches.options import show as _print
from engine.searches.options import tell_findings as _tell_findings
from engine.searches.typed import sweep, tune

app = typer.Typer(
    name="engine",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
ledger_app = typer.Typer(help="An append-only record of live forecasts, scored.", no_args_is_help=True)
app.add_typer(ledger_app, name="ledger")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"scenario-engine {version('scenario-engine')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Replays every past session of a market and finds out how far a scenario table can be trusted."""
    context.with_resource(present(NOBODY))  # the plugins of a command's config stay until it ends


@app.command()
def run(
    config: ConfigFile,
    overrides: Overrides = None,
    results: Results = Path("results"),
    strict: Annotated[bool, typer.Option("--strict", help="exit with 4 when a check fails")] = False,
    full: Full = False,
    open_: Annotated[bool, typer.Option("--open", help="open report.html when it is there")] = False,
    workers: Workers = CORES,
    cluster: Cluster = None,
    resume: Annotated[Path | None, typer.Option(metavar="RUN", help="finish this interrupted run")] = None,
) -> None:
    """Replay, forecast, verify, backtest and report; prints the table and the run folder."""
    from engine import commands, pipeline
    from engine.report.terminal.terminal import run_view

    with saying_what_is_kept():
        made = pipeline.run(
            _load(config, overrides),
            results=results,
            command=" ".join(["engine", *sys.argv[1:]]),
            workers=workers,
            cluster=cluster,
            resume=resume and _run_folder(resume, results),
            told=_tell_findings,
        )
    _print(run_view(made.scenarios, made.metrics, made.config.verify.interval, full))
    tell_plugins(made.manifest.get("plugins", ()))
    tell_times(made.manifest.get("plugin_seconds", {}))
    page = made.path / "report.html"
    say(f"Report: {page}")
    say(made.path)
    if open_:
        typer.launch(str(page.resolve()))
    if strict:
        commands.require_no_failed_check(made)


@app.command()
def scenario(
    config: ConfigFile,
    overrides: Overrides = None,
    as_of: AsOf = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of the table")] = False,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="RUN", help="apply this run's models; fit nothing")
    ] = None,
    horizon: HorizonShown = None,
    full: Full = False,
    explain: Explained = False,
) -> None:
    """The scenario table for the last close, or for an earlier one."""
    from engine import pipeline
    from engine.files import to_json
    from engine.report.terminal.terminal import Shown, scenario_view

    tables = pipeline.scenario(_load(config, overrides), as_of=_date(as_of), model=model, told=_tell_findings)
    if as_json:
        sys.stdout.write(to_json({"instruments": [table.to_dict() for table in tables]}))
    else:
        shown = Shown(horizon, full, explain)
        _print(*(scenario_view(table, shown) for table in tables))
        tell_plugins(guests().words)


app.command()(tune)
app.command()(sweep)


@app.command()
def judge(
    forecasts: Annotated[
        Path, typer.Argument(metavar="FORECASTS", help="CSV or Parquet: date, p_<class>, outcome")
    ],
    bars: Annotated[Path | None, typer.Option("--bars", metavar="FILE", help="the instrument's bars")] = None,
    horizon: Annotated[
        int | None, typer.Option(help="sessions ahead, where the file does not say", min=1)
    ] = None,
    page: Annotated[Path | None, typer.Option("--page", metavar="FILE", help="write one HTML page")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print every figure as JSON")] = False,
) -> None:
    """Hold dated probabilities from anywhere to the engine's tests."""
    from engine import commands
    from engine.files import to_json, write_text
    from engine.judge.lines import judgement_lines

    found = commands.judge(forecasts, bars, horizon=horizon, told=_tell_findings)
    if page is not None:
        from engine.report.page.judgement import judgement_page

        write_text(page, judgement_page(found, forecasts.name))
    if as_json:
        sys.stdout.write(to_json(found.metrics))
    else:
        for line in judgement_lines(found):
            say(line)
        if page is not None:
            say(str(page))


@app.command()
def audit(
    config: ConfigFile,
    overrides: Overrides = None,
    dates: Annotated[int, typer.Option(help="how many dates are recomputed", min=1)] = 200,
    every: Annotated[bool, typer.Option("--all", help="recompute every date")] = False,
    workers: Workers = CORES,
    cluster: Cluster = None,
) -> None:
    """Recompute rules, levels, setups and features on cut histories; exit 4 if one bit differs."""
    from engine import commands

    commands.audit(
        _load(config, overrides),
        dates=None if every else dates,
        done=partial(say, flush=True),
        told=_tell_findings,
        workers=workers,
        cluster=cluster,
    )


@app.command()
def check(config: ConfigFile, overrides: Overrides = None) -> None:
    """Read the bars and say what a researcher should know about them."""
    from engine import commands
    from engine.report.terminal.listings import bars_view

    _print(bars_view(*commands.check(_load(config, overrides))))


@app.command()
def show(
    run: RunPath,
    date: Day = None,
    results: Results = Path("results"),
    symbol: Symbol = None,
    horizon: HorizonShown = None,
    full: Full = False,
    explain: Explained = False,
    quick: Annotated[bool, typer.Option("--quick", help="without notes and intervals")] = False,
) -> None:
    """The scenario table of any date of a run, what came of it, and the level book."""
    from engine import commands
    from engine.report.terminal.terminal import Shown, around_view, book_view, scenario_view, text_view
    from engine.runs.run import open_run

    folder, shown = _run_folder(run, results), Shown(horizon, full, explain, levels=0)
    found = commands.show(folder, _date(date), symbol=symbol, quick=quick)
    opened = open_run(folder)
    with present(opened.named_guests):
        for table, came in found:
            _print(scenario_view(table, shown), text_view(came), around_view(table), book_view(table))
    tell_plugins(opened.named_guests.words)


@app.command()
def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="a run folder, or its name under --results")
    ],
    results: Results = Path("results"),
    compared: Annotated[bool, typer.Option("--compare", help="one page, each against the first")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="of a comparison; default: comparison.html in --results"),
    ] = None,
) -> None:
    """Draw report.html and brief.md of finished runs again, or one page that compares them; prints its path."""
    from engine import commands

    folders = [_run_folder(run, results) for run in runs]
    if compared:
        say(commands.report_comparison(folders, out or results / "comparison.html"))
        return
    for folder in folders:
        say(commands.report(folder))


@app.command()
def plot(
    run: RunPath,
    name: Annotated[str, typer.Argument(metavar="NAME", help="reliability, price or skill")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="ends in .svg, .png or .pdf")],
    results: Results = Path("results"),
    scenario: Annotated[str, typer.Option(help="of a reliability diagram")] = "continuation",
    horizon: Annotated[int | None, typer.Option(help="of a reliability diagram")] = None,
    date: Day = None,
    symbol: Symbol = None,
) -> None:
    """Draw one figure of a run into a file; prints its path."""
    from engine.runs.plots import PlotOptions, save_plot
    from engine.runs.run import open_run

    options = PlotOptions(scenario, horizon, _date(date), symbol)
    say(save_plot(open_run(_run_folder(run, results)), name, out, options))


@app.command()
def compare(first: RunPath, second: RunPath, results: Results = Path("results")) -> None:
    """Scores of two runs, paired on their common rows, with intervals."""
    from engine import commands
    from engine.report.terminal.listings import comparison_view

    _print(comparison_view(commands.compare(_run_folder(first, results), _run_folder(second, results))))


@app.command()
def runs(results: Results = Path("results")) -> None:
    """List the runs under the results folder."""
    from engine.report.terminal.listings import runs_view
    from engine.runs.run import list_runs

    _print(runs_view(list_runs(results), results))


@ledger_app.command("add")
def ledger_add(
    config: ConfigFile,
    overrides: Overrides = None,
    as_of: AsOf = None,
    file: LedgerFile = Path("results/ledger.jsonl"),
) -> None:
    """Append today's table; adding the same forecast twice changes nothing."""
    from engine import commands

    added = commands.ledger_add(_load(config, overrides), file, as_of=_date(as_of), told=_tell_findings)
    say(f"{added} new line{'' if added == 1 else 's'} in {file}")


@ledger_app.command("score")
def ledger_score(
    config: ConfigFile, overrides: Overrides = None, file: LedgerFile = Path("results/ledger.jsonl")
) -> None:
    """Resolve what has matured with the config's newer bars; live scores and calibration test."""
    from engine import commands
    from engine.report.terminal.listings import ledger_scores_view

    score = commands.ledger_score(_load(config, overrides), file, told=_tell_findings)
    _print(ledger_scores_view(score))


@ledger_app.command("show")
def ledger_show(file: LedgerFile = Path("results/ledger.jsonl")) -> None:
    """List the recorded forecasts."""
    from engine import commands
    from engine.report.terminal.listings import ledger_view

    _print(ledger_view(commands.ledger_show(file)))


@app.command()
def fetch(config: ConfigFile, overrides: Overrides = None, accept: Revisions = False) -> None:
    """Download yahoo and fred sources again, and say what the vendor changed before a cache is replaced."""
    from engine import commands

    commands.fetch(
        _load(config, overrides), accept_revisions=accept, done=partial(say, lines=True, flush=True)
    )


@app.command()
def schema() -> None:
    """Print the JSON schema of a config."""
    from engine.config import Config
    from engine.files import to_json

    sys.stdout.write(to_json(Config.model_json_schema()))


@app.command()
def init(
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="bars: date, open, high, low, close[, volume]"),
    ] = None,
    symbol: Annotated[
        str | None, typer.Option("--symbol", metavar="S", help="what the instrument is called")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="default: <symbol>.yaml")] = None,
    plugin: Annotated[
        Path | None, typer.Option("--plugin", metavar="FILE", help="write rules of your own to start from")
    ] = None,
) -> None:
    """Check a CSV of bars and write a commented config for it, or with --plugin a file of rules; prints what it wrote."""
    from engine import commands

    if plugin is not None:
        say(commands.init_plugin(plugin))
    if csv is not None and symbol is not None:
        say(commands.init(csv, symbol, out))
    elif csv is not None or symbol is not None or plugin is None:
        raise typer.BadParameter("a config needs both --csv FILE and --symbol S; --plugin FILE goes alone")


def _date(text: str | None) -> str | None:
    if text is None:
        return None
    from engine.bars.dates import typed_date

    return typed_date(text)


def main() -> None:
    """Entry point: deliberate errors, and files that cannot be used, become one message and their exit code."""
    sys.exit(ended(app))
