"""A finished run, opened for reading."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from engine.bars.series import COLUMNS, BarSeries
from engine.config import Config, load_config
from engine.errors import RunError
from engine.files import sha256_of
from engine.foreign import html
from engine.guests import Guests, named, present
from engine.processes import is_gone
from engine.report.prose.verdicts import calibration_verdict, rules_verdict, windows_sentence
from engine.report.trust import read_metrics
from engine.runs.damage import reading, sound_manifest, sound_metrics, sound_scenarios
from engine.runs.folder import MANIFEST

if TYPE_CHECKING:
    from engine.runs.plots import Plots


@dataclass(frozen=True)
class Run:
    """The folder of a run; each table is read, and checked against its hash, when it is first asked for.

    Raises
    ------
    RunError
        ``run.missing_file``, or ``run.damaged`` where a file is not as the run wrote it.

    Examples
    --------
    >>> import engine                                                    # doctest: +SKIP
    >>> run = engine.open_run("results/20261122T120000Z_nasdaq_1a2b3c4d")  # doctest: +SKIP
    >>> run.forecasts.groupby("horizon_sessions").p_continuation.mean()    # doctest: +SKIP
    """

    path: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Status, provenance, warnings and the hash of every artefact."""
        path = self.path / MANIFEST
        with reading(path):
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not sound_manifest(found):
            raise RunError(
                "run.damaged",
                f"{path}: not the manifest of a run",
                "run the config again, or restore the folder",
            )
        return found

    @property
    def status(self) -> str:
        """The manifest's, but ``interrupted`` where the process that should finish the run is gone."""
        status: str = self.manifest["status"]
        return (
            "interrupted" if status == "running" and is_gone(self.manifest.get("process") or {}) else status
        )

    @cached_property
    def config(self) -> Config:
        """The fully resolved config; no plugin is run to read it."""
        with present(self.named_guests):
            return load_config(self._artefact("config.yaml"))

    @cached_property
    def named_guests(self) -> Guests:
        """What the run's plugins added, by name: for everything that shows a run."""
        with reading(self.path / MANIFEST):
            return named(tuple(self.manifest.get("plugins") or ()))

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Scores, skill, calibration, placebo and backtest figures."""
        return self._json("metrics.json", sound_metrics)

    @cached_property
    def scenarios(self) -> list[dict[str, Any]]:
        """The table of the last close, one entry per instrument."""
        return self._json("scenario.json", sound_scenarios)

    @cached_property
    def levels(self) -> pd.DataFrame:
        """Every level there ever was."""
        return self._frame("levels")

    @cached_property
    def level_events(self) -> pd.DataFrame:
        """What happened to each level, and when."""
        return self._frame("level_events")

    @cached_property
    def replay(self) -> pd.DataFrame:
        """One row per instrument and session: bars, features, setup and reading."""
        return self._frame("replay")

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """What came after each session."""
        return self._frame("outcomes")

    @cached_property
    def forecasts(self) -> pd.DataFrame:
        """Walk-forward forecasts with every baseline beside them."""
        return self._frame("forecasts")

    @cached_property
    def trades(self) -> pd.DataFrame:
        """The backtest's trades."""
        return self._frame("trades")

    @cached_property
    def equity(self) -> pd.DataFrame:
        """The backtest's equity beside its comparisons."""
        return self._frame("equity")

    @cached_property
    def thresholds(self) -> pd.DataFrame | None:
        """What other thresholds would have earned, and the decision curves, with their bands; None in a run of 0.3."""
        known = (self.path / "thresholds.parquet").exists()
        return self._frame("thresholds") if known else None

    @cached_property
    def reliability(self) -> pd.DataFrame:
        """The numbers behind the reliability diagrams."""
        return self._frame("reliability")

    @cached_property
    def bars(self) -> dict[str, BarSeries]:
        """The bars of every instrument, as they were replayed."""
        with reading(self.path / "replay.parquet"):
            by_symbol = self.replay.groupby("instrument", sort=False)
            return {str(symbol): self.bars_of(str(symbol), rows) for symbol, rows in by_symbol}

    def bars_of(self, symbol: str, rows: pd.DataFrame) -> BarSeries:
        """The bars of one instrument from its rows of the replay."""
        data = self.manifest["data"][symbol]
        dates = rows["date"].to_numpy().astype("datetime64[D]")
        return BarSeries(
            symbol=symbol,
            family=data["family"],
            dates=dates,
            opens_traded=_traded(dates, data),
            **{name: rows[name].to_numpy(np.float64) for name in COLUMNS},  # type: ignore[arg-type]
        )

    def columns(self, name: str, columns: list[str]) -> pd.DataFrame:
        """Some columns of a file, ``name`` as the properties are called; its fingerprint is not looked at."""
        path = self._existing(f"{name}.parquet")
        with reading(path):
            return pd.read_parquet(path, columns=columns)

    @property
    def plot(self) -> Plots:
        """Figures on matplotlib axes: ``run.plot.reliability()``, ``.price(date)``, ``.skill()``."""
        from engine.runs.plots import Plots

        return Plots(self)

    @property
    def provenance(self) -> dict[str, Any]:
        """The part of the manifest that does not change once the numbers are there."""
        kept = (
            "command",
            "config_sha256",
            "data",
            "seed",
            "python",
            "packages",
            "engine_version",
            "git_commit",
            "audit",
            "findings",
            "corrections",
            "left_out",
            "plugins",
        )
        return {name: self.manifest[name] for name in kept if name in self.manifest} | {
            "started_at": self.manifest["started_at"]
        }

    @property
    def brief(self) -> str:
        """The analysis in words (Markdown)."""
        path = self._existing("brief.md")  # may have been drawn again
        with reading(path):
            return path.read_text(encoding="utf-8")

    def _frame(self, name: str) -> pd.DataFrame:
        path = self._artefact(f"{name}.parquet")
        with reading(path):
            return pd.read_parquet(path)

    def _json(self, name: str, sound: Callable[[Any], Any]) -> Any:
        path = self._artefact(name)
        with reading(path):
            return sound(json.loads(path.read_text(encoding="utf-8")))

    def _artefact(self, name: str) -> Path:
        path = self._existing(name)
        written = self.manifest["artefacts"].get(name)  # none while the run is under way
        with reading(path):
            same = sha256_of(path) == written if written is not None else self.status != "completed"
        if not same:
            raise RunError(
                "run.damaged",
                f"{path}: not as the run wrote it (its SHA-256 is not the one in {MANIFEST})",
                "run the config again, or restore the folder",
            )
        return path

    def _existing(self, name: str) -> Path:
        path = self.path / name
        if not path.is_file():
            raise RunError(
                "run.missing_file",
                f"{path}: there is no such file",
                "the run may have failed; see its run.log",
            )
        return path

    def _repr_html_(self) -> str:
        data = self.manifest["data"]
        spans = ", ".join(f"{html(s)} ({d['rows']:,} sessions to {d['last_date']})" for s, d in data.items())
        head = f"<b>Run</b> {html(self.path.name)}: {html(self.status)}<br>{spans}"
        if not (self.path / "metrics.json").is_file():
            return head
        trust = read_metrics(self.metrics)
        told = (rules_verdict(trust), calibration_verdict(trust), windows_sentence(trust))
        return head + "".join(f"<br>{html(text)}" for text in told if text)


