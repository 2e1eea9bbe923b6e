"""What makes the page alive: its script, the policy that lets only this script run, facts and packed histories."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from engine.files import slug
from engine.foreign import json_text, policy
from engine.report.page.bundle import script, script_hash
from engine.report.page.data import (
    calibration_facts,
    equity_block,
    instrument_block,
    instrument_facts,
    shared_facts,
    skill_facts,
)
from engine.report.page.material import ReportMaterial
from engine.table.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Alive:
    """Parts of the template; ``blocks`` maps the id of a data element to its packed text."""

    policy: str
    script: Markup
    facts: Markup
    blocks: dict[str, str]


def alive(material: ReportMaterial) -> Alive | None:
    """The living part of a page, or None where there is no history to step through."""
    if material.replay is None or not material.scenarios:
        return None
    instruments = []
    blocks: dict[str, str] = {}
    for scenario in material.scenarios:
        anchor = slug(scenario.instrument)
        instruments.append(instrument_facts(material, scenario.instrument, scenario.name, anchor))
        blocks[f"data-{anchor}"] = instrument_block(material, scenario.instrument)
    equity = equity_block(material.equity)
    if equity is not None:
        blocks["data-equity"] = equity
    facts: dict[str, Any] = shared_facts(material) | {
        "instruments": instruments,
        "skill": skill_facts(material.metrics),
        "fans": _fans(material),
        "calibration": calibration_facts(material.reliability, material.metrics),
        "analogues": {s.instrument: _analogues(s) for s in material.scenarios},
        "trades": bool(material.trades is not None and len(material.trades)),
    }
    code = script()
    return Alive(
        policy=policy(script_hash(code)),
        # the script is ours and its hash is in the policy; facts are escaped for a script element
        script=Markup(code),
        facts=Markup(in_script(facts)),
        blocks=blocks,
    )


def in_script(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return json_text(text)


def _analogues(scenario: Scenario) -> list[dict[str, Any]]:
    return [
        {"date": line.date, "distance": line.distance}
        for line in scenario.analogues
        if line.distance is not None
    ]


def _fans(material: ReportMaterial) -> dict[str, Any]:
    """Symbol -> last date and the quantiles of simulated closes after it, to five digits."""
    as_of = {scenario.instrument: scenario.as_of for scenario in material.scenarios}
    return {
        symbol: {"at": as_of[symbol], "rows": [[float(f"{price:.5g}") for price in row] for row in rows]}
        for symbol, rows in material.fans.items()
        if symbol in as_of
    }
