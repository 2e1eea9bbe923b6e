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
from engine.processes import is_gone, this_process
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
                "process": this_process(),
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
            ``sweep.not_found``, ``sweep.damaged``; ``sweep.is_running`` where another process is at it.
        ConfigError
            ``sweep.other_question`` where config, bars or axes are not those it was begun with; the message names what
            differs.
        """
        folder = open_sweep(path)
        known = _asked(path / ASKED)
        process = folder.manifest.get("process")
        if folder.manifest["status"] == "running" and process and not is_gone(process):
            raise RunError(
                "sweep.is_running",
                f"{path}: the sweep is under way, or began on another machine",
                "wait for it; where its process is known to be gone, set `status` in its manifest to `failed`",
            )
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
        folder.manifest |= {"status": "running", "process": this_process()}
        folder.save()
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

    def stopped(self, status: str) -> str:
        """Say that it was interrupted or failed; returns what it keeps, in one sentence."""
        self.manifest["status"] = status
        self.save()
        return f"{self.path} keeps {len(self.finished())} finished points; `{self.go_on}` goes on from there"

    @property
    def go_on(self) -> str:
        """The command that finishes it."""
        return f"engine sweep CONFIG --over ... --resume {self.path}"

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
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            try:
                record = json.loads(line)
                known = isinstance(record, dict) and isinstance(record.get("point"), int)
            except ValueError:
                known = False
            if not known:
                raise _damaged(path, f"line {number} is no finished point")
            yield record


def _asked(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = None
    if not isinstance(known, dict):
        raise _damaged(path, "not what a sweep writes")
    return known


def _damaged(path: Path, what: str) -> RunError:
    return RunError("sweep.damaged", f"{path}: {what}", "restore the file, or begin the sweep again")


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
        ``sweep.not_found`` where there is none, ``sweep.damaged`` where its manifest has another shape.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("kind") != "sweep":
        raise RunError(
            "sweep.not_found", f"{path}: no sweep here", "`engine runs` lists the sweeps there are"
        )
    sound = all(isinstance(manifest.get(key), str) for key in ("status", "config_sha256"))
    data = manifest.get("data")
    if not sound or not isinstance(data, dict) or not all(isinstance(one, dict) for one in data.values()):
        raise _damaged(path / MANIFEST, "not the manifest of a sweep")
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
