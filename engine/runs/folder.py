"""A run's folder while it is being written: status first, artefacts whole or absent, manifest last."""

from __future__ import annotations

import hashlib
import logging
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from engine.bars.findings import BarFinding
from engine.bars.series import BarSeries
from engine.bars.stretches import runs
from engine.config import Config, Correction, config_sha256, dump_config
from engine.errors import RunError
from engine.files import sha256_of, write_atomic, write_json, write_text
from engine.foreign import visible, without_password
from engine.guests import guests
from engine.parallel import identity
from engine.processes import this_process
from engine.runs.resume import MANIFEST, begun

_PACKAGES = (
    "arch", "matplotlib", "numba", "numpy", "optuna", "pandas", "pyarrow", "pydantic", "scikit-learn", "scipy", "vectorbt", "vectorbt-rust",
)  # fmt: skip


PLUGINS = "plugins"  # folder of copies


class RunFolder:
    """Creates ``results/<UTC stamp>_<name>_<hash of config and data>/`` and fills it.

    The manifest says ``running`` from the first moment, so a run that is killed never looks finished.
    An existing folder is never written into, but for ``resume``, the folder of a run that was interrupted.
    """

    def __init__(
        self,
        results: Path,
        config: Config,
        bars: dict[str, BarSeries],
        command: str,
        resume: Path | None = None,
    ) -> None:
        config_hash = config_sha256(config)
        data = {
            symbol: {
                "family": series.family,
                "rows": len(series),
                "first_date": str(series.dates[0]),
                "last_date": str(series.dates[-1]),
                "untraded_opens": [
                    [str(series.dates[start]), str(series.dates[stop - 1])]
                    for start, stop in runs(~series.opens_traded)
                ],
                "sha256": series.fingerprint(),
                "read_as": series.around.origin or None,
            }
            for symbol, series in bars.items()
        }
        digest = hashlib.sha256(config_hash.encode())
        for series in bars.values():
            digest.update(series.fingerprint().encode())
        started = datetime.now(UTC)
        before = None if resume is None else begun(resume, config, data, identity())
        if resume is None:
            name = f"{started:%Y%m%dT%H%M%SZ}_{config.name}_{digest.hexdigest()[:8]}"
            self.path = _new_folder(results, name)
        else:
            self.path = resume
            for half in resume.rglob("*.part"):  # what a killed process was writing
                half.unlink()
        self.manifest: dict[str, Any] = {
            "status": "running",
            "command": without_password(command),
            "started_at": started.isoformat(timespec="seconds"),
            "finished_at": None,
            "config_sha256": config_hash,
            "data": data,
            "seed": config.seed,
            "python": platform.python_version(),
            "packages": {name: _version(name) for name in _PACKAGES},
            "engine_version": _version("scenario-engine"),
            "engine": identity(),
            "process": this_process(),
            "git_commit": _git_commit(),
            "findings": [],
            "corrections": [],
            "warnings": [],
            "failed_checks": [],
            "audit": None,
            "seconds": {},
            "artefacts": {},
        }
        if guests().words:
            self.manifest["plugins"] = [
                {**words, "path": file.path}
                for words, file in zip(guests().words, guests().files, strict=True)
            ]
        if before is not None:
            self.manifest["started_at"] = before["started_at"]
            self.manifest["resumed_at"] = [
                *before.get("resumed_at", ()),
                started.isoformat(timespec="seconds"),
            ]
        self.save_manifest()
        write_text(self.path / "config.yaml", dump_config(config))
        for file in guests().files:  # what was run is kept, whatever becomes of the user's file
            write_atomic(self.path / PLUGINS / file.name, partial(_write_bytes, file.source))
        self._log = _open_log(self.path / "run.log")

    def log(self, text: str) -> None:
        """One line in run.log."""
        self._log.info(visible(text))

    def warn(self, text: str) -> None:
        """One line in run.log and in the manifest."""
        self._log.warning(visible(text))
        self.manifest["warnings"].append(text)

    def note_bars(self, findings: list[BarFinding], corrections: tuple[Correction, ...]) -> None:
        """What was found in the bars and what the config corrected in them, in the manifest and the log."""
        self.manifest["findings"] = [finding.as_dict() for finding in findings]
        self.manifest["corrections"] = [
            {**item.model_dump(mode="json", exclude_defaults=True), "what": item.what()}
            for item in corrections
        ]
        for finding in findings:
            self.log(f"{finding.symbol}: {finding.severity} {finding.code}: {finding.text}")
        for item in corrections:
            self.log(f"correction of {item.date}: {item.what()} ({item.reason})")
        self.save_manifest()

    def note_plugin_times(self, spent: Sequence[Mapping[str, Sequence[float]]]) -> None:
        """How long the members of plugins took for each instrument, in the manifest and the log: ``"noun name"`` -> seconds, calls, bars."""
        total: dict[str, list[float]] = {}
        for one in spent:
            for name, values in one.items():
                total[name] = [a + b for a, b in zip(values, total.get(name, [0, 0, 0]), strict=True)]
        self.manifest["plugin_seconds"] = total
        for name, (seconds, calls, bars) in total.items():
            self.log(f"plugin: {name}: {seconds:.2f} s in {calls:.0f} calls over {bars:.0f} bars")

    def write_frame(self, name: str, frame: pd.DataFrame) -> None:
        """A Parquet artefact; equal frames give equal bytes."""
        write_atomic(
            self.path / name,
            lambda p: frame.to_parquet(p, engine="pyarrow", index=False, compression="zstd"),
        )

    def read_frame(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """A Parquet artefact that was written, or some of its columns."""
        return pd.read_parquet(self.path / name, columns=columns)

    def write_json(self, name: str, value: Any) -> None:
        """A JSON artefact (sorted keys, no NaN)."""
        write_json(self.path / name, value)

    def write_text(self, name: str, text: str) -> None:
        """A text artefact."""
        write_text(self.path / name, text)

    def interrupted(self) -> str:
        """Close the folder of a run that was stopped; returns what it keeps, in one sentence."""
        self.finish("interrupted")
        kept = [name for name in sorted(self.manifest["artefacts"]) if name.endswith((".parquet", ".json"))]
        parts = sum(1 for _ in (self.path / "parts").glob("*")) if (self.path / "parts").is_dir() else 0
        held = [*([f"{parts} finished parts"] if parts else []), *kept]
        return (
            f"{self.path} keeps {', '.join(held) or 'its log'}; "
            f"`engine run CONFIG --resume {self.path}` goes on from there"
        )

    def finish(self, status: str = "completed") -> None:
        """Fingerprint every artefact and replace the manifest; the log is closed."""
        self.log(f"status: {status}")
        for handler in list(self._log.handlers):
            handler.close()
            self._log.removeHandler(handler)
        self.manifest["status"] = status
        self.manifest["finished_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        self.manifest["artefacts"] = {
            str(p.relative_to(self.path)): sha256_of(p)
            for p in sorted(self.path.rglob("*"))
            if p.is_file() and p.name != MANIFEST and "parts" not in p.relative_to(self.path).parts
        }
        self.save_manifest()

    def save_manifest(self) -> None:
        """Replace manifest.json by what is known so far."""
        write_json(self.path / MANIFEST, self.manifest)


def _new_folder(results: Path, name: str) -> Path:
    try:
        results.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            "run.results_not_writable",
            f"{results}: cannot be made ({error})",
            "name another folder with --results",
        ) from None
    for attempt in range(1, 100):
        path = results / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise RunError(
                "run.results_not_writable",
                f"{path}: cannot be made ({error})",
                "name another folder with --results",
            ) from None
        return path
    raise RunError("run.too_many", f"{results / name}: 99 runs of this second exist already", "wait a second")


def _write_bytes(source: bytes, path: Path) -> None:
    path.write_bytes(source)


class _LogFile(logging.FileHandler):
    """A log that cannot be written is an error of the run, with the name of the file, and no traceback on stderr."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is logging's)
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror or str(error), self.baseFilename) from error


def _open_log(path: Path) -> logging.Logger:
    log = logging.Logger(str(path), logging.INFO)  # not registered: two runs in one process stay apart
    handler = _LogFile(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    log.addHandler(handler)
    return log


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """The commit of the engine's own checkout, with ``-dirty`` where files were changed; None elsewhere."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            cwd=root, capture_output=True, text=True, timeout=5, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None
