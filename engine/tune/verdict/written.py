"""The config that a search writes: what differs from the default, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from engine.config import Config, parse_config


def written_config(config: Config, provenance: Mapping[str, Any]) -> str:
    """``config`` as YAML without the keys that stand at their default, under a comment of its ``provenance``.

    Loading it gives an equal config.
    """
    settings = {"name": config.name, **config.model_dump(mode="json", exclude_defaults=True)}
    for item, written in zip(config.instruments, settings["instruments"], strict=True):
        written["source"]["kind"] = item.source.kind  # says which source it is, even where it is the default
    if parse_config(settings) != config:
        settings = config.model_dump(mode="json")
    head = "".join(f"# {name.replace('_', ' ')}: {_said(value)}\n" for name, value in provenance.items())
    return head + yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return " ".join(str(value).split())
