"""Futures contracts, one file each in a folder or one long table, put together into one series."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from engine.bars.around import Around
from engine.bars.contracts.contract import Contract, RollRule, check_contracts
from engine.bars.contracts.expiry import expiry_of
from engine.bars.contracts.stitch import Contracts, require_no_gap, stitch
from engine.bars.layouts import read_csv, read_parquet
from engine.bars.layouts.read import OPEN_INTEREST
from engine.bars.layouts.vendors import SYNONYMS, plain_name
from engine.bars.series import COLUMNS
from engine.bars.sources.source import Table
from engine.bars.validate import to_series
from engine.config import ContractsSource, CsvSource, ParquetSource
from engine.errors import DataError

_PACKED = (".csv", ".txt", ".gz", ".zip", ".parquet")


def read(source: ContractsSource, symbol: str) -> Table:
    """The chain of a source's contracts.

    Raises
    ------
    DataError
        ``contracts.none``, ``contracts.no_expiry``, those of :func:`check_contracts`, and those of the content checks.
    """
    place = str(source.folder or source.path)
    found = _folder(source, symbol) if source.folder is not None else _long_table(source, symbol)
    if not found:
        raise DataError(
            "contracts.none", f"{place}: no contract here", "name a folder with one file a contract"
        )
    contracts = tuple(sorted(found, key=lambda contract: contract.expiry))
    rule = RollRule(
        source.roll.by, source.roll.days_before_expiry, source.roll.window_days, source.roll.adjustment
    )
    check_contracts(contracts, rule)
    frame, rolls = stitch(contracts, rule)
    require_no_gap(contracts, rolls)
    lowest = float(frame["low"].min())
    if rule.adjustment == "difference" and lowest <= 0:
        raise DataError(
            "contracts.not_positive",
            f"{place}: prices carried over the rolls by their differences fall to {lowest:g}; log returns are undefined",
            "set roll.adjustment: ratio",
        )
    names = [rolls.names[i] for i in dict.fromkeys(rolls.contract.tolist())]
    count = len(names)
    origin = f"{count} contract{'s' if count > 1 else ''}, {names[0]} to {names[-1]}, rolled by {rule.by}, adjusted by {rule.adjustment}"
    return Table(frame, place, Around(origin=origin, rolls=rolls, parts=(Contracts(contracts, rule),)))


def _folder(source: ContractsSource, symbol: str) -> list[Contract]:
    folder = Path(str(source.folder))
    if not folder.is_dir():
        raise DataError(
            "data.missing_file", f"{folder}: no such folder", "name the folder with one file a contract"
        )
    listed = _expiries(source)
    contracts = []
    for path in sorted(folder.glob(source.files)):
        if path.suffix.lower() not in _PACKED or path == source.expiries:
            continue
        kind = ParquetSource if path.suffix.lower() == ".parquet" else CsvSource
        reader = read_parquet if kind is ParquetSource else read_csv
        frame, _ = reader(kind(path=path), symbol)  # type: ignore[arg-type]
        name = path.name.split(".")[0]
        contracts.append(_contract(name, frame, str(path), source, listed, symbol))
    return contracts


def _long_table(source: ContractsSource, symbol: str) -> list[Contract]:
    path = Path(str(source.path))
    if not path.is_file():
        raise DataError("data.missing_file", f"{path}: no such file", "name the table with all contracts")
    table = (
        pd.read_parquet(path)
        if path.suffix == ".parquet"
        else pd.read_csv(path, dtype=str, keep_default_na=False)
    )
    table = table.reset_index(drop=True).set_axis(table.index + 2, axis=0)
    names = {plain_name(c): c for c in table.columns}
    wanted = source.contract_column
    if wanted not in table.columns:
        raise DataError(
            "contracts.no_such_column",
            f"{path}: no column {wanted} (found: {', '.join(map(str, table.columns))})",
            "name the column that tells the contracts apart: contract_column",
        )
    fields = {f: next((names[n] for n in (f, *SYNONYMS[f]) if n in names), f) for f in ("date", *COLUMNS)}
    table = table.rename(columns={column: field for field, column in fields.items()})
    listed = _expiries(source)
    return [
        _contract(str(name), rows, f"{path}, {name}", source, listed, symbol)
        for name, rows in table.groupby(wanted, sort=False)
    ]


def _expiries(source: ContractsSource) -> dict[str, np.datetime64]:
    if source.expiries is None:
        return {}
    table = pd.read_csv(source.expiries, dtype=str)
    names = {plain_name(c): c for c in table.columns}
    if not {"contract", "expiry"} <= set(names):
        raise DataError(
            "contracts.no_such_column",
            f"{source.expiries}: no column contract or expiry (found: {', '.join(table.columns)})",
            "a list of expiries has the columns contract and expiry",
        )
    days = pd.to_datetime(table[names["expiry"]], format="%Y-%m-%d", errors="coerce")
    return {
        str(name): day.to_numpy().astype("datetime64[D]")
        for name, day in zip(table[names["contract"]], days, strict=True)
        if not pd.isna(day)
    }


def _contract(
    name: str,
    frame: pd.DataFrame,
    place: str,
    source: ContractsSource,
    listed: dict[str, np.datetime64],
    symbol: str,
) -> Contract:
    expiry = listed.get(name)
    columns = {plain_name(c): c for c in frame.columns}
    if expiry is None and source.expiry_column in frame.columns:
        cell = str(frame[source.expiry_column].iloc[0])[:10]
        expiry = expiry_of(cell, None)
    if expiry is None:
        expiry = expiry_of(name, source.expiry)
    if expiry is None:
        raise DataError(
            "contracts.no_expiry",
            f"{place}: the expiry of {name} is not known",
            "set expiry: third_friday where the name ends in a month code and a year (RTYZ25), give expiries: FILE with the "
            "columns contract and expiry, or an expiry column",
        )
    bars = to_series(frame, symbol=symbol, family="contract", place=place)
    interest = None
    held = next((columns[n] for n in OPEN_INTEREST if n in columns), None)
    if held is not None:
        interest = pd.to_numeric(frame[held], errors="coerce").to_numpy(float)
    return Contract(name, expiry, replace(bars, symbol=name), interest, place)
