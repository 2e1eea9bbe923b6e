"""The layouts that are recognised: one value a vendor, told apart by their headers (or, without one, their cells).

A layout only says which column means what where its names are not the plain ones.  Dates, numbers and order are
read from the cells themselves, whoever wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.bars.series import COLUMNS

FIELDS = ("date", *COLUMNS)


@dataclass(frozen=True, slots=True)
class Layout:
    """One vendor's table.

    Attributes
    ----------
    name : as it is told.
    header : names (lower case, see :func:`plain_name`) that must all be there.
    columns : field to header name, where that is not the field's own name.
    cells : for files without a header: one pattern per leading cell of a row.
    names : for files without a header: the fields by position, "" for a cell that is not used.
    dates : the order of day and month where the vendor has only one.
    no_volume : what the vendor writes where there was no volume; read as 0.
    footer : beginning of a last line that is no row.
    """

    name: str
    header: frozenset[str] = frozenset()
    columns: dict[str, str] = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    dates: str | None = None
    no_volume: tuple[str, ...] = ()
    footer: str | None = None


def _with_header(name: str, header: str, **more: object) -> Layout:
    return Layout(name, header=frozenset(header.split("|")), **more)  # type: ignore[arg-type]


_NUMBER = r"-?[\d.,]+(?:[eE][+-]?\d+)?"
_PRICES = (_NUMBER,) * 4

# the first that fits is taken, so what asks for more stands before what asks for less
LAYOUTS: tuple[Layout, ...] = (
    _with_header(
        "metatrader 5",
        "<date>|<open>|<high>|<low>|<close>|<tickvol>|<vol>|<spread>",
        columns={"date": "<date>", "open": "<open>", "high": "<high>", "low": "<low>", "close": "<close>", "volume": "<tickvol>"},
    ),
    _with_header(
        "stooq bulk",
        "<date>|<open>|<high>|<low>|<close>",
        columns={"date": "<date>", "open": "<open>", "high": "<high>", "low": "<low>", "close": "<close>", "volume": "<vol>"},
    ),
    _with_header("yahoo", "date|open|high|low|close|adj close"),
    _with_header("nasdaq.com", "date|close/last|open|high|low", columns={"close": "close/last"}, dates="month/day/year", no_volume=("--", "N/A")),
    _with_header("investing", "date|price|open|high|low|change %", columns={"close": "price", "volume": "vol"}, no_volume=("", "-")),
    _with_header(
        "investing (German)",
        "datum|zuletzt|eröffn|hoch|tief|+/- %",
        columns={"date": "datum", "open": "eröffn", "high": "hoch", "low": "tief", "close": "zuletzt", "volume": "vol"},
        no_volume=("", "-"),
    ),
    _with_header("barchart", "time|open|high|low|last|change|%chg|volume", columns={"date": "time", "close": "last"}, dates="month/day/year", footer="Downloaded from"),
    _with_header("barchart", "time|open|high|low|latest|change|%change|volume", columns={"date": "time", "close": "latest"}, dates="month/day/year", footer="Downloaded from"),
    _with_header("sierra chart", "date|time|open|high|low|last|volume|numberoftrades", columns={"close": "last"}),
    _with_header("alpha vantage", "timestamp|open|high|low|close|adjusted_close", columns={"date": "timestamp"}),
    _with_header("alpha vantage", "timestamp|open|high|low|close|volume", columns={"date": "timestamp"}),
    _with_header("binance", "open_time|open|high|low|close|volume|close_time", columns={"date": "open_time"}),
    _with_header("cryptodatadownload", "unix|date|symbol|open|high|low|close", columns={"volume": "volume *"}),
    _with_header("tradingview", "time|open|high|low|close", columns={"date": "time"}),
    _with_header("iso", "date|open|high|low|close"),
    Layout("binance", cells=(r"\d{12,19}", *_PRICES, _NUMBER, r"\d{12,19}"), names=FIELDS),
    Layout("metatrader 4", cells=(r"\d{4}\.\d\d\.\d\d", r"\d\d:\d\d", *_PRICES), names=("date", "time", *COLUMNS)),
    Layout("date and time without header", cells=(r"[\d/.-]{8,10}", r"\d\d:\d\d(?::\d\d)?", *_PRICES), names=("date", "time", *COLUMNS)),
    Layout("firstrate", cells=(r"\d{4}-\d\d-\d\d(?: [\d:]+)?", *_PRICES), names=FIELDS),
    Layout("instants and prices without header", cells=(r"\d{9,19}", *_PRICES), names=FIELDS),
    Layout("dates and prices without header", cells=(r"[\d/.-]{8,10}(?: [\d:]+)?", *_PRICES), names=FIELDS),
)  # fmt: skip

# a name that means a field in no particular vendor's layout; the field's own name goes before all of these
SYNONYMS: dict[str, tuple[str, ...]] = {
    "date": ("datetime", "date/time", "timestamp", "time", "day", "trade date", "session", "open time", "open_time", "datum", "unix"),
    "open": ("open price", "opening price", "open_price", "eröffnung", "eröffn"),
    "high": ("high price", "high_price", "hoch"),
    "low": ("low price", "low_price", "tief"),
    "close": ("close price", "close_price", "last", "last price", "price", "settle", "latest", "zuletzt", "schluss", "close/last"),
    "volume": ("vol", "total volume", "total_volume", "volumen", "tick volume"),
}  # fmt: skip
SYMBOL_NAMES = ("symbol", "ticker", "<ticker>", "instrument", "ric", "isin", "act_symbol")


def plain_name(name: object) -> str:
    """A header's name as layouts write it: lower case, no numbering, no final stop."""
    text = " ".join(str(name).strip().strip('"').lower().split()).removesuffix(".")
    return re.sub(r"^\d+[a-z]?\. ", "", text)


def match_header(names: Sequence[str]) -> tuple[Layout | None, dict[str, int]]:
    """The layout that fits plain names, and field to position for what it names; (None, {}) where none does."""
    for layout in LAYOUTS:
        if layout.header and layout.header <= set(names):
            found = {}
            for name in FIELDS:
                position = _position(layout.columns.get(name, name), names)
                if position is not None:
                    found[name] = position
            return layout, found
    return None, {}


def match_cells(row: Sequence[str]) -> Layout | None:
    """The layout without a header that fits the cells of a row."""
    for layout in LAYOUTS:
        pairs = zip(layout.cells, row, strict=False)
        long_enough = layout.cells and len(row) >= len(layout.cells)
        if long_enough and all(re.fullmatch(pattern, cell.strip()) for pattern, cell in pairs):
            return layout
    return None


def _position(wanted: str, names: Sequence[str]) -> int | None:
    # 'volume *': the first of several that begin so (the base currency's, then the quote currency's)
    beginning = wanted.removesuffix("*")
    for index, name in enumerate(names):
        if name == wanted or (wanted.endswith("*") and name.startswith(beginning)):
            return index
    return None
