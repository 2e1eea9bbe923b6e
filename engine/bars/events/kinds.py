"""What readers call the events of a calendar."""

from __future__ import annotations

_LABELS = {
    "nfp": "payrolls",
    "cpi": "consumer prices (CPI)",
    "ppi": "producer prices (PPI)",
    "fomc_decision": "FOMC decision",
    "fomc_minutes": "FOMC minutes",
    "fomc_intermeeting": "FOMC decision between meetings",
    "opex": "monthly options expiry",
    "quad_witching": "quarterly expiry of futures and options",
    "vix_expiry": "expiry of VIX futures",
    "jackson_hole": "Jackson Hole symposium",
    "election": "US election",
    "year_end": "last session of the year",
    "quarter_end": "last session of the quarter",
}


def label_of(kind: str) -> str:
    """Words for a kind; of one that is not known, its own name."""
    return _LABELS.get(kind, kind.replace("_", " "))
