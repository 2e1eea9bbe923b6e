"""The ledger: forecasts written down before their outcome exists, in a file that is only ever appended to.

One line of JSON per table (one instrument, one close, all horizons).  Each line carries the hash of the line
before it, so a rewritten or missing line shows.  A line counts once its newline is on disk; a process killed
while writing leaves at most a piece without newline, which readers ignore and the next writer removes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.config import Config, OutcomeConfig, config_sha256
from engine.errors import DataError, InputError
from engine.files import append_line, open_for_lines
from engine.forecast.baselines import BASELINES
from engine.question import SETUP
from engine.scenarios import SCENARIOS
from engine.verify.rows import columns_of
from engine.verify.sound import sound_probabilities

_IDENTITY = ("instrument", "as_of", "event_sha256", "config_sha256")


def ledger_entry(
    *,
    instrument: str,
    as_of: object,
    close: float,
    setup: Mapping[str, float],
    outcome: OutcomeConfig,
    forecasts: Mapping[int, Mapping[str, Sequence[float]]],
    config_sha256: str = "",
) -> dict[str, Any]:
    """One table, ready to be added.

    Parameters
    ----------
    setup : floor, ceiling, target_low, target_high, retest in the price of that day.
    forecasts : horizon -> forecaster (``model`` at least) -> (breakdown, range, continuation).

    Raises
    ------
    InputError
        ``ledger.bad_entry`` (a level or price is missing, or no forecast), ``verify.not_probabilities``.
    """
    missing = [name for name in SETUP if not np.isfinite(setup.get(name, np.nan))]
    if missing or not np.isfinite(close) or not close > 0:
        raise InputError(
            "ledger.bad_entry", f"{instrument} {as_of}: no {', '.join(missing) or 'positive close'}"
        )
    if not forecasts or any("model" not in by for by in forecasts.values()):
        raise InputError("ledger.bad_entry", f"{instrument} {as_of}: no forecast of the model")
    table = {}
    for horizon, by in sorted(forecasts.items()):
        checked = {
            name: sound_probabilities([values], name)[0].tolist() for name, values in sorted(by.items())
        }
        table[str(int(horizon))] = checked
    rule = outcome.model_dump(mode="json")
    levels = {name: float(setup[name]) for name in SETUP}
    return {
        "instrument": instrument,
        "as_of": str(np.datetime64(str(as_of)[:10], "D")),
        "close": float(close),
        "setup": levels,
        "outcome": rule,
        "event_sha256": _digest({"outcome": rule, "setup": levels, "close": float(close)}),
        "config_sha256": config_sha256,
        "forecasts": table,
    }


def entries_of(
    forecasts: pd.DataFrame, replay: pd.DataFrame, config: Config, as_of: object
) -> list[dict[str, Any]]:
    """Entries of every instrument that has a forecast on ``as_of``, from the frames of a run.

    A baseline without a forecast on that date is left out of the entry.

    Raises
    ------
    InputError
        ``ledger.no_forecast`` where no instrument has a complete forecast on that date.
    """
    day = pd.Timestamp(str(as_of)[:10])
    entries = []
    for instrument, rows in forecasts.loc[forecasts["date"] == day].groupby("instrument", sort=True):
        bar = replay.loc[(replay["instrument"] == instrument) & (replay["date"] == day)]
        by_horizon: dict[int, dict[str, list[float]]] = {}
        for row in rows.to_dict("records"):
            found = {}
            for name in ("model", *BASELINES.names):
                values = [float(row.get(column, np.nan)) for column in columns_of(name)]
                if np.isfinite(values).all():
                    found[name] = values
            if "model" in found:
                by_horizon[int(row["horizon_sessions"])] = found
        if len(bar) and by_horizon:
            line = bar.iloc[0]
            entries.append(
                ledger_entry(
                    instrument=str(instrument),
                    as_of=day.date(),
                    close=float(line["close"]),
                    setup={name: float(line[name]) for name in SETUP},
                    outcome=config.outcome,
                    forecasts=by_horizon,
                    config_sha256=config_sha256(config),
                )
            )
    if not entries:
        raise InputError("ledger.no_forecast", f"no instrument has a forecast on {day.date()}")
    return entries


def add(path: Path, entries: Sequence[Mapping[str, Any]], *, now: datetime | None = None) -> int:
    """Append entries that are not there yet; return how many lines were written.

    The same table twice (same instrument, date, event and config, same probabilities) is no second line.
    Each line is on disk (fsync) before the next is written.  Writers wait for each other.

    Raises
    ------
    DataError
        ``ledger.conflict`` where the same table exists with other probabilities: the first word stands.
        ``ledger.damaged`` where an existing line does not verify (names it).
    """
    stamp = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    written = 0
    with open_for_lines(path) as handle:
        known, last = _load_for_append(handle, path)
        for entry in entries:
            identity = _identity(entry)
            existing = known.get(identity)
            if existing is not None:
                if existing["forecasts"] != entry["forecasts"]:
                    raise DataError(
                        "ledger.conflict",
                        f"{path}: {entry['instrument']} {entry['as_of']} is already recorded with other "
                        f"probabilities (line {existing['line']})",
                        "a forecast is written down once; record a changed model under its own config",
                    )
                continue
            body = {**entry, "recorded_at": stamp, "previous": last}
            body["sha256"] = last = _digest(body)
            append_line(handle, _compact(body))
            known[identity] = {**body, "line": len(known) + 1}
            written += 1
    return written


def read(path: Path) -> list[dict[str, Any]]:
    """All complete lines, oldest first; a missing file is an empty ledger.

    Raises
    ------
    DataError
        ``ledger.damaged`` where a complete line is not JSON, was altered, or does not follow its predecessor.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    return _verified(raw[: raw.rfind(b"\n") + 1], path)