def _traded(dates: np.ndarray, data: dict[str, Any]) -> np.ndarray:
    traded = np.ones(len(dates), dtype=np.bool_)
    for first, last in data.get("untraded_opens") or ():
        traded[(dates >= np.datetime64(first)) & (dates <= np.datetime64(last))] = False
    if "opens_real_from" in data:  # a run of 0.3
        real = data["opens_real_from"]
        traded &= False if real is None else dates >= np.datetime64(real)
    return traded


def open_run(path: str | Path) -> Run:
    """Open a run folder.

    Raises
    ------
    RunError
        ``run.not_found`` where there is no manifest, ``run.is_a_sweep``, ``run.damaged`` where it is none, ``run.not_completed`` where
        the run failed or was killed.
    """
    folder = Path(path)
    if not (folder / MANIFEST).is_file():
        raise RunError(
            "run.not_found",
            f"{folder}: no run here (no {MANIFEST})",
            "`engine runs` lists the runs there are",
        )
    run = Run(folder)
    if run.manifest.get("kind") == "sweep":
        raise RunError(
            "run.is_a_sweep",
            f"{folder}: a sweep, not a run",
            "open report.html or sweep.parquet in it; `engine compare SWEEP/3 SWEEP/7` compares two of its points",
        )
    if run.status != "completed":
        raise RunError(
            "run.not_completed",
            f"{folder}: the run's status is {run.status!r}",
            "run the config again; run.log says where it stopped",
        )
    return run


def list_runs(results: str | Path) -> pd.DataFrame:
    """Every run under a results folder, oldest first: run, kind (run, sweep), status, started_at, instruments, last_date, failed_checks.

    A run whose manifest cannot be read has the status ``damaged`` and nothing else; one that says ``running`` and
    whose process is gone is ``interrupted``.
    """
    rows: list[dict[str, Any]] = []
    for path in sorted(Path(results).glob(f"*/{MANIFEST}")):
        try:
            run = Run(path.parent)
            manifest = run.manifest
        except RunError:
            rows.append({"run": path.parent.name, "status": "damaged"})
            continue
        rows.append(
            {
                "run": path.parent.name,
                "kind": manifest.get("kind", "run"),
                "status": run.status,
                "started_at": manifest["started_at"],
                "instruments": ", ".join(manifest["data"]),
                "last_date": max((d["last_date"] for d in manifest["data"].values()), default=None),
                "failed_checks": len(manifest["failed_checks"]),
            }
        )
    columns = ["run", "kind", "status", "started_at", "instruments", "last_date", "failed_checks"]
    return pd.DataFrame(rows, columns=columns).astype({"failed_checks": "Int64"})
