"""The commands that try many settings: ``tune`` and ``sweep``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.report.terminal.outputs import say, saying_what_is_kept
from engine.searches.options import (
    CORES,
    Cluster,
    ConfigFile,
    Overrides,
    Results,
    Workers,
    load,
    run_folder,
    show,
    tell_findings,
)


def tune(
    config: ConfigFile,
    overrides: Overrides = None,
    trials: Annotated[int, typer.Option(help="how many settings to try", min=0)] = 20,
    workers: Annotated[int, typer.Option(help="processes; the result does not depend on it", min=1)] = 2,
    storage: Annotated[str | None, typer.Option(help="database URL of a study that can be resumed")] = None,
    study: Annotated[
        str | None, typer.Option(help="its name there; refused where it was begun with another config")
    ] = None,
    results: Results = Path("results"),
) -> None:
    """Search named settings with optuna; the holdout is scored once, at the end."""
    from engine.report.terminal.listings import tuning_view
    from engine.searches import work as searches

    with saying_what_is_kept():
        path, result = searches.tune(
            load(config, overrides),
            trials=trials,
            workers=workers,
            storage=storage,
            study=study,
            results=results,
            told=tell_findings,
        )
    show(tuning_view(result.to_dict()))
    say(f"Page: {path.with_suffix('.html')}")
    say(path)


def sweep(
    config: ConfigFile,
    overrides: Overrides = None,
    over: Annotated[
        list[str] | None, typer.Option("--over", metavar="KEY=a,b,c", help="or KEY=lo..hi/n; repeatable")
    ] = None,
    drawn: Annotated[
        int | None, typer.Option("--random", metavar="N", help="draw N points in place of the grid", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="of --random", min=0)] = 0,
    null: Annotated[
        int, typer.Option(metavar="N", help="repeat on N histories drawn from filtered history", min=0)
    ] = 0,
    resume: Annotated[
        Path | None, typer.Option(metavar="SWEEP", help="go on with a sweep that was begun")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="ten thousand points or more are meant")] = False,
    results: Results = Path("results"),
    workers: Workers = CORES,
    cluster: Cluster = None,
) -> None:
    """Score every combination of settings, and say how good the best would look by luck; prints its folder."""
    from engine.report.terminal.listings import sweep_view
    from engine.searches import work as searches

    with saying_what_is_kept():
        path, result = searches.sweep(
            load(config, overrides),
            over or [],
            drawn=drawn,
            seed=seed,
            null_draws=null,
            resume=resume and run_folder(resume, results),
            yes=yes,
            results=results,
            place=searches.Place(" ".join(["engine", *sys.argv[1:]]), workers, cluster, tell_findings),
        )
    show(sweep_view(result.to_dict(), result.table))
    say(path)