def show(path: Path) -> pd.DataFrame:
    """One row per table and horizon: recorded_at, instrument, as_of, horizon_sessions, levels, p_*."""
    rows = []
    for entry in read(path):
        for horizon, by in entry["forecasts"].items():
            row = {
                "recorded_at": entry["recorded_at"],
                "instrument": entry["instrument"],
                "as_of": entry["as_of"],
                "horizon_sessions": int(horizon),
                "close": entry["close"],
                **{name: entry["setup"][name] for name in SETUP},
            }
            row.update({f"p_{s}": by["model"][k] for k, s in enumerate(SCENARIOS)})
            rows.append(row)
    columns = ["recorded_at", "instrument", "as_of", "horizon_sessions", "close", *SETUP]
    return pd.DataFrame(rows, columns=[*columns, *(f"p_{s}" for s in SCENARIOS)])


def _load_for_append(handle: int, path: Path) -> tuple[dict[tuple[str, ...], dict[str, Any]], str]:
    size = os.fstat(handle).st_size
    raw = os.pread(handle, size, 0)
    whole = raw.rfind(b"\n") + 1
    if whole < size:  # a piece of a line that was never acknowledged
        os.ftruncate(handle, whole)
        os.fsync(handle)
    lines = _verified(raw[:whole], path)
    known = {_identity(entry): {**entry, "line": number} for number, entry in enumerate(lines, start=1)}
    return known, lines[-1]["sha256"] if lines else ""


def _verified(raw: bytes, path: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    last = ""
    for number, line in enumerate(raw.splitlines(), start=1):
        try:
            entry = json.loads(line)
            claimed = entry.pop("sha256")
            sound = claimed == _digest(entry) and entry["previous"] == last
        except (ValueError, KeyError, AttributeError, TypeError):
            sound = False
        if not sound:
            raise DataError(
                "ledger.damaged",
                f"{path}: line {number} was altered, or a line before it was removed",
                "restore the file from a copy; lines before this one are sound",
            )
        entries.append({**entry, "sha256": claimed})
        last = claimed
    return entries


def _identity(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(entry[key]) for key in _IDENTITY)


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _digest(value: Any) -> str:
    return hashlib.sha256(_compact(value).encode()).hexdigest()
