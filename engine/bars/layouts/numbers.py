"""Numbers as people write them: separators, currency signs, K and M, decided for a whole file and never for one cell."""

from __future__ import annotations

import re

import pandas as pd

from engine.bars.series import PRICE_COLUMNS
from engine.errors import DataError

_CURRENCY = r"(?:US\$|[$€£¥₹₩₽]|\b(?:USD|EUR|GBP|JPY|CHF)\b)"
_SPACES = "[\\s\u00a0\u202f'’]"
_COMMA_GROUPS = re.compile(r"[-+]?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?")
_DOT_GROUPS = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_SUFFIX = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}


def read_numbers(
    columns: dict[str, pd.Series], decimal: str | None, place: str
) -> tuple[dict[str, pd.Series], list[str]]:
    """Cells that ``float`` understands, and what was done to them; a cell that fits nothing stays as it is.

    Parameters
    ----------
    columns : field to text; ``decimal`` : from the config, None: what the cells say.

    Raises
    ------
    DataError
        ``data.ambiguous_number``: every price with a comma can be read with it as decimal sign and as separator.
    """
    odd = {name: _odd(cells) for name, cells in columns.items()}
    if all(not len(cells) for cells in odd.values()) and decimal != ",":
        return columns, []
    told: list[str] = []
    bare = {name: _bare(cells) for name, cells in odd.items()}
    if any((bare[name].str.len() < odd[name].str.len()).any() for name in PRICE_COLUMNS if name in bare):
        told.append("currency signs or spaces left out")
    sign = decimal or _decimal_sign([bare[n] for n in PRICE_COLUMNS if n in bare], columns, place)
    if sign is None:  # prices say nothing: a comma in a volume parts thousands unless it cannot
        sign = "," if any(_only_decimal_comma(cells) for cells in bare.values()) else "."
    if sign == ",":
        told.append("decimal comma")
    result = {}
    for name, cells in columns.items():
        # with a decimal comma a plain-looking 1.234 is a thousand, so every cell is read again
        source = _bare(cells[cells.str.contains(".", regex=False)]) if sign == "," else None
        chosen = bare[name] if source is None else pd.concat([bare[name], source]).groupby(level=0).first()
        read = _read(chosen, sign, suffixes=name == "volume")
        changed = read[read.notna()]
        if len(changed):
            cells = cells.copy()
            cells.loc[changed.index] = changed
            if chosen.str.contains(r"[.,]\d{3}[.,]|,\d{3}$", regex=True).any() and sign == ".":
                told.append("thousands separators")
            if name == "volume" and chosen.str.contains(r"[KMBTkmbt]$", regex=True).any():
                told.append("volumes with K, M, B")
        result[name] = cells
    return result, list(dict.fromkeys(told))


def _odd(cells: pd.Series) -> pd.Series:
    """The cells that are no plain number (empty ones are left to the content checks)."""
    unread = cells[pd.to_numeric(cells, errors="coerce").isna()]
    return unread[unread.str.strip() != ""]


def _bare(cells: pd.Series) -> pd.Series:
    return cells.str.replace(_CURRENCY, "", regex=True).str.replace(_SPACES, "", regex=True)


def _decimal_sign(prices: list[pd.Series], columns: dict[str, pd.Series], place: str) -> str | None:
    cells = pd.concat(prices) if prices else pd.Series([], dtype=str)
    cells = cells[cells.str.fullmatch(r"[-+]?[\d.,]+")]
    commas = cells[cells.str.contains(",", regex=False)]
    if not len(commas):
        groups = cells[cells.str.count(r"\.") > 1]
        return "," if len(groups) and groups.str.fullmatch(_DOT_GROUPS).all() else None
    mixed = commas[commas.str.contains(".", regex=False)]
    if len(mixed):
        return "," if (mixed.str.rfind(",") > mixed.str.rfind(".")).mean() > 0.5 else "."
    every = pd.concat([cells for name, cells in columns.items() if name in PRICE_COLUMNS]).str.strip()
    pointed = every.str.fullmatch(r"\d+\.(?:\d{1,2}|\d{4,})").sum()
    grouped = commas.str.fullmatch(_COMMA_GROUPS)
    if not grouped.all():
        return "," if (~grouped).sum() > pointed else "."
    if (commas.str.count(",") > 1).any():
        return "."
    if every.str.fullmatch(r"\d+\.\d+").any():
        return "."
    shown = str(commas.iloc[0])
    raise DataError(
        "data.ambiguous_number",
        f"{place}: {shown} is {shown.replace(',', '.')} with a decimal comma and {shown.replace(',', '')} with a "
        "thousands separator; every price can be read both ways",
        'say which in the source: decimal: "," or decimal: "."',
    )


def _only_decimal_comma(cells: pd.Series) -> bool:
    return bool(len(cells)) and bool(cells.str.fullmatch(r"\d+,\d{1,2}[KMBTkmbt]?").all())


def _read(cells: pd.Series, sign: str, *, suffixes: bool) -> pd.Series:
    """Plain text of each number, missing where a cell is none."""
    factor = pd.Series(1.0, cells.index)
    scaled = pd.Series(False, cells.index)
    if suffixes:
        last = cells.str[-1:].str.lower()
        scaled = last.isin(list(_SUFFIX))
        factor = last.map(_SUFFIX).fillna(1.0)
        cells = cells.where(~scaled, cells.str[:-1])
    groups, other = (_DOT_GROUPS, ".") if sign == "," else (_COMMA_GROUPS, ",")
    fits = cells.str.fullmatch(groups) | cells.str.fullmatch(rf"[-+]?\d+(?:{re.escape(sign)}\d+)?")
    text = cells.str.replace(other, "", regex=False).str.replace(sign, ".", regex=False)
    if scaled.any():
        # 1.2M as 1.2 * 1e6 would end in ...0000002
        whole = (pd.to_numeric(text.where(fits & scaled), errors="coerce") * factor).round()
        text = text.where(~scaled, whole.map(lambda value: f"{value:.0f}"))
    return text.where(fits)
