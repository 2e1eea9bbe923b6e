"""From the bytes of a file to lines of cells: compression, encoding, separator, and where the table begins."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_FEWEST_CELLS = 4
_LOOKED_AT = 60


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text is parted into cells.

    Attributes
    ----------
    separator : one character.
    skipped : lines before the table begins.
    rows : the first rows of the table, as cells.
    """

    separator: str
    skipped: int
    rows: list[list[str]]


def text_of(path: Path) -> tuple[str, list[str]]:
    """The text of a file, unpacked and decoded, and what had to be done for it.

    Raises
    ------
    DataError
        ``data.unreadable`` or ``data.several_files``.
    """
    told = []
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw, told = gzip.decompress(raw), ["gzip"]
        elif raw[:4] == b"PK\x03\x04":
            raw, told = _only_member(raw, path), ["zip"]
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff") and len(raw) > 4:
            return raw.decode("utf-16"), [*told, "UTF-16"]
        return raw.decode("utf-8-sig"), told
    except (OSError, EOFError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise DataError(
            "data.unreadable",
            f"{path}: not a readable CSV file ({error})",
            "save it as UTF-8 text with commas",
        ) from None


def _only_member(raw: bytes, path: Path) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = [m for m in archive.namelist() if not m.endswith("/") and not m.startswith("__MACOSX")]
        if len(members) != 1:
            shown = ", ".join(members[:5]) or "nothing"
            raise DataError(
                "data.several_files",
                f"{path}: the archive holds {len(members)} files ({shown})",
                "unpack it and name the file with the bars",
            )
        return archive.read(members[0])


def find_dialect(text: str, separator: str | None, wanted: str | None) -> Dialect:
    """The separator that parts most of the first lines into the same number of cells, and where they begin.

    Parameters
    ----------
    separator : from the config; None: found.  ``wanted`` : a column that the config names, or None.
    """
    lines = text[: 400 * _LOOKED_AT].splitlines()[:_LOOKED_AT]
    candidates = [separator] if separator else list(SEPARATORS)
    best = (0, 0, 0)
    chosen = candidates[0], 0
    for rank, sign in enumerate(candidates):
        counts = [len(cells) for cells in _cells(lines, sign)]
        usual = Counter(n for n in counts if n >= _FEWEST_CELLS).most_common(1)
        if not usual:
            continue
        width, agreeing = usual[0]
        # a decimal comma parts the numbers of a semicolon file too, but not its header
        begins = next(i for i, n in enumerate(counts) if n == width)
        if (agreeing - begins, width if begins == 0 else 0, -rank) > best and agreeing > best[0]:
            best, chosen = (agreeing, 0, -rank), (sign, begins)
    sign, begins = chosen
    rows = _cells(lines, sign)
    if wanted is not None:
        begins = next((i for i, row in enumerate(rows) if wanted in [cell.strip() for cell in row]), begins)
    elif begins and not _is_preamble(lines[:begins]):
        begins = 0
    return Dialect(sign, begins, rows[begins:])


def _is_preamble(lines: Sequence[str]) -> bool:
    """Lines that cannot be a header: comments, a link, a title, Excel's ``sep=;``."""
    return all(
        not line.strip() or line.lstrip()[0] in "#%/;" or sum(line.count(s) for s in SEPARATORS) < 2
        for line in lines
    )


def _cells(lines: Sequence[str], separator: str) -> list[list[str]]:
    return list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
