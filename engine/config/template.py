"""A commented config for a new instrument, made from the settings' own descriptions."""

from __future__ import annotations

import json
import typing
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.config import Config, CsvSource
from engine.config.choices import OneOf


def commented_config(name: str, symbol: str, csv_path: str, read_as: str = "") -> str:
    """YAML with every default, its meaning and its allowed values; loads as a valid :class:`Config`.

    Defaults are commented out, so that a later version's better default is taken unless it is set here.
    """
    source = {"kind": "csv", "path": csv_path}
    keys = [k for k in CsvSource.model_fields if k not in ("kind", "path")]
    how = [f"  # the file was read as: {read_as}"] if read_as else []
    lines = [
        "# yaml-language-server: $schema=engine.schema.json",
        "# (editors complete and check the keys once `engine schema > engine.schema.json` has written that file)",
        f"# What happens to {symbol} after each reading of its chart?  Run: engine run <this file>",
        "# Every line that starts with '#   ' shows a default; take the '#' away to change it.",
        f"name: {_scalar(name)}",
        "instruments:",
        "  # a 'name' beside the symbol is what readers see; instruments of one family are pooled",
        f"  - {_in_one_line({'symbol': symbol, 'family': 'default', 'source': source})}",
        *how,
        "  # what the file says in two ways is decided by keys of its source:",
        *(_line(key, CsvSource.model_fields[key], indent="  #   ") for key in keys),
        "",
    ]
    for key, field in Config.model_fields.items():
        if key in ("name", "instruments"):
            continue
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            lines += ["", f"# {(section.__doc__ or '').strip().splitlines()[0]}", f"# {key}:"]
            lines += [_line(k, f, indent="#   ") for k, f in section.model_fields.items()]
        else:
            lines.append(_line(key, field, indent="# "))
    return "\n".join(lines) + "\n"


def _line(key: str, field: FieldInfo, indent: str) -> str:
    default = field.get_default(call_default_factory=True)
    text = f"{indent}{key}: {_scalar(default)}"
    remarks = [field.description] if field.description else []
    allowed = _allowed(field)
    if allowed:
        remarks.append(allowed)
    return f"{text:<44}  # {'; '.join(remarks)}" if remarks else text


def _allowed(field: FieldInfo) -> str:
    if typing.get_origin(field.annotation) is typing.Literal:
        return " | ".join(map(str, typing.get_args(field.annotation)))
    for mark in field.metadata:
        if isinstance(mark, OneOf):
            return " | ".join(mark.registry.names)
    words = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    limits = [f"{words[a]} {getattr(m, a):g}" for m in field.metadata for a in words if hasattr(m, a)]
    return ", ".join(limits)


def _scalar(value: Any) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, (tuple, list, dict)):
        return json.dumps(value)
    return _in_one_line(value).split("\n")[0]  # without the end-of-document mark of a lone scalar


def _in_one_line(value: Any) -> str:
    return yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf")
    ).strip()
