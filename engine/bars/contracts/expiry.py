"""When a contract expires: from its name and a rule."""

from __future__ import annotations

import re

import numpy as np

MONTH_CODES = "FGHJKMNQUVXZ"
_CODE = re.compile(rf"([{MONTH_CODES}])(\d{{4}}|\d{{1,2}})$")
_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")


def third_friday(year: int, month: int) -> np.datetime64:
    """Expiry of equity-index futures: the third Friday of the month."""
    first = np.datetime64(f"{year:04d}-{month:02d}", "M").astype("datetime64[D]")
    weekday = (int(first.astype(np.int64)) + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
    return first + np.timedelta64((4 - weekday) % 7 + 14, "D")


def third_wednesday(year: int, month: int) -> np.datetime64:
    """Expiry of currency and short-rate futures: the Wednesday before the third Friday or after it, counted from the 1st."""
    first = np.datetime64(f"{year:04d}-{month:02d}", "M").astype("datetime64[D]")
    weekday = (int(first.astype(np.int64)) + 3) % 7
    return first + np.timedelta64((2 - weekday) % 7 + 14, "D")


RULES = {"third_friday": third_friday, "third_wednesday": third_wednesday}


def expiry_of(name: str, rule: str | None) -> np.datetime64 | None:
    """Expiry of the contract called ``name``: a date in it, or its month code and year by ``rule``; None: not known.

    A year of one or two digits is taken from 1970 on, and of one digit in the 2020s.

    Examples
    --------
    >>> str(expiry_of("RTYZ25", "third_friday")), str(expiry_of("RTYH2026", "third_friday"))
    ('2025-12-19', '2026-03-20')
    """
    dated = _DATE.search(name)
    if dated is not None:
        try:
            return np.datetime64("-".join(dated.groups()), "D")
        except ValueError:
            return None
    code = _CODE.search(name.upper())
    if code is None or rule is None:
        return None
    digits = code[2]
    year = int(digits) if len(digits) == 4 else 2020 + int(digits) if len(digits) == 1 else 1900 + int(digits)
    year += 100 if len(digits) == 2 and year < 1970 else 0
    return RULES[rule](year, MONTH_CODES.index(code[1]) + 1)
