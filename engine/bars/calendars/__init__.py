"""When a market trades: its sessions, whether a file has them all, and which sessions come next."""

from engine.bars.calendars.agreement import Agreement, best_calendar, compare_with
from engine.bars.calendars.sessions import (
    calendar_zone,
    half_days,
    session_close,
    session_open,
    sessions_after,
    sessions_between,
)

__all__ = [
    "Agreement",
    "best_calendar",
    "calendar_zone",
    "compare_with",
    "half_days",
    "session_close",
    "session_open",
    "sessions_after",
    "sessions_between",
]
