"""Which rows have ended, by hours that the exchanges publish."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from engine.bars.fetch.finished import Exchange, finished

DAYS = np.array(["2025-11-28", "2025-12-01", "2025-12-02", "2025-12-03"], "M8[D]")
# CME: a session runs from 17:00 to 16:00 Chicago of the day it is named after.  NYSE: 09:30 to 16:00 New York, 13:00 on 28 November
FUTURES, STOCKS = Exchange("CMES", "America/New_York"), Exchange("XNYS", "America/New_York")
UNKNOWN = Exchange(None, "America/New_York")


@pytest.mark.parametrize(
    ("exchange", "now", "last"),
    [
        (STOCKS, "2025-12-02 20:59", "2025-12-01"),  # 15:59 in New York
        (STOCKS, "2025-12-02 21:01", "2025-12-02"),
        (STOCKS, "2025-12-03 01:00", "2025-12-02"),  # 20:00, the next session has not begun
        (STOCKS, "2025-11-28 17:59", None),  # half a day: until 13:00
        (STOCKS, "2025-11-28 18:01", "2025-11-28"),
        (FUTURES, "2025-12-02 20:00", "2025-12-01"),
        # 01:00 UTC, 20:00 in New York: the evening session's trades come under the date of the day that has ended
        (FUTURES, "2025-12-03 01:00", "2025-12-01"),
        (FUTURES, "2025-12-03 06:30", "2025-12-02"),  # after midnight in Chicago
        (UNKNOWN, "2025-12-03 01:00", "2025-12-01"),
        (UNKNOWN, "2025-12-03 05:01", "2025-12-02"),
        (Exchange(None, "Asia/Tokyo"), "2025-12-02 15:01", "2025-12-02"),
    ],
)
def test_the_last_finished_session(exchange, now, last):
    kept, reason = finished(DAYS, exchange, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert (str(DAYS[kept][-1]) if kept.any() else None) == last
    assert bool(reason) == (not kept.all())


def test_the_reason_names_exchange_time():
    _, reason = finished(DAYS, FUTURES, datetime(2025, 12, 3, 1, 0, tzinfo=UTC))
    assert "the session of 2025-12-03 has begun at 17:00 (America/Chicago)" in reason
    _, reason = finished(DAYS, STOCKS, datetime(2025, 12, 2, 15, 0, tzinfo=UTC))
    assert (
        "left out 2025-12-02, 2025-12-03: the session of 2025-12-02 ends at 16:00 (America/New_York)"
        in reason
    )
