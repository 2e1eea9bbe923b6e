"""Contracts put together into one history: who trades when, and what a roll is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from engine.bars.contracts.contract import Contract, RollRule, weekdays_left
from engine.bars.contracts.rolls import Rolls
from engine.bars.series import COLUMNS, PRICE_COLUMNS
from engine.errors import DataError
from engine.kernels.streams import audit_noise

_NEVER: Any = np.datetime64("0001-01-01", "D")
FACTS = ("date", *COLUMNS, "ratio", "shift", "contract")


def stitch(contracts: Sequence[Contract], rule: RollRule) -> tuple[pd.DataFrame, Rolls]:
    """The chain of contracts in the order of their expiry.

    A contract without a successor counts only until the first session on which its roll could happen: what came
    after it would change once the successor is there.

    Returns
    -------
    (columns date, open, high, low, close, volume in chain prices; the rolls of its rows).
    """
    ratio, shift, start = 1.0, 0.0, _NEVER
    parts: list[pd.DataFrame] = []
    rows: list[tuple[int, float, float, int]] = []
    for index, old in enumerate(contracts):
        if not len(old.bars):
            break
        new = contracts[index + 1] if index + 1 < len(contracts) else None
        last = _last_session(old, new, rule, start)
        mine = (old.bars.dates >= start) & (old.bars.dates <= last)
        parts.append(_chained(old, mine, ratio, shift))
        rows.append((index, ratio, shift, int(mine.sum())))
        if new is None or not _rolled(new, last):
            break
        at_old, at_new = (float(c.bars.close[np.searchsorted(c.bars.dates, last)]) for c in (old, new))
        if rule.adjustment == "ratio":
            ratio *= at_old / at_new
        elif rule.adjustment == "difference":
            shift += at_old - at_new
        start = last + np.timedelta64(1, "D")
    counts = [row[3] for row in rows]
    rolls = Rolls(
        ratio=np.repeat([row[1] for row in rows], counts),
        shift=np.repeat([row[2] for row in rows], counts),
        contract=np.repeat(np.array([row[0] for row in rows], np.int64), counts),
        names=tuple(contract.name for contract in contracts),
    )
    return pd.concat(parts, ignore_index=True), rolls


def _rolled(new: Contract, last: np.datetime64) -> bool:
    return bool(np.isin(last, new.bars.dates)) and bool(new.bars.dates[-1] > last)


def _chained(contract: Contract, mine: np.ndarray, ratio: float, shift: float) -> pd.DataFrame:
    frame = pd.DataFrame({"date": contract.bars.dates[mine].astype("datetime64[us]")})
    for name in PRICE_COLUMNS:
        frame[name] = getattr(contract.bars, name)[mine] * ratio + shift
    return frame.assign(volume=contract.bars.volume[mine])


def _last_session(old: Contract, new: Contract | None, rule: RollRule, start: Any) -> Any:
    """The session after whose close ``new`` takes over; the last there is where that has not come yet."""
    days = old.bars.dates
    left = weekdays_left(days, old.expiry)
    mine = days >= start
    forced = left <= rule.days_before_expiry
    earliest = forced if rule.by == "days" else left <= max(rule.window_days, rule.days_before_expiry)
    if new is None:
        found = np.flatnonzero(mine & earliest)
        return days[found[0]] if len(found) else days[-1]
    common, at_old, at_new = np.intersect1d(days, new.bars.dates, return_indices=True)
    crossed = np.zeros(len(days), dtype=bool)
    if rule.by == "volume":
        crossed[at_old] = new.bars.volume[at_new] > old.bars.volume[at_old]
    elif rule.by == "open_interest" and old.open_interest is not None and new.open_interest is not None:
        larger = new.open_interest[at_new] > old.open_interest[at_old]
        crossed[at_old[1:]] = larger[:-1]  # that of the session before: today's is published tomorrow
    together = np.isin(days, common)
    found = np.flatnonzero(mine & together & (forced | (crossed & earliest)))
    return days[found[0]] if len(found) else days[-1]


def require_no_gap(contracts: Sequence[Contract], rolls: Rolls) -> None:
    """Raise ``contracts.gap`` where a contract ended without a roll although a later one goes on."""
    reached = int(rolls.contract[-1])
    old = contracts[reached]
    for new in contracts[reached + 1 :]:
        if new.bars.dates[-1] > old.bars.dates[-1]:
            raise DataError(
                "contracts.gap",
                f"{old.place}: bars of {old.name} end on {old.bars.dates[-1]}, {int(weekdays_left(old.bars.dates[-1:], old.expiry)[0])} "
                f"weekdays before its expiry ({old.expiry}), without a session on which to roll into {contracts[reached + 1].name}",
                "raise roll.days_before_expiry to that number, or complete the files",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Contracts:
    """The contracts that a series was put together from, so that the audit can put it together without the future."""

    contracts: tuple[Contract, ...]
    rule: RollRule
    name: str = "contracts"

    def facts(self) -> pd.DataFrame:
        """Columns :data:`FACTS`, one row a session: what the series says of each."""
        frame, rolls = stitch(self.contracts, self.rule)
        names = np.array(rolls.names, dtype=object)
        return frame.assign(
            ratio=rolls.ratio, shift=rolls.shift, contract=pd.Series(names[rolls.contract], dtype="str")
        )

    def as_known(self, day: np.datetime64, future: str, seed: int) -> Contracts:
        """The contracts after the close of ``day``, with nothing (``cut``), noise or missing volumes behind it."""
        rng = audit_noise(seed, int(day.astype("datetime64[D]").astype(np.int64)))
        known = []
        for contract in self.contracts:
            stop = int(np.searchsorted(contract.bars.dates, day, side="right"))
            if future == "cut":
                # that a contract will be there is known before it trades
                known.append(_cut(contract, stop))
                continue
            known.append(_scrambled(contract, stop, rng, missing=future == "missing"))
        return replace(self, contracts=tuple(known))


def _cut(contract: Contract, stop: int) -> Contract:
    interest = None if contract.open_interest is None else contract.open_interest[:stop]
    return replace(contract, bars=contract.bars.cut(stop), open_interest=interest)


def _scrambled(contract: Contract, stop: int, rng: np.random.Generator, *, missing: bool) -> Contract:
    n = len(contract.bars) - stop
    scale = np.exp(rng.normal(0.0, 0.5, n))
    values: dict[str, Any] = {c: getattr(contract.bars, c).copy() for c in COLUMNS}
    for name in PRICE_COLUMNS:
        values[name][stop:] = np.nan if missing else values[name][stop:] * scale
    values["volume"][stop:] = np.nan if missing else rng.lognormal(10.0, 3.0, n)
    interest = None
    if contract.open_interest is not None:
        interest = contract.open_interest.copy()
        interest[stop:] = np.nan if missing else rng.lognormal(10.0, 3.0, n)
    return replace(contract, bars=replace(contract.bars, **values), open_interest=interest)
