"""Whether an interrupted run can be finished: only where config, bars and engine are those it began with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.config import Config, config_sha256, load_config
from engine.errors import EngineError, RunError
from engine.guests import named, present
from engine.processes import is_gone
from engine.runs.damage import reading, sound_manifest

MANIFEST = "manifest.json"


def begun(folder: Path, config: Config, data: Mapping[str, Mapping[str, Any]], engine: str) -> dict[str, Any]:
    """The manifest of the interrupted run in ``folder``.

    Parameters
    ----------
    config, data, engine : of this process; ``data`` as in the manifest.

    Raises
    ------
    RunError
        ``run.not_found``; ``run.damaged``; ``run.is_completed``; ``run.is_running``; ``run.changed``, which names every difference.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise RunError("run.not_found", f"{folder}: no run here", "`engine runs` lists the runs there are")
    with reading(path):
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if not sound_manifest(manifest):
        raise RunError("run.damaged", f"{path}: not the manifest of a run", "run the config again")
    with reading(path):
        return _same(manifest, folder, config, data, engine)


def _same(
    manifest: dict[str, Any], folder: Path, config: Config, data: Mapping[str, Mapping[str, Any]], engine: str
) -> dict[str, Any]:
    if manifest["status"] == "completed":
        raise RunError("run.is_completed", f"{folder}: the run is completed", "there is nothing to resume")
    if manifest["status"] == "running" and not is_gone(manifest.get("process") or {}):
        raise RunError(
            "run.is_running",
            f"{folder}: the run is still under way, or began on another machine",
            "wait for it; where its process is known to be gone, set `status` in its manifest to `failed`",
        )
    differ = [*_of_engine(manifest, engine), *_of_config(manifest, folder, config), *_of_data(manifest, data)]
    if differ:
        raise RunError(
            "run.changed",
            f"{folder}: not the run that was interrupted; " + "; ".join(differ),
            "put it back as it was, or run the config without --resume",
        )
    return manifest


def _of_engine(manifest: Mapping[str, Any], engine: str) -> Iterator[str]:
    if manifest.get("engine") != engine:
        yield f"it was begun by engine {manifest.get('engine')}, this one is {engine}"


def _of_config(manifest: Mapping[str, Any], folder: Path, config: Config) -> Iterator[str]:
    if manifest["config_sha256"] == config_sha256(config):
        return
    try:
        with present(named(tuple(manifest.get("plugins") or ()))):
            before = load_config(folder / "config.yaml").model_dump(mode="json")
    except (EngineError, OSError):
        yield "the config differs"
        return
    after = config.model_dump(mode="json")
    were, are = (
        {Path(one["path"]).name: one["sha256"] for one in found.pop("plugins", ())}
        for found in (before, after)
    )
    for name in dict.fromkeys((*were, *are)):
        if were.get(name) != are.get(name):
            yield f"plugin {name} is {'new' if name not in were else 'gone' if name not in are else 'another version'}"
    for key, was, now in _differences(before, after, ""):
        yield f"config {key} was {was}, is {now}"


def _differences(before: Any, after: Any, key: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            yield from _differences(before.get(name), after.get(name), f"{key}.{name}" if key else str(name))
    elif before != after:
        yield key, _short(before), _short(after)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _of_data(manifest: Mapping[str, Any], data: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    before = manifest["data"]
    for symbol in before.keys() - data.keys():
        yield f"{symbol} is gone"
    for symbol, now in data.items():
        was = before.get(symbol)
        if was is None:
            yield f"{symbol} is new"
        elif was["sha256"] != now["sha256"]:
            yield (
                f"the bars of {symbol} differ: {was['rows']} from {was['first_date']} to {was['last_date']} before, "
                f"{now['rows']} from {now['first_date']} to {now['last_date']} now"
            )
