"""Implied history: falls back bit for bit, learns from the past alone, and helps only where the index knows something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.bars.around import Around
from engine.bars.context import Context, Observed, check_volatility, known_values
from engine.bars.simulate import simulate_bars
from engine.config import load_config, parse_config
from engine.errors import ConfigError, DataError
from engine.forecast.baselines.opponents import Trial
from engine.forecast.baselines.shocks import past_inputs
from engine.forecast.folds.calendar import bars_known, horizon_ends, latest_refit, refit_starts
from engine.forecast.opponents.implied_weight import PRIOR, SHARES, family_share, trial
from engine.forecast.walk_forward import walk_forward
from engine.kernels.streams import audit_noise
from engine.question import FLOOR, TARGET_LOW
from engine.table.explain.explain import explain
from tests.forecast.adhoc import FEATURES, adhoc_config, adhoc_input

BASE = [f"filtered_history_{name}" for name in ("continuation", "range", "breakdown")]
IMPLIED = [f"implied_history_{name}" for name in ("continuation", "range", "breakdown")]


def market(n=2000, seed=4, *, noise=0.0, lag=0, start=0):
    """Bars of clustered volatility and an index that knows the volatility of the next session (times e^noise)."""
    bars = simulate_bars(n, seed=seed, volatility_persistence=0.97)
    rng = np.random.default_rng(seed)  # the simulation's own draws again: its volatility is known here
    rng.standard_normal((n, 8))
    shocks, level = 0.15 * rng.standard_normal(n), np.zeros(n)
    for t in range(1, n):
        level[t] = 0.97 * level[t - 1] + shocks[t]
    ahead = np.append(level[1:], level[-1]) + noise * audit_noise(seed, 1).standard_normal(n)
    values = 100.0 * np.sqrt(252.0) * 0.012 * np.exp(ahead)
    index = Observed("vix", "implied_volatility", bars.dates[start:], values[start:], None, lag, 10)
    return replace(bars, around=Around(context=Context(bars.dates, (index,), known_values)))


def config_with(**forecast):
    plain = adhoc_config(**forecast).model_dump(mode="json")
    context = [{"name": "vix", "path": "vix.csv", "column": "vix", "publication_lag_sessions": 0}]
    plain["forecast"]["variance_inputs"] = ["vix"]
    return parse_config(plain | {"context": context})


def forecasts(bars, config):
    return walk_forward([adhoc_input(bars, config)], config, features=FEATURES).frame


def test_an_index_that_knows_volatility_beats_filtered_history_and_the_classifier_starts_from_it():
    config = config_with(calibrator="identity")
    frame = forecasts(market(3000), config)
    resolved = frame.dropna(subset=["outcome"])
    loss = {
        source: -np.log(
            np.select(
                [resolved["outcome"] == k for k in ("continuation", "range", "breakdown")],
                [resolved[c] for c in columns],
            )
        )
        for source, columns in (("base", BASE), ("implied", IMPLIED))
    }
    assert loss["implied"].mean() < 0.99 * loss["base"].mean()
    p = np.log(frame[["p_continuation", "p_range", "p_breakdown"]].to_numpy())
    near, far = (np.abs(p - np.log(frame[columns].to_numpy())).mean() for columns in (IMPLIED, BASE))
    assert near < 0.7 * far


def test_where_the_index_is_unknown_the_forecast_is_filtered_history_bit_for_bit():
    bars = market(1900)
    dates = bars.dates
    series = bars.around.context.series[0]
    gap = (dates >= dates[1500]) & (dates < dates[1600])
    broken = replace(series, dates=dates[~gap], values=series.values[~gap], max_age_sessions=0)
    bars = replace(bars, around=Around(context=Context(dates, (broken,), known_values)))
    frame = forecasts(bars, config_with())
    day = frame["date"].to_numpy().astype("datetime64[D]")
    unknown = np.isin(day, dates[gap])
    assert unknown.any()
    assert (frame.loc[unknown, IMPLIED].to_numpy() == frame.loc[unknown, BASE].to_numpy()).all()
    assert (frame.loc[~unknown, IMPLIED].to_numpy() != frame.loc[~unknown, BASE].to_numpy()).any()
    plain = forecasts(bars, adhoc_config())
    assert (frame[BASE].to_numpy() == plain[BASE].to_numpy()).all()
    assert plain[IMPLIED].isna().all().all()


def test_a_longer_history_moves_no_row():
    bars, config = market(1900), config_with()
    long, short = forecasts(bars, config), forecasts(bars.cut(1850), config)
    joined = short.merge(long, on=["date", "horizon_sessions"], suffixes=("", "_long"))
    assert len(joined) == len(short)
    for name in (*IMPLIED, "recalibrated_range", "p_continuation"):
        assert (joined[name] == joined[f"{name}_long"]).all(), name


def test_an_index_of_another_market_earns_no_share():
    """False alarms: of 8 indices that know nothing, none may reach a share of 0.25 in 2,000 sessions."""
    reached = []
    for seed in range(8):
        bars, other = market(2000, seed), market(2000, seed + 100)
        reached.append(share_at_the_end(bars, other.around.context.series[0].values))
    assert max(reached) < 0.25
    mine = market(2000, 3, noise=0.1)
    assert share_at_the_end(mine, mine.around.context.series[0].values) > 0.6


def share_at_the_end(bars, index):
    n, settings = len(bars), adhoc_config().forecast
    at, starts = np.arange(n), refit_starts(n, settings)
    past = past_inputs(bars, ((index / 100.0) ** 2 / 252.0)[:, None])
    known = bars_known(at, latest_refit(at, starts))
    found = trial(past, known, 15, at, horizon_ends(at, 15))
    return float(family_share([found], 15, starts[-1:])[0])


def test_the_share_before_any_evidence_is_that_of_the_prior_and_company_counts_once():
    n = 400
    at = np.arange(n)
    losses = np.tile([0.0, 0.0, 0.0, 0.0, 1.0], (n, 1))
    one = Trial(np.ones(n, bool), losses, at, at + 15)
    before, after = family_share([one], 15, np.array([0, n]))
    assert before == pytest.approx(np.dot(PRIOR, SHARES))
    assert after == pytest.approx(0.625)
    few = np.array([60])
    assert family_share([one, one, one], 15, few) == pytest.approx(family_share([one], 15, few))


@pytest.mark.parametrize(
    ("scale", "code"),
    [
        (0.01, "context.volatility_unit"),
        (100.0, "context.volatility_unit"),
        (-1.0, "context.negative_volatility"),
    ],
)
def test_a_wrong_unit_is_found_by_its_ratio_to_what_the_bars_did(scale, code):
    bars = market(600)
    values = bars.around.context.series[0].values
    check_volatility("SIM", "vix", values, bars.close)
    with pytest.raises(DataError) as caught:
        check_volatility("SIM", "vix", scale * values, bars.close)
    assert caught.value.code == code


def test_a_name_that_is_no_context_is_told_with_its_place(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(
        "name: x\ninstruments: [{symbol: X, source: {kind: bundled, name: nasdaq}}]\nforecast: {variance_inputs: [vix]}\n"
    )
    with pytest.raises(ConfigError, match="'vix' is no series under context"):
        load_config(path)


def test_what_changed_since_yesterday_is_split_against_the_opponent_that_knows_options():
    config = config_with(interval_draws=0)
    bars = market(1900)
    entry = adhoc_input(bars, config)
    setup, last = entry.setup.copy(), len(bars) - 1
    inside = (setup[last, FLOOR] < bars.close[last - 1]) & (bars.close[last - 1] < setup[last, TARGET_LOW])
    assert inside
    setup[last - 1] = setup[last]  # yesterday asked today's question
    entry = replace(entry, setup=setup)
    made = walk_forward([entry], config, features=FEATURES)
    frame = made.frame.set_index(["date", "horizon_sessions"])
    shares = explain(made, [entry], config, [(bars.symbol, bars.dates[last])])[
        bars.symbol, bars.dates[last]
    ].shares
    assert len(shares) == 6
    for share in shares:
        name = f"implied_history_{share.scenario}"
        now, before = (frame.loc[(bars.dates[at], share.horizon_sessions)] for at in (last, last - 1))
        assert share.now - share.before == pytest.approx(share.question + share.market + share.rules)
        assert share.question == pytest.approx(0.0, abs=1e-9)
        assert share.market == pytest.approx(float(now[name] - before[name]), abs=1e-9)
        assert abs(float(now[name] - now[f"filtered_history_{share.scenario}"])) > 1e-6
