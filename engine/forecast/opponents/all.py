"""The forecasts to be beaten, side by side, for every session of each instrument."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine.config import Config, with_plugins
from engine.config.choices import Choice
from engine.forecast.baselines import BASELINES, Baseline, BaselineInput
from engine.forecast.baselines.filtered_history import (
    FilteredHistory,
    MoreVariances,
    Simulation,
    filtered_history,
)
from engine.forecast.baselines.implied_history import implied_history, implied_variances
from engine.forecast.baselines.opponents import Opponents, Trial
from engine.forecast.baselines.shocks import past_inputs
from engine.forecast.folds.calendar import (
    bars_known,
    calendar_positions,
    horizon_ends,
    latest_refit,
    pooled,
    refit_starts,
)
from engine.forecast.inputs import ForecastInput
from engine.forecast.opponents.implied_weight import family_share, trial
from engine.forecast.opponents.recalibrated import GroupInput


def history_of(entry: ForecastInput, known: np.ndarray, config: Config) -> FilteredHistory:
    """The simulation of one instrument; ``known[t]`` bars were there when the fit of ``t`` was made."""
    how = _simulation(config)
    return filtered_history(
        entry.bars,
        entry.setup,
        known,
        how.horizons_max,
        how.outcome,
        how.paths,
        how.seed,
        rows=~np.isnan(entry.setup).any(axis=1) & (known > 0),
    )


@with_plugins
def opponents(
    entry: ForecastInput,
    known: np.ndarray,
    calendar: np.ndarray,
    config: Config,
    history: FilteredHistory | None = None,
    names: Collection[str] | None = None,
) -> Opponents:
    """The baselines of one instrument that need no other; ``history`` where :func:`history_of` has made it already.

    Only the baselines called ``names`` are made; None: all.
    """
    if history is None:
        history = history_of(entry, known, config)
    wanted = BASELINES.names if names is None else names
    tables = _tables(BaselineInput(entry, history, None, config), wanted)
    return Opponents(history, "filtered_history", tables, _trial(entry, calendar, config))


def with_implied(
    entries: Sequence[ForecastInput],
    found: Sequence[Opponents],
    calendar: np.ndarray,
    refits: Sequence[np.ndarray],
    config: Config,
) -> list[Opponents]:
    """The same with what options say, weighed by the past of each instrument's family, where the config names it.

    Parameters
    ----------
    found : of :func:`opponents`.
    refits : for each instrument (n,) int64, the calendar session at which the fit used at each row was made: it
        knows the bars before that session.  Negative: no forecast.
    """
    settings, longest = config.forecast, max(config.horizons)
    if not settings.variance_inputs:
        return list(found)
    out = list(found)
    place = {entry.bars.symbol: i for i, entry in enumerate(entries)}
    families = {entry.bars.symbol: entry.bars.family for entry in entries}
    # a volatility index belongs to a family; to share more widely would lend it to gold and bonds
    for symbols in pooled(families, "none" if settings.pooling == "none" else "family").values():
        trials = [one for symbol in symbols if (one := found[place[symbol]].trial) is not None]
        for i in (place[symbol] for symbol in symbols):
            asked, back = np.unique(refits[i], return_inverse=True)
            share = family_share(trials, longest, asked)[back]
            more = MoreVariances(implied_variances(entries[i].bars, settings.variance_inputs), share)
            out[i] = _with(entries[i], found[i], more, calendar, refits[i], config)
    return out


def _with(
    entry: ForecastInput,
    base: Opponents,
    more: MoreVariances,
    calendar: np.ndarray,
    refits: np.ndarray,
    config: Config,
) -> Opponents:
    known = bars_known(calendar_positions(entry.bars.dates, calendar), refits)
    implied = implied_history(base.history, entry.bars, entry.setup, known, _simulation(config), more)
    tables = _tables(
        BaselineInput(entry, base.history, implied, config), set(BASELINES.names) - set(base.tables)
    )
    return Opponents(implied, "implied_history", {**base.tables, **tables}, None, more)


def _tables(seen: BaselineInput, names: Collection[str]) -> dict[str, np.ndarray]:
    tables = {one.name: one.forecast(seen) for one in BASELINES if one.name in names}
    return {name: table for name, table in tables.items() if table is not None}


def _trial(entry: ForecastInput, calendar: np.ndarray, config: Config) -> Trial | None:
    settings, longest = config.forecast, max(config.horizons)
    if not settings.variance_inputs:
        return None
    at = calendar_positions(entry.bars.dates, calendar)
    known = bars_known(at, latest_refit(at, refit_starts(len(calendar), settings)))
    past = past_inputs(entry.bars, implied_variances(entry.bars, settings.variance_inputs))
    return trial(past, known, longest, at, horizon_ends(at, longest))


def _simulation(config: Config) -> Simulation:
    return Simulation(max(config.horizons), config.outcome, config.forecast.paths, config.seed)


def made_together(baseline: Baseline) -> Callable[[GroupInput], Sequence[np.ndarray]]:
    """The function of a baseline that is fitted to a pooling group."""
    if callable(baseline.together):
        return baseline.together
    found: Callable[[GroupInput], Sequence[np.ndarray]] = Choice(baseline.name, baseline.together).load()
    return found


def group_tables(seen: GroupInput) -> dict[str, list[np.ndarray]]:
    """The baselines that are fitted to a pooling group as a whole: name to (n, horizons asked for, 3) of each member."""
    return {baseline.name: list(made_together(baseline)(seen)) for baseline in BASELINES if baseline.together}


def with_group_tables(
    found: Sequence[Opponents],
    horizon_sets: Sequence[tuple[int, ...]],
    tables: Sequence[Mapping[str, Sequence[np.ndarray]]],
) -> list[Opponents]:
    """The opponents of a group with its :func:`group_tables` of each set of horizons, which together are all."""
    order = np.argsort([horizon for horizons in horizon_sets for horizon in horizons], kind="stable")
    return [
        replace(
            base,
            tables={
                **base.tables,
                **{
                    name: np.concatenate([one[name][i] for one in tables], axis=1)[:, order]
                    for name in tables[0]
                },
            },
        )
        for i, base in enumerate(found)
    ]
