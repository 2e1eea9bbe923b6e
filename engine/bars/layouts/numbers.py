"""Numbers as people write them: separators, currency signs, K and M, decided for a whole file and never for one cell."""

from __future__ import annotations

import re

import pandas as pd

from engine.bars.series import PRICE_COLUMNS
from engine.errors import DataError

_CURRENCY = re.compile(r"(?:US\$|[$€£¥₹₩₽]|\b(?:USD|EUR|GBP|JPY|CHF)\b)")
_SPACES = re.compile("[\\s\u00a0\u202f'’]")
_PLAIN = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*")
_SIGNS, _DIGITS = "+-", "0123456789.,"
_NUMERIC = frozenset(_SIGNS + _DIGITS + "KMBTkmbt%")
_COMMA_GROUPS = re.compile(r"[-+]?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?")
_DOT_GROUPS = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_THOUSANDS = re.compile(r"[.,]\d{3}[.,]|,\d{3}$")
_ALL_PLAIN = re.compile(r"\d+(?:\.\d*)?(?:\n\d+(?:\.\d*)?)*", re.ASCII)
_COMMA_LAST = re.compile(r",[^.,\n]*$", re.MULTILINE)
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
            if len(changed) < len(cells):
                cells = cells.copy()
                cells.loc[changed.index] = changed
            else:
                cells = changed
            if sign == "." and any(map(_THOUSANDS.search, chosen.tolist())):
                told.append("thousands separators")
            if name == "volume" and any(cell[-1:].lower() in _SUFFIX for cell in chosen.tolist()):
                told.append("volumes with K, M, B")
        result[name] = cells
    return result, list(dict.fromkeys(told))


def _odd(cells: pd.Series) -> pd.Series:
    """The cells that are no plain number (empty ones are left to the content checks)."""
    texts = cells.tolist()
    if _ALL_PLAIN.fullmatch("\n".join(texts)):  # a whole column at once: most files have nothing else
        return cells[:0]
    # one pass over a list: an accessor of pandas for each question would take three times as long
    odd = [
        "," in cell
        or (not cell.replace(".", "", 1).isdigit() and not _PLAIN.fullmatch(cell) and cell.strip() != "")
        for cell in texts
    ]
    return cells[odd]


def _bare(cells: pd.Series) -> pd.Series:
    texts = cells.tolist()
    if set("".join(texts)) <= _NUMERIC:
        return cells
    bare = [_SPACES.sub("", _CURRENCY.sub("", text)) for text in texts]
    return pd.Series(bare, cells.index, dtype="str")


def _decimal_sign(prices: list[pd.Series], columns: dict[str, pd.Series], place: str) -> str | None:
    cells = [c for column in prices for c in column.tolist() if c]
    if not set("".join(cells)) <= set(_DIGITS):
        cells = [c for c in cells if not c.lstrip(_SIGNS).strip(_DIGITS)]
    commas = [cell for cell in cells if "," in cell]
    if not commas:
        groups = [cell for cell in cells if cell.count(".") > 1]
        return "," if groups and all(map(_DOT_GROUPS.fullmatch, groups)) else None
    mixed = [cell for cell in commas if "." in cell]
    if mixed:
        comma_last = len(_COMMA_LAST.findall("\n".join(mixed)))
        return "," if 2 * comma_last > len(mixed) else "."
    every = pd.concat([cells for name, cells in columns.items() if name in PRICE_COLUMNS]).str.strip()
    pointed = every.str.fullmatch(r"\d+\.(?:\d{1,2}|\d{4,})").sum()
    apart = sum(not _COMMA_GROUPS.fullmatch(cell) for cell in commas)
    if apart:
        return "," if apart > pointed else "."
    if any(cell.count(",") > 1 for cell in commas):
        return "."
    if every.str.fullmatch(r"\d+\.\d+").any():
        return "."
    shown = commas[0]
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
    groups, other = (_DOT_GROUPS, ".") if sign == "," else (_COMMA_GROUPS, ",")
    simple = rf"[-+]?\d+(?:{re.escape(sign)}\d+)?"
    scale = None
    if suffixes:
        scale = [_SUFFIX.get(cell[-1:].lower()) for cell in cells.tolist()]
        texts = [cell if by is None else cell[:-1] for cell, by in zip(cells.tolist(), scale, strict=True)]
        cells = pd.Series(texts, cells.index, dtype="str")
    fits = cells.str.fullmatch(rf"(?:{groups.pattern})|(?:{simple})")
    text = cells.str.replace(other, "", regex=False)
    if sign != ".":
        text = text.str.replace(sign, ".", regex=False)
    text = text.where(fits)
    if scale is None:
        return text
    # 1.2M as 1.2 * 1e6 would end in ...0000002
    whole = [
        plain if by is None or not known else f"{round(float(plain) * by):.0f}"
        for plain, known, by in zip(text.tolist(), text.notna().tolist(), scale, strict=True)
    ]
    return pd.Series(whole, cells.index, dtype="str")
