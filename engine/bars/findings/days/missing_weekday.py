"""A day of the week without sessions, or weeks with too few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.days.weeks import DAY_NAMES, week_table
from engine.bars.findings.finding import Look, Remark, count
from engine.bars.movement import Movement
from engine.bars.stretches import runs

_USUAL = 0.6  # share of weeks with a session on a day that is one of the market
_WEEKS = 3  # weeks in a row without it; two happen between the years
_QUARTER, _HOLIDAYS = 13, 12  # weeks, and weekdays without a session that holidays explain in them


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    if len(seen) < 50 or np.median(np.diff(seen.bars.dates).astype(np.int64)) >= 5:
        return
    mondays, table = week_table(seen.bars)
    there = table >= 0
    whole = there.sum(axis=1) >= 2  # one session a week is another finding
    whole[[0, -1]] = False  # the first and the last week may be cut
    told = np.zeros(len(table), dtype=bool)
    usual = there.mean(axis=0) >= _USUAL
    ordinary = there[:, :5].mean() >= 0.5
    for day in np.flatnonzero(usual | (np.arange(7) < 5)).tolist():
        # a day that never is a session is a market's own rule, unless it is the only one of Monday to Friday
        for start, stop in runs(whole & ~there[:, day], _WEEKS):
            if not ordinary or there[start:stop, 6].any() or there[start:stop, 5].any():
                continue  # moved to another day: stamps of another time zone
            told[start:stop] = True
            first = int(table[start][table[start] >= 0][0])
            last = int(table[stop - 1][table[stop - 1] >= 0][-1])
            yield Remark(
                f"{mondays[start]} to {mondays[stop - 1] + 6}: no {DAY_NAMES[day]} for {count(stop - start, 'week')}.",
                first,
                last + 1,
                column="date",
            )
    absent = np.where(whole & ~told, np.sum(~there[:, :5] & usual[:5], axis=1), 0)
    if len(absent) < _QUARTER:
        return
    total = np.convolve(absent, np.ones(_QUARTER, dtype=np.int64), mode="valid")
    for start, stop in runs(total > _HOLIDAYS):
        # the quarter that misses most
        at = start + int(np.argmax(total[start:stop]))
        rows = table[at : at + _QUARTER]
        known = rows[rows >= 0]
        yield Remark(
            f"{mondays[at]} to {mondays[at + _QUARTER - 1] + 6}: {total[at]} weekdays without a session in a quarter, more than "
            "holidays explain.",
            int(known[0]),
            int(known[-1]) + 1,
            column="date",
        )


LOOK = Look(
    code="bars.missing_weekday",
    severity="warning",
    looks_at="the days of the week that have sessions",
    means="Sessions are missing; a horizon in sessions is longer than it says, and moves are those of two days.",
    remedy="fill them from another source, or name the market's calendar",
    look=_look,
)
