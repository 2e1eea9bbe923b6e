"""Results kept under the fingerprint of what went into them, in memory and, where a folder is given, on disk.

On disk are arrays only (``.npz``, read without running code).  Two processes that make one result at the same time
write the same bytes, and a file is whole or absent, so nothing has to be locked.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from engine.files import write_atomic

T = TypeVar("T")


def fingerprint(*parts: Any) -> str:
    """BLAKE2b of arrays (type, shape and bytes), texts and JSON-able settings, in order; 64 hexadecimal digits."""
    digest = hashlib.blake2b(
        digest_size=32
    )  # half the time of SHA-256 where the processor has no instruction for it
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data.cast("B") if part.size else b"")
        else:
            digest.update(json.dumps(part, sort_keys=True, default=str).encode())
        digest.update(b"\n")
    return digest.hexdigest()


class Store:
    """What was made, by key; the least recently used of more than ``most`` is forgotten (not on disk).

    Parameters
    ----------
    most : results of one kind kept in memory.
    folder : where arrays are kept beyond this process; None: nowhere.
    """

    def __init__(self, most: int, folder: Path | None = None) -> None:
        self._most, self._folder = most, folder
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": OrderedDict()}  # a process makes its own, or reads the disk

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def get(self, key: str, make: Callable[[], T]) -> T:
        """The result called ``key``, from memory or from ``make``."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        return self._keep(key, make())

    def arrays(self, key: str, make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """The same for a result that is named arrays, and from the disk where it is there."""
        if key in self._kept:
            return self.get(key, dict)
        path = None if self._folder is None else self._folder / f"{key}.npz"
        found = None if path is None else read_arrays(path)
        if found is None:
            found = dict(make())
            if path is not None:
                write_atomic(path, lambda p: _write(p, found))
        return self._keep(key, found)

    def _keep(self, key: str, value: T) -> T:
        self._kept[key] = value
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with path.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]


def read_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of a file; None where there is no such file, or none that can be used: it is then made again."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError, EOFError):
        return None
