"""Two sets of forecasts side by side: paired, on the rows both have, only where they answer one question.

A difference of scores means something only if both forecasts were about the same event.  So the settings that
define the event are compared first, then the outcomes row by row; either difference is refused and named.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.config import MOMENTUM_RULES, Config
from engine.errors import ConfigError, DataError
from engine.foreign import visible
from engine.verify.rows import columns_of, common_rows, outcome_codes
from engine.verify.skill.bootstrap import expected_block
from engine.verify.skill.diebold_mariano import diebold_mariano
from engine.verify.skill.ratio_interval import ratio_intervals
from engine.verify.skill.scores import SCORES, score_table

COMPARISON_COLUMNS = (
    "horizon_sessions", "score", "rows", "effective_rows", "first", "second",
    "difference", "difference_low", "difference_high", "skill_of_second", "dm_p_value",
)  # fmt: skip
_KEYS = ["instrument", "date", "horizon_sessions"]


@dataclass(frozen=True, slots=True)
class EventDifference:
    """One setting of the event that two configs disagree on."""

    path: str
    first: object
    second: object

    def __str__(self) -> str:
        return f"{self.path}: {self.first} against {self.second}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Paired comparison of two forecasts; a negative difference means the second is better.

    Attributes
    ----------
    table : one row per horizon and score, columns :data:`COMPARISON_COLUMNS`; ``first`` and ``second`` are
        mean scores, ``difference`` is second minus first with its block-bootstrap interval,
        ``skill_of_second`` is 1 - second / first.
    only_first, only_second : rows that just one of the two has, resolved or not.
    coverage : of the intervals.
    """

    table: pd.DataFrame
    only_first: int
    only_second: int
    coverage: float

    def _repr_html_(self) -> str:
        return visible(self.table.to_html(index=False, float_format=lambda v: f"{v:.4f}"), lines=True)


def event_differences(first: Config, second: Config) -> list[EventDifference]:
    """Settings that define the event and differ: outcome rule, setup, level rules, where history starts."""
    found = []
    for section in ("outcome", "setup", "rules"):
        one, two = (getattr(c, section).model_dump(mode="json") for c in (first, second))
        for key in sorted(set(one) | set(two)):
            if key not in MOMENTUM_RULES and one.get(key) != two.get(key):
                found.append(EventDifference(f"{section}.{key}", one.get(key), two.get(key)))
    if first.replay.start != second.replay.start:
        found.append(EventDifference("replay.start", first.replay.start, second.replay.start))
    return found


def compare(
    first: pd.DataFrame,
    second: pd.DataFrame,
    first_config: Config,
    second_config: Config,
    *,
    coverage: float = 0.90,
) -> Comparison:
    """Compare the forecasts (``p_*``) of two forecasts frames on their common, resolved rows.

    Raises
    ------
    ConfigError
        ``compare.different_events`` (names every setting, both values), ``compare.nothing_common``.
    DataError
        ``compare.different_outcomes`` (names the first row: same settings, other bars).
    InputError
        as :func:`engine.verify.rows.common_rows`.
    """
    differences = event_differences(first_config, second_config)
    if differences:
        raise ConfigError(
            "compare.different_events",
            "the two runs answer different questions: " + "; ".join(map(str, differences)),
            "run both with the same outcome, setup and level rules; only model settings may differ",
        )
    horizons = sorted(set(first["horizon_sessions"]) & set(second["horizon_sessions"]))
    joined = first[[*_KEYS, "outcome", *columns_of("model")]].merge(
        second[[*_KEYS, "outcome", *columns_of("model")]], on=_KEYS, suffixes=("", "_second"), validate="1:1"
    )
    if not horizons or not len(joined):
        raise ConfigError(
            "compare.nothing_common",
            f"no instrument, date and horizon in both (horizons {sorted(set(first['horizon_sessions']))} and "
            f"{sorted(set(second['horizon_sessions']))})",
            "compare runs of the same instruments, with a horizon in common",
        )
    _same_outcomes(joined)
    own = [f"{name}_second" for name in columns_of("model")]
    joined = joined.rename(columns=dict(zip(own, columns_of("second"), strict=True)))
    joined.loc[joined["outcome_second"].isna(), "outcome"] = None
    tables = []
    for horizon in horizons:
        rows = common_rows(joined, int(horizon), others=("second",))
        if "second" not in rows.probabilities:
            raise ConfigError(
                "compare.nothing_common",
                f"the second has no forecast at horizon {horizon}",
                "give it a longer history or a smaller forecast.min_train_sessions",
            )
        scores = [score_table(rows.probabilities[name], rows.codes) for name in ("model", "second")]
        gap = scores[1] - scores[0]
        counts = np.bincount(rows.date_index).astype(np.float64)
        sums = [np.bincount(rows.date_index, weights=g) for g in gap.T]
        daily = [total / counts.mean() for total in sums]
        block = expected_block(rows.horizon, [d for d in daily if np.isfinite(d).all()])
        interval = ratio_intervals(np.column_stack([*sums, counts]), block, coverage=coverage)
        for j, name in enumerate(SCORES):
            one, two = float(scores[0][:, j].mean()), float(scores[1][:, j].mean())
            # 1 - sum of differences / rows, turned back into the mean difference
            low, high = (1.0 - end for end in reversed(interval(j, len(SCORES))))
            usable = np.isfinite(daily[j]).all()
            p_value = diebold_mariano(daily[j], block).p_value if usable else float("nan")
            skill = 1.0 - two / one if one > 0 and np.isfinite([one, two]).all() else float("nan")
            tables.append(
                (horizon, name, len(rows), rows.effective, one, two, two - one, low, high, skill, p_value)
            )
    return Comparison(
        table=pd.DataFrame(tables, columns=list(COMPARISON_COLUMNS)),
        only_first=len(first) - len(joined),
        only_second=len(second) - len(joined),
        coverage=coverage,
    )


def _same_outcomes(joined: pd.DataFrame) -> None:
    one, two = outcome_codes(joined["outcome"]), outcome_codes(joined["outcome_second"])
    differ = (one >= 0) & (two >= 0) & (one != two)
    if differ.any():
        row = joined.loc[differ].iloc[0]
        raise DataError(
            "compare.different_outcomes",
            f"{int(differ.sum())} of {len(joined)} common rows have different outcomes, the first "
            f"{row['instrument']} {str(row['date'])[:10]} at {row['horizon_sessions']} sessions: "
            f"{row['outcome']} against {row['outcome_second']}",
            "the settings agree, so the bars differ: compare runs on the same data",
        )
