"""Arguments and helpers that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.foreign import visible
from engine.parallel import cores

if TYPE_CHECKING:
    from engine.bars.findings import BarFinding
    from engine.config import Config

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="a YAML config")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="override one key; repeatable")
]
Workers = Annotated[int, typer.Option(help="processes; the result does not depend on it", min=1)]
Cluster = Annotated[str | None, typer.Option(metavar="ADDRESS", help="of a Dask scheduler: tcp://HOST:PORT")]
CORES = cores()
Results = Annotated[Path, typer.Option("--results", metavar="DIR", help="where run folders go")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="as known after the close of this date")
]
Day = Annotated[str | None, typer.Option("--date", metavar="DATE", help="a close (default: the last)")]
Symbol = Annotated[str | None, typer.Option(help="one instrument of several")]
Full = Annotated[bool, typer.Option("--full", help="every horizon, with track record")]
Explained = Annotated[bool, typer.Option("--explain", help="what each fact adds, in points")]
HorizonShown = Annotated[int | None, typer.Option("--horizon", help="this horizon in place of the longest")]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="a run folder, or its name under --results")]
Revisions = Annotated[bool, typer.Option("--accept-revisions", help="of past values, by the vendor")]
LedgerFile = Annotated[Path, typer.Option("--file", metavar="FILE", help="the ledger")]


def load(config: Path, overrides: list[str] | None) -> Config:
    """The config of a file, with the keys that options replace."""
    from engine.config import guests_of, load_config
    from engine.guests import stay

    found = load_config(config, overrides or [])
    # what the command shows at its end has the words of the plugins, too
    stay(guests_of(found))
    return found


def show(*views: object) -> None:
    """Print tables and texts, one under the other."""
    from engine.report.terminal.terminal import make_console

    make_console().print(*views, sep="\n")


def tell_plugins(plugins: Sequence[Mapping[str, Any]]) -> None:
    """Which rules are the user's own, under the tables that they had a part in."""
    from engine.plugins.words import plugin_sentences
    from engine.report.terminal.outputs import say

    for sentence in plugin_sentences(plugins):
        say(sentence)


def tell_times(spent: Mapping[str, Sequence[float]]) -> None:
    """How long they took, on stderr."""
    from engine.plugins.words import plugin_times

    for sentence in plugin_times(spent):
        print(visible(sentence), file=sys.stderr)


def tell_findings(findings: list[BarFinding]) -> None:
    """What was found in the bars, on stderr: tables and paths on stdout stay alone."""
    from engine.report.terminal.listings import tell_bar_findings

    tell_bar_findings(findings)


def run_folder(run: Path, results: Path) -> Path:
    """A folder, or its name under ``results``."""
    return run if run.exists() or run.is_absolute() else results / run
