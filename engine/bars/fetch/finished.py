"""Which rows of a download are of sessions that have ended, by the clock of the exchange.

A vendor's last row is the running session's.  Where a market reopens in the evening, the row of the finished day is no
safer: until midnight the vendor dates the next session's trades with the day that has just ended, and the running row
takes the place of the finished one (yfinance 1.7.0 keeps the later of two rows with one date).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from engine.bars.calendars import calendar_zone, session_close, session_open, sessions_after


@dataclass(frozen=True, slots=True)
class Exchange:
    """Where an instrument is traded.

    Attributes
    ----------
    calendar : of its sessions; None: not known, and a day has ended at midnight.
    zone : time zone of the vendor's dates.
    """

    calendar: str | None
    zone: str


def finished(days: np.ndarray, exchange: Exchange, now: datetime) -> tuple[np.ndarray, str]:
    """A mask of the (n,) days whose bars cannot move any more, and in words why the others were left out.

    A day before today (of the exchange, and of the vendor) has ended.  Today's has, where a calendar is known, its session
    is over, and no later session has begun.
    """
    zones = [exchange.zone] + ([] if exchange.calendar is None else [calendar_zone(exchange.calendar)])
    today = min(np.datetime64(now.astimezone(ZoneInfo(zone)).date(), "D") for zone in zones)
    kept = days < today
    if exchange.calendar is None:
        reason = f"days end at midnight in {exchange.zone} where no calendar is named"
    else:
        end = session_close(exchange.calendar, today)
        later = sessions_after(exchange.calendar, today, 1)
        begins = session_open(exchange.calendar, later[0]) if len(later) else None
        if end is None:
            reason = f"{today} is no session of {exchange.calendar}"
        elif now < end:
            reason = f"the session of {today} ends at {_clock(end, exchange.calendar)}"
        elif begins is not None and begins <= now:
            reason = (
                f"the session of {later[0]} has begun at {_clock(begins, exchange.calendar)}, and until midnight its "
                f"trades come under the date {today}"
            )
        else:
            kept = days <= today
            reason = f"later than {today}"
    left = days[~kept]
    if not len(left):
        return kept, ""
    shown = ", ".join(left[-3:].astype(str))
    return kept, f"left out {shown}: {reason}"


def _clock(moment: datetime, calendar: str) -> str:
    zone = calendar_zone(calendar)
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M} ({zone})"
