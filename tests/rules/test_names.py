"""Names as an analyst writes them."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

import engine.rules.names
import engine.rules.naming
from engine.rules.kinds import KINDS
from engine.rules.names import average_name, level_name
from engine.rules.naming import Birth, month_of, part_of_month

AS_OF = np.datetime64("2025-12-02")


def test_the_examples_of_the_documentation():
    assert doctest.testmod(engine.rules.names).failed == doctest.testmod(engine.rules.naming).failed == 0


@pytest.mark.parametrize(
    ("kind", "formed", "more", "name"),
    [
        ("swing_low", "2025-11-21", {"as_of": AS_OF}, "November swing low"),
        ("swing_low", "2024-11-21", {"as_of": AS_OF}, "November 2024 swing low"),
        ("swing_low", "2025-11-21", {}, "November 2025 swing low"),
        ("all_time_high", "2025-10-27", {"as_of": AS_OF, "is_record": True}, "prior all-time-high region"),
        ("all_time_high", "2021-11-08", {"as_of": AS_OF}, "November 2021 all-time-high region"),
        ("support_shelf", "2025-11-13", {"as_of": AS_OF, "span_sessions": 5}, "support shelf (November)"),
        (
            "support_shelf",
            "2025-11-28",
            {"as_of": AS_OF, "since": np.datetime64("2025-11-03"), "span_sessions": 18},
            "multi-week support shelf (November)",
        ),
        (
            "support_shelf",
            "2025-11-14",
            {"as_of": AS_OF, "since": np.datetime64("2025-08-12"), "span_sessions": 66},
            "multi-month support shelf (August–November)",
        ),
        (
            "support_shelf",
            "2025-01-14",
            {"as_of": AS_OF, "since": np.datetime64("2024-10-10")},
            "support shelf (October 2024–January)",
        ),
        (
            "support_shelf",
            "2024-06-14",
            {"as_of": AS_OF, "since": np.datetime64("2024-05-10")},
            "support shelf (May–June 2024)",
        ),
        (
            "support_shelf",
            "2025-11-20",
            {"since": np.datetime64("2025-11-03")},
            "support shelf (November 2025)",
        ),
        (
            "swing_low",
            "2025-11-21",
            {"as_of": AS_OF, "since": np.datetime64("2025-10-10")},
            "November swing low",
        ),
        (
            "resistance_shelf",
            "2025-07-11",
            {"as_of": AS_OF, "since": np.datetime64("2025-07-01"), "span_sessions": 7},
            "resistance shelf (July)",
        ),
        ("supply_zone", "2025-11-03", {"as_of": AS_OF}, "early-November supply zone"),
        (
            "support_shelf",
            "2025-11-14",
            {"as_of": AS_OF, "span_sessions": 12, "turned": "broken"},
            "broken multi-week support shelf (November)",
        ),
        ("demand_zone", "2025-08-31", {"as_of": AS_OF}, "late-August demand zone"),
        ("range_low", "2025-04-07", {"as_of": AS_OF}, "April multi-month range low"),
    ],
)
def test_zone_names(kind, formed, more, name):
    assert level_name(kind, Birth(np.datetime64(formed), **more)) == name


def test_average_names():
    assert average_name("moving_average_50", True, 6) == "50-day moving average, reclaimed 6 sessions ago"
    assert average_name("moving_average_50", False, 1) == "50-day moving average, lost 1 session ago"
    assert average_name("moving_average_200", True, 0) == "200-day moving average, reclaimed today"
    assert average_name("moving_average_200", True, None) == "200-day moving average"
    assert average_name("moving_average_200", True, 500) == "200-day moving average"


def test_every_kind_has_a_name():
    for kind in KINDS:
        assert kind.noun in level_name(kind.name, Birth(AS_OF))


def test_parts_of_a_month():
    days = ["2025-11-01", "2025-11-10", "2025-11-11", "2025-11-20", "2025-11-21", "2025-11-30"]
    assert [part_of_month(np.datetime64(d)) for d in days] == ["early", "early", "mid", "mid", "late", "late"]
    assert month_of(np.datetime64("1969-12-31")) == "December 1969"
