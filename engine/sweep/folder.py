"""The folder of a sweep: what is asked, every finished point on a line of its own, the shared stages, and the result."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.bars.series import BarSeries
from engine.config import Config, config_sha256, dump_config
from engine.errors import ConfigError, RunError
from engine.files import append_line, open_for_lines, sha256_of, write_json, write_text
from engine.tune.study import flat

MANIFEST, ASKED, POINTS, STAGES, TABLE = (
    "manifest.json",
    "sweep.json",
    "points.jsonl",
    "stages",
    "sweep.parquet",
)


class SweepFolder:
    """``results/<UTC stamp>_<name>_sweep_<hash>/``; the manifest says ``running`` until the table is there."""

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path, self.manifest = path, manifest

    @classmethod
    def new(
        cls,
        results: Path,
        config: Config,
        bars: Mapping[str, BarSeries],
        asked: Mapping[str, Any],
        command: str,
    ) -> SweepFolder:
        """Make the folder and say what is asked."""
        data = {
            symbol: {
                "family": series.family,
                "rows": len(series),
                "first_date": str(series.dates[0]),
                "last_date": str(series.dates[-1]),
                "sha256": series.fingerprint(),
            }
            for symbol, series in bars.items()
        }
        text = json.dumps([config_sha256(config), data, asked], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        started = datetime.now(UTC)
        name = f"{started:%Y%m%dT%H%M%SZ}_{config.name}_sweep_{digest[:8]}"
        path = next(
            p for n in range(1, 1000) if not (p := results / (name if n == 1 else f"{name}-{n}")).exists()
        )
        path.mkdir(parents=True)
        folder = cls(
            path,
            {
                "kind": "sweep",
                "status": "running",
                "command": command,
                "started_at": started.isoformat(timespec="seconds"),
                "finished_at": None,
                "config_sha256": config_sha256(config),
                "data": data,
                "failed_checks": [],
                "artefacts": {},
            },
        )
        folder.save()
        write_text(path / "config.yaml", dump_config(config))
        write_json(path / ASKED, dict(asked))
        return folder

    @classmethod
    def again(
        cls, path: Path, config: Config, bars: Mapping[str, BarSeries], asked: Mapping[str, Any]
    ) -> SweepFolder:
        """The folder of a sweep that was begun, to go on with it.

        Raises
        ------
        RunError
            ``sweep.not_found``.
        ConfigError
            ``sweep.other_question`` where config, bars or axes are not those it was begun with; the message names what
            differs.
        """
        folder = open_sweep(path)
        known = json.loads((path / ASKED).read_text(encoding="utf-8"))
        differs = [
            f"{key}: {known.get(key)} against {asked.get(key)}"
            for key in asked
            if known.get(key) != asked.get(key)
        ]
        differs += [
            f"{symbol}: other bars"
            for symbol, series in bars.items()
            if folder.manifest["data"].get(symbol, {}).get("sha256") != series.fingerprint()
        ]
        if folder.manifest["config_sha256"] != config_sha256(config):
            from engine.config import load_config

            differs += config_differences(load_config(path / "config.yaml"), config)
        if differs:
            raise ConfigError(
                "sweep.other_question",
                f"{path} was begun with other settings: " + "; ".join(differs),
                "resume it with the settings it was begun with, or begin another",
            )
        _drop_half_a_line(path / POINTS)
        return folder

    @property
    def stages(self) -> Path:
        """Where stages are kept for other processes and later ones."""
        return self.path / STAGES

    def finished(self) -> dict[int, dict[str, Any]]:
        """Point -> its record, of all that are done."""
        return {record["point"]: record for record in self._records()}

    def add(self, record: Mapping[str, Any]) -> None:
        """Keep one finished point; on disk when this returns."""
        with open_for_lines(self.path / POINTS) as handle:
            append_line(handle, json.dumps(dict(record), sort_keys=True, allow_nan=False))

    def save(self) -> None:
        """Replace the manifest."""
        write_json(self.path / MANIFEST, self.manifest)

    def finish(self) -> None:
        """Fingerprint what was made and say that it is complete."""
        self.manifest["status"] = "completed"
        self.manifest["finished_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        self.manifest["artefacts"] = {
            p.name: sha256_of(p) for p in sorted(self.path.iterdir()) if p.is_file() and p.name != MANIFEST
        }
        self.save()

    def _records(self) -> Iterator[dict[str, Any]]:
        path = self.path / POINTS
        if not path.exists():
            return
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def _drop_half_a_line(path: Path) -> None:
    """What a process that was killed while it wrote left behind its last whole line."""
    if path.exists():
        written = path.read_bytes()
        whole = written.rfind(b"\n") + 1
        if whole < len(written):
            os.truncate(path, whole)


def open_sweep(path: Path) -> SweepFolder:
    """The folder of a sweep, finished or not.

    Raises
    ------
    RunError
        ``sweep.not_found`` where there is none.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = {}
    if manifest.get("kind") != "sweep":
        raise RunError(
            "sweep.not_found", f"{path}: no sweep here", "`engine runs` lists the sweeps there are"
        )
    return SweepFolder(path, manifest)


def config_differences(one: Config, other: Config) -> list[str]:
    """``key: value against value`` of every setting in which two configs differ."""
    first, second = (flat(config.model_dump(mode="json")) for config in (one, other))
    keys = dict.fromkeys([*first, *second])
    return [
        f"{key}: {first.get(key)} against {second.get(key)}"
        for key in keys
        if first.get(key) != second.get(key)
    ]
