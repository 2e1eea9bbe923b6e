"""What a file of a run folder must look like before anything is made of it; one error names the file that does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from engine.errors import EngineError, RunError

# whatever reading or interpreting a file can meet that the engine did not write as it stands
_MET = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong while ``path`` is read and interpreted into ``run.damaged``."""
    try:
        yield
    except EngineError:
        raise
    except _MET as error:
        said = (str(error).splitlines() or [""])[0][:200]
        raise RunError(
            "run.damaged",
            f"{path}: not as a run writes it ({type(error).__name__}: {said})",
            "run the config again, or restore the folder",
        ) from error


def sound_manifest(found: Any) -> bool:
    """Whether a JSON value is the manifest of a run, in all that is read of it."""
    return (
        isinstance(found, dict)
        and _texts([found.get("status"), found.get("started_at")])
        and isinstance(found.get("process"), dict | None)
        and isinstance(found.get("data"), dict)
        and all(_sound_data(item) for item in found["data"].values())
        and isinstance(found.get("failed_checks"), list)
        and _texts(found["failed_checks"])
        and isinstance(found.get("artefacts"), dict)
        and _texts(found["artefacts"].values())
    )


def sound_scenarios(found: Any) -> list[dict[str, Any]]:
    """The entries of scenario.json; raises one of the built-in errors where one is no table."""
    from engine.table.scenario import Scenario

    tables: list[dict[str, Any]] = found["instruments"]
    for table in tables:
        Scenario.from_dict(table)
    return tables


def sound_metrics(found: Any) -> dict[str, Any]:
    """The content of metrics.json; raises one of the built-in errors where it is none."""
    from engine.report.trust import read_metrics

    if not isinstance(found, dict):
        raise TypeError(f"a {type(found).__name__} in place of an object")
    read_metrics(found)
    for finding in found.get("findings", ()):
        for key in ("code", "title", "severity", "explanation"):
            if not isinstance(finding[key], str):
                raise TypeError(f"a finding without a text under {key!r}")
    return found


def _sound_data(item: Any) -> bool:
    if not isinstance(item, Mapping) or not isinstance(item.get("rows"), int):
        return False
    dates = [item.get("first_date"), item.get("last_date"), item.get("opens_real_from") or "2000-01-01"]
    return isinstance(item.get("family"), str) and all(_is_date(text) for text in dates)


def _is_date(text: Any) -> bool:
    try:
        date.fromisoformat(text)
    except (TypeError, ValueError):
        return False
    return True


def _texts(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)
