"""How numbers and dates read in every table, sentence and chart: one place, so that they read alike."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from engine.forecast.baselines import BASELINES
from engine.rules.naming import MONTHS
from engine.year import WEEK

MISSING = "–"
_ISO_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_BRACKET = re.compile(r" \(([^()]+)\)$")
_GAP = re.compile(r"(\d) %")
_NEGATIVE = re.compile(r"(?<![\w.–-])-(?=\d)")
MINUS = "−"

# the names a reader sees say where price goes, not whether that continues a trend: see docs/method.md
SCENARIO_LABELS = {"continuation": "Up", "range": "Between", "breakdown": "Down"}
# order of the rows in every table a reader sees: the way the analyst's sheet is read, top to bottom
DISPLAY_ORDER = ("continuation", "range", "breakdown")


def quoted(scenario: str) -> str:
    """A scenario's name inside a sentence: ``“up”``."""
    return f"“{SCENARIO_LABELS[scenario].lower()}”"


RAW_LABEL = "Before calibration"


def baseline_label(name: str) -> str:
    """Heading of a forecaster's column: a baseline's own label, or that of the model before calibration."""
    if name == "raw":
        return RAW_LABEL
    return BASELINES[name].label if name in BASELINES else capital(name.replace("_", " "))


def number(value: Any) -> float | None:
    """A float, or None for None, NaN, infinity, NaT and anything that is no number."""
    if value is None or isinstance(value, (str, bytes)):
        return None
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if math.isfinite(result) else None


def percent(probability: Any, digits: int = 0) -> str:
    """``0.483`` as ``48%``; a probability that is small but not zero is ``<1%``, never ``0%``."""
    value = number(probability)
    if value is None:
        return MISSING
    text = f"{100 * value:.{digits}f}"
    if value > 0 and float(text) == 0:
        return f"<{10**-digits:.{digits}f}%"
    return f"{text}%".replace("-", MINUS)


def percent_range(low: Any, high: Any) -> str:
    """``44–57%``, or an empty string where either end is unknown."""
    a, b = number(low), number(high)
    if a is None or b is None:
        return ""
    return f"{100 * a:.0f}–{100 * b:.0f}%"


def signed_percent(fraction: Any, digits: int = 1) -> str:
    """``0.0043`` as ``+0.4%``, with a real minus sign; zero has no sign."""
    value = number(fraction)
    if value is None:
        return MISSING
    return signed(100 * value, digits) + "%"


def signed(value: Any, digits: int = 1) -> str:
    """A number with its sign; what rounds to zero has none."""
    known = number(value)
    if known is None:
        return MISSING
    text = f"{abs(known):,.{digits}f}"
    if not any(c in "123456789" for c in text):
        return text
    return ("+" if known > 0 else MINUS) + text


def decimal(value: Any, digits: int = 2) -> str:
    """A plain number with thousands separators and a real minus sign."""
    known = number(value)
    if known is None:
        return MISSING
    text = f"{known:,.{digits}f}"
    if not any(c in "123456789" for c in text):
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def count(value: Any) -> str:
    """A whole number with thousands separators."""
    known = number(value)
    return MISSING if known is None else f"{known:,.0f}".replace("-", MINUS)


def p_value(value: Any) -> str:
    """``0.04``; below one in a thousand ``<0.001``."""
    known = number(value)
    if known is None:
        return MISSING
    return "<0.001" if known < 0.001 else f"{known:.3f}" if known < 0.1 else f"{known:.2f}"


def price_decimals(close: Any, atr: Any = None) -> int:
    """Decimals such that rounding a price costs at most about 5 % of a day's range (0 to 10)."""
    step = number(atr)
    if step is None or step <= 0:
        step = 0.01 * abs(number(close) or 1.0)
    if step <= 0:
        return 2
    return min(10, max(0, math.ceil(-math.log10(0.1 * step) - 1e-9)))


def price(value: Any, decimals: int = 0) -> str:
    """``2,460``."""
    return decimal(value, decimals)


def zone(low: Any, high: Any, decimals: int = 0) -> str:
    """``2,560–2,570``; one price where both ends read alike or one is unknown."""
    a, b = price(low, decimals), price(high, decimals)
    if a == b or b == MISSING:
        return a
    return b if a == MISSING else f"{a}–{b}"


def day(value: Any) -> str:
    """``2 December 2025`` (no locale, so that files do not depend on the machine)."""
    moment = to_date(value)
    return MISSING if moment is None else f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def short_day(value: Any) -> str:
    """``2 Dec 2025``."""
    moment = to_date(value)
    return MISSING if moment is None else f"{moment.day} {MONTHS[moment.month - 1][:3]} {moment.year}"


def plain_name(name: str) -> str:
    """A level's name for use inside brackets: ``support shelf (May 2024)`` as ``support shelf of May 2024``."""
    return _BRACKET.sub(r" of \1", name)


def dated(text: str) -> str:
    """Text in which ISO dates read as days: ``break 17 Nov 2025``."""
    return _ISO_DAY.sub(lambda match: short_day(match[0]), text)


def to_date(value: Any) -> date | None:
    """A date from a date, datetime, numpy datetime, pandas timestamp or ISO text."""
    if value is None:
        return None
    text = str(value)[:10]
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def plural(n: Any, noun: str, nouns: str | None = None) -> str:
    """``1 session``, ``3 sessions``."""
    known = number(n)
    return f"{count(known)} {noun if known == 1 else nouns or noun + 's'}"


def times(n: int) -> str:
    """``never``, ``once``, ``twice``, ``3 times``."""
    return {0: "never", 1: "once", 2: "twice"}.get(n, f"{count(n)} times")


def join(parts: Iterable[str], last: str = "and") -> str:
    """``a, b and c``; empty parts are left out."""
    items = [part for part in parts if part]
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def sentence(text: str) -> str:
    """First letter upper case, a full stop at the end, no gap before a percent sign."""
    text = _GAP.sub(r"\1%", text.strip())
    if not text:
        return ""
    return capital(text) + ("" if text[-1] in ".!?" else ".")


def signs(text: str) -> str:
    """Text in which a hyphen that stands before a number as its sign is a real minus sign."""
    return _NEGATIVE.sub(MINUS, text)


def capital(text: str) -> str:
    """The first letter upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def weeks(sessions: int, week: int = WEEK) -> str:
    """``about 3 weeks`` for 15 sessions of a market that has five a week; ``15 days`` where it trades every day."""
    if week == 7:
        return plural(sessions, "day")
    n = round(sessions / max(week, 1))
    return plural(sessions, "session") if n < 1 else f"about {plural(n, 'week')}"
