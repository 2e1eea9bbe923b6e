"""Look-ahead audit of the baselines that plugins bring: what each says of a date, with and without the future.

A baseline is given outcomes, and must use an outcome only once its whole horizon has passed.  It is asked on the whole
history and on histories that cannot know the future, with the outcomes of each; the simulation beside them is a stand-in
that costs nothing, because what is audited is which rows are read and not what stands in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from engine.config import Config
from engine.forecast.baselines import BASELINES, Baseline, BaselineInput
from engine.forecast.baselines.filtered_history import FilteredHistory
from engine.forecast.baselines.opponents import Opponents
from engine.forecast.folds.calendar import EARLIEST_REFIT, Fold, walk_forward_folds
from engine.forecast.inputs import ForecastInput
from engine.forecast.opponents import GroupInput, made_together
from engine.guests import guests
from engine.outcomes.outcomes import Outcomes, label
from engine.replay.replay import Replay
from engine.scenarios import SCENARIOS, UNRESOLVED
from engine.verify.audit.tables import Difference

_LEFT = {"codes": UNRESOLVED, "resolved_at": -1, "ambiguous": False, "target_touched": -1, "retest_touched": -1,
         "event_session": -1, "event_code": -1}  # fmt: skip


class GuestForecasts:
    """What the plugins' baselines say on a whole history, to be compared with what they say on others."""

    def __init__(self, replayed: Any, config: Config) -> None:
        self._config = config
        here: tuple[Baseline, ...] = guests().members.get(BASELINES.noun, ())
        self._baselines = here if isinstance(replayed, Replay) else ()
        self._whole = {one.name: self._asked(one, replayed, len(replayed)) for one in self._baselines}

    @property
    def columns(self) -> int:
        """Number of columns compared."""
        # without baselines of plugins there need be no config: the audit takes any function of bars
        return len(self._baselines) * len(SCENARIOS) * len(self._config.horizons) if self._baselines else 0

    def differences(self, replayed: Any, stop: int, future: str) -> Iterator[tuple[int, Difference]]:
        """(number of differing values, the first) for each baseline and horizon that says something else of bars up to ``stop - 1``."""
        for one in self._baselines:
            whole, again = self._whole[one.name], self._asked(one, replayed, stop)
            if whole is None or again is None:
                if (whole is None) != (again is None):
                    day = str(replayed.bars.dates[stop - 1])
                    said = ["nothing" if table is None else "a table" for table in (whole, again)]
                    yield 1, Difference("baselines", one.name, day, day, future, *said)
                continue
            yield from self._unequal(one.name, whole[:stop], again[:stop], replayed, future)

    def _unequal(
        self, name: str, whole: np.ndarray, again: np.ndarray, replayed: Replay, future: str
    ) -> Iterator[tuple[int, Difference]]:
        differs = (whole != again) & ~(np.isnan(whole) & np.isnan(again))
        dates = replayed.bars.dates
        for k, horizon in enumerate(self._config.horizons):
            at = np.argwhere(differs[:, k])
            if len(at):
                row, scenario = at[0]
                yield (
                    len(at),
                    Difference(
                        "baselines",
                        f"{name}_{SCENARIOS[scenario]} ({horizon} sessions)",
                        str(dates[row]),
                        str(dates[len(whole) - 1]),
                        future,
                        repr(float(whole[row, k, scenario])),
                        repr(float(again[row, k, scenario])),
                    ),
                )

    def _asked(self, one: Baseline, replayed: Replay, stop: int) -> np.ndarray | None:
        bars, config, history = replayed.bars, self._config, self._history(replayed, stop)
        entry = ForecastInput(bars, replayed.known, replayed.setup, _outcomes(replayed, stop, config))
        table = one.forecast(BaselineInput(entry, history, None, config))
        if not one.together:
            return table
        alone = Opponents(history, "filtered_history", {} if table is None else {one.name: table})
        settings, n = config.forecast, len(bars)
        folds = walk_forward_folds(
            max(n, settings.min_train_sessions + 1),
            min_train_sessions=settings.min_train_sessions,
            refit_sessions=settings.refit_sessions,
            inner_from=max(EARLIEST_REFIT, settings.min_train_sessions // 2),
        )
        # a history that ends among the inner folds has those that there are
        folds = tuple(Fold(fold.number, fold.start, min(fold.stop, n)) for fold in folds if fold.start < n)
        seen = GroupInput([entry], [alone], bars.dates, folds, config.horizons, config)
        return made_together(one)(seen)[0]

    def _history(self, replayed: Replay, stop: int) -> FilteredHistory:
        """Probabilities that differ from row to row, and after ``stop`` from those of the whole history."""
        n, longest = len(replayed), max(self._config.horizons)
        row = np.arange(n) + 0.5 * (np.arange(n) >= stop)
        weights = 0.2 + np.modf((row[:, None] + 1.0) * np.sqrt([2.0, 3.0, 5.0]))[0]
        weights[np.isnan(replayed.setup).any(axis=1)] = np.nan
        p = weights / weights.sum(axis=1, keepdims=True)
        over = np.ones((1, longest))
        return FilteredHistory(
            np.repeat(p[:, None], longest, axis=1), p[:, 2:] * over, p[:, :1] * over, 0.01 * p[:, 1]
        )


def _outcomes(replayed: Replay, stop: int, config: Config) -> Outcomes:
    """Of the bars that there are: where those after ``stop`` hold no prices, their rows are unresolved."""
    bars, setup = replayed.bars, replayed.setup
    if np.isfinite(bars.close).all():
        return label(bars, setup, config.horizons, config.outcome)
    found = label(bars.cut(stop), setup[:stop], config.horizons, config.outcome)
    longer: dict[str, Any] = {}
    for name, left in _LEFT.items():
        values = getattr(found, name)
        after = np.full((len(bars) - stop, *values.shape[1:]), left, values.dtype)
        longer[name] = np.concatenate([values, after])
    return replace(found, dates=bars.dates, **longer)
