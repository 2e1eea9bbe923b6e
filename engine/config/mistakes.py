"""What is wrong with a config, in words a reader of the file can follow."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError

from engine.config.settings import Config

_MOST_SHOWN = 20
_WORDS = {
    "extra_forbidden": "no such key",
    "missing": "is required",
    "tuple_type": "write a list, [...]",
    "model_type": "write its keys below it, or leave it out",
    "dict_type": "write its keys below it",
    "path_type": "write the path of a file",
}


def in_words(error: ValidationError) -> str:
    """Every offending key with what is wrong with it; a key that is none with the one that may be meant."""
    items = [item for item in error.errors(include_url=False) if not _follows(item)]
    more = [f"and {len(items) - _MOST_SHOWN} more"] if len(items) > _MOST_SHOWN else []
    return "; ".join([_one(item) for item in items[:_MOST_SHOWN]] + more)


def _one(item: Any) -> str:
    # a discriminated union inserts the tag into the path; the reader's file has no such key
    keys = [k for k in item["loc"] if k not in ("bundled", "contracts", "csv", "parquet", "yahoo")]
    key = _short(".".join(str(k) for k in keys)) or "(top level)"
    message = _WORDS.get(item["type"], item["msg"].removeprefix("Value error, "))
    if item["type"] == "extra_forbidden":
        meant = _meant([k for k in keys if isinstance(k, str)])
        return f"{key}: {message}" + (f"; did you mean {meant}?" if meant else "")
    if not isinstance(item["input"], (str, int, float)):
        return f"{key}: {message}"
    return f"{key}: {_short(message, 300)} (got {_short(_as_written(item['input']))})"


def _as_written(value: str | int | float) -> str:
    try:
        return repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"


def _short(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 4] + "..."


def _meant(keys: list[str]) -> str | None:
    """The key there is that resembles ``keys`` most: of the same section, or of the same name in another one."""
    if not keys or len(keys[-1]) > 60:
        return None
    *section, name = keys
    known = _keys(Config)
    siblings = [path for path in known if path[:-1] == tuple(section)]
    near = difflib.get_close_matches(name, [path[-1] for path in siblings], n=1, cutoff=0.6)
    if near:
        return ".".join([*section, near[0]])
    elsewhere = [path for path in known if path[-1] == name]
    return ".".join(elsewhere[0]) if len(elsewhere) == 1 else None


def _keys(section: type[BaseModel], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, field in section.model_fields.items():
        found.append((*above, name))
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += _keys(field.annotation, (*above, name))
    return found


def _follows(item: Any) -> bool:
    """True for a list that is too short only because pydantic left out its faulty items."""
    return bool(item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"])
