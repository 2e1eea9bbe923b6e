"""A universe of simulated instruments, with settings that make a whole run a matter of seconds."""

from __future__ import annotations

import hashlib
from pathlib import Path

from engine.config import Config, parse_config
from tests.simulated_files import csv_of

FEW = {
    "forecast": {"min_train_sessions": 500, "paths": 100, "interval_draws": 5},
    "verify": {"bootstrap_draws": 100, "null_draws": 99},
    "backtest": {"random_entries": 2},
}


def toy_config(folder: Path, lengths: tuple[int, ...] = (700, 690, 650), **overrides) -> Config:
    """Instruments A, B, C ... of two families, with so many sessions; their files are written into ``folder``."""
    instruments = []
    for number, sessions in enumerate(lengths):
        symbol = chr(ord("A") + number)
        path = folder / f"{symbol}.csv"
        if not path.exists():
            csv_of(path, sessions, number)
        family = ("even", "odd")[number % 2]
        instruments.append({"symbol": symbol, "family": family, "source": {"kind": "csv", "path": str(path)}})
    return parse_config({"name": "toy", "instruments": instruments} | FEW | overrides)


def digests(path: Path) -> dict[str, str]:
    """SHA-256 of every artefact that must be equal in equal runs."""
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("*"))
        if file.suffix in {".parquet", ".json", ".npz", ".yaml", ".md"} and file.name != "manifest.json"
    }
