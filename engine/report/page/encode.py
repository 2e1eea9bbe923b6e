"""Columns packed for the page: differences, few bytes each, deflated, in base64.

Format of a block (read by ``browser/data/decode.js``)
------------------------------------------------------
base64 of a zlib stream of

* 4 bytes, unsigned, little-endian: length L of the header;
* L bytes, UTF-8 JSON: a list of columns ``{"name", "rows", "width", "delta", "scale", "gaps"}``, or
  ``{"name", "text": [...]}`` for a column of texts, which has no bytes below;
* for each column of numbers in the order of the header, ``rows * width`` bytes: plane by plane, lowest byte first.

A number is ``value = whole / scale``.  Where ``delta`` is true each whole number is stored as the difference from
the one before it (the first from 0).  A signed number n is stored as ``2 n`` if n >= 0, else ``-2 n - 1`` (zigzag).
``gaps`` are half-open row ranges in which nothing is known (NaN); what stands there repeats the row before.

Planes are apart because the high bytes of small differences are nearly all zero, which deflate then removes.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.errors import InputError

_LEVEL = 7  # of compression: 9 takes five times as long for one hundredth fewer bytes
_WIDEST = 6  # bytes: what a double holds exactly, with a bit to spare for the sign


@dataclass(slots=True)
class Block:
    """Columns in the order they are added; :meth:`text` is the block as it stands in the page."""

    header: list[dict[str, object]] = field(default_factory=list)
    planes: list[bytes] = field(default_factory=list)

    def add(self, name: str, values: object, scale: float = 1, *, delta: bool = True) -> None:
        """A column of numbers (n,), rounded to ``1 / scale``; NaN where nothing is known.

        Raises
        ------
        InputError
            ``report.column_too_wide``: a rounded number (or difference) does not fit in six bytes.
        """
        x = np.asarray(values, dtype=np.float64)
        unknown = ~np.isfinite(x)
        whole = np.where(unknown, 0, np.rint(np.where(unknown, 0.0, x) * scale)).astype(np.int64)
        if unknown.any():
            known = np.maximum.accumulate(np.where(unknown, -1, np.arange(len(x))))
            whole = np.where(known >= 0, whole[np.maximum(known, 0)], 0)
        if delta:
            whole = np.diff(whole, prepend=0)
        coded = np.where(whole >= 0, 2 * whole, -2 * whole - 1)
        width = max(1, (int(coded.max(initial=0)).bit_length() + 7) // 8)
        if width > _WIDEST:
            raise InputError("report.column_too_wide", f"{name}: {x[np.argmax(coded)]} at scale {scale}")
        planes = coded.astype("<u8").view(np.uint8).reshape(-1, 8).T[:width]
        self.header.append(
            {
                "name": name,
                "rows": len(x),
                "width": width,
                "delta": delta,
                "scale": scale,
                "gaps": _runs(unknown),
            }
        )
        self.planes.append(np.ascontiguousarray(planes).tobytes())

    def add_text(self, name: str, values: Sequence[str]) -> None:
        """A column of texts."""
        self.header.append({"name": name, "text": list(values)})

    def text(self) -> str:
        """The block in base64; equal columns give equal text."""
        head = json.dumps(self.header, ensure_ascii=False, separators=(",", ":")).encode()
        payload = len(head).to_bytes(4, "little") + head + b"".join(self.planes)
        return base64.b64encode(zlib.compress(payload, _LEVEL)).decode()


def _runs(flags: np.ndarray) -> list[list[int]]:
    """Half-open ranges in which ``flags`` (n,) is set."""
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False]))
    return edges.reshape(-1, 2).tolist()
