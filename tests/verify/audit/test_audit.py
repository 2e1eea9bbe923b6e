"""The audit passes a causal replay and catches each way of peeking that is planted in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from arch.data import nasdaq, sp500

from engine.bars.load import load_bars
from engine.bars.simulate import simulate_bars
from engine.config import Config, CsvSource, Instrument, ReplayConfig
from engine.errors import CheckFailed, InputError
from engine.replay.replay import replay as engine_replay
from engine.rules.indicators import INDICATORS, compute_indicators
from engine.rules.momentum import MOMENTUM, compute_momentum
from engine.rules.pivots import confirmed_pivots
from engine.verify.audit.audit import FUTURE_SESSIONS, audit
from tests.shared_files import data_dir
from tests.some_bars import bundled, series_of

BARS = simulate_bars(420, seed=11)
CONFIG = Config.model_validate(
    {"name": "audit", "instruments": [{"symbol": "SIM", "source": {"kind": "bundled", "name": "nasdaq"}}]}
)


@dataclass(frozen=True)
class Facts:
    frame: pd.DataFrame
    levels: pd.DataFrame
    events: pd.DataFrame


def causal(bars, config):
    """Real indicator and momentum kernels; swing highs as levels, their first touch as events."""
    indicators = compute_indicators(bars)
    momentum = compute_momentum(bars, config.rules, indicators)
    days = bars.dates.astype("datetime64[us]")
    columns = {
        "instrument": pd.Series([bars.symbol] * len(bars), dtype="str"),
        "date": days,
        "close": bars.close,
    }
    columns |= dict(zip(INDICATORS, indicators.T, strict=True)) | dict(zip(MOMENTUM, momentum.T, strict=True))
    highs, _ = confirmed_pivots(bars.high, bars.low, config.rules.pivot_bars)
    confirmed = np.flatnonzero(highs >= 0)
    price = bars.high[highs[confirmed]]
    levels = pd.DataFrame(
        {
            "level_id": np.arange(len(confirmed)),
            "kind": pd.Series(["swing_high"] * len(confirmed), dtype="str"),
            "low": price,
            "high": price * 1.001,
            "formed": days[highs[confirmed]],
            "confirmed": days[confirmed],
        }
    )
    touches = []
    for level, (start, top) in enumerate(zip(confirmed, price, strict=True)):
        reached = np.flatnonzero(bars.high[start + 1 :] >= top)
        if len(reached):
            touches.append((start + 1 + reached[0], level))
    touches.sort()
    events = pd.DataFrame(
        {
            "level_id": np.array([level for _, level in touches], dtype=np.int64),
            "date": days[np.array([i for i, _ in touches], dtype=np.int64)],
            "event": pd.Series(["touch"] * len(touches), dtype="str"),
        }
    )
    return Facts(pd.DataFrame(columns), levels, events)


def planted(column, peek):
    """The causal replay with one column replaced by something that peeks."""

    def replay(bars, config):
        facts = causal(bars, config)
        return replace(facts, frame=facts.frame.assign(**{column: peek(bars, facts)}))

    return replay


def centred_pivot(bars, facts):
    # known on the day of the high itself: five bars too early
    pivots, _ = confirmed_pivots(bars.high, bars.low, 5)
    flag = np.zeros(len(bars))
    flag[pivots[pivots >= 0]] = 1.0
    return flag


def full_sample_normalisation(bars, facts):
    return (bars.close - bars.close.mean()) / bars.close.std()


def backward_fill(bars, facts):
    return facts.frame["sma_200"].bfill()


def scaled_by_the_number_of_bars(bars, facts):
    return np.arange(len(bars)) / len(bars)


@pytest.mark.parametrize("dates", [25, None])
def test_a_causal_replay_is_certified(dates):
    bars = BARS if dates else BARS.cut(80)
    result = audit(bars, CONFIG, dates, replay=causal)
    assert result.passed
    assert result.text == f"{dates or 80} dates, 0 rewritten"
    assert str(result) == f"SIM: {result.text}"
    assert result.columns == 3 + len(INDICATORS) + len(MOMENTUM) + 6 + 3
    assert result.dates[-1] == str(bars.dates[-1])
    result.require()
    certificate = json.loads(json.dumps(result.certificate(), allow_nan=False))
    assert certificate["certificate"] == result.text
    assert certificate["differences"] == []


@pytest.mark.parametrize(
    "peek", [centred_pivot, full_sample_normalisation, backward_fill, scaled_by_the_number_of_bars]
)
def test_planted_look_ahead_is_caught_and_named(peek):
    result = audit(BARS, CONFIG, 40, replay=planted("planted", peek))
    assert not result.passed
    assert {d.column for d in result.differences} == {"planted"}
    assert {d.table for d in result.differences} == {"replay"}
    difference = result.differences[0]
    row = int(np.flatnonzero(BARS.dates == np.datetime64(difference.date))[0])
    assert difference.date <= difference.as_of
    whole = np.asarray(peek(BARS, causal(BARS, CONFIG)), dtype=float)
    assert float(difference.replayed) == whole[row]
    stop = int(np.flatnonzero(BARS.dates == np.datetime64(difference.as_of))[0]) + 1
    then = np.asarray(peek(BARS.cut(stop), causal(BARS.cut(stop), CONFIG)), dtype=float)
    if difference.future == "cut":
        assert difference.recomputed == repr(float(then[row]))
    with pytest.raises(CheckFailed) as caught:
        result.require()
    assert caught.value.code == "audit.look_ahead"
    assert caught.value.exit_code == 4
    for part in ("planted", difference.date, difference.replayed, difference.recomputed):
        assert part in caught.value.message
    json.dumps(result.certificate(), allow_nan=False)


def test_one_differing_bit_is_a_difference():
    def last_bit(bars, facts):
        return np.nextafter(facts.frame["close"], np.inf) if len(bars) > 300 else facts.frame["close"]

    result = audit(BARS.cut(301), CONFIG, 6, seed=1, replay=planted("close", last_bit))
    assert len(result.rewritten) == 5  # every audited date but the last, whose cut history is the whole


def test_a_peek_that_only_noise_can_reveal():
    # where the next bar is missing the rule falls back to a value that happens to be right on this history
    def next_change(bars, facts):
        return np.append((np.diff(bars.close) > 0).astype(float), 0.0)

    falling = series_of(np.linspace(300.0, 100.0, 420))
    result = audit(falling, CONFIG, 60, replay=planted("next", next_change))
    assert {d.future for d in result.differences} == {"noise"}


def test_rewritten_levels_are_caught():
    def grows(bars, config):
        facts = causal(bars, config)
        later = facts.levels["high"] * (1 + 1e-12 * (len(bars) // 50))
        return replace(facts, levels=facts.levels.assign(high=later))

    result = audit(BARS, CONFIG, 20, replay=grows)
    assert {(d.table, d.column) for d in result.differences} == {("levels", "high")}


def test_levels_that_vanish_and_events_that_are_dated_back_are_caught():
    def forgets(bars, config):
        facts = causal(bars, config)
        return replace(facts, levels=facts.levels.iloc[len(bars) // 100 :])

    result = audit(BARS, CONFIG, 20, replay=forgets)
    assert ("levels", "rows") in {(d.table, d.column) for d in result.differences}

    def dates_back(bars, config):
        facts = causal(bars, config)
        early = facts.events.assign(date=facts.events["date"] - pd.Timedelta(days=5))
        return replace(facts, events=early)

    result = audit(BARS, CONFIG, 40, replay=dates_back)
    assert ("events", "rows") in {(d.table, d.column) for d in result.differences}
    assert {d.table for d in result.differences} == {"events"}


def test_a_changed_name_is_caught():
    def renames(bars, config):
        facts = causal(bars, config)
        return replace(facts, levels=facts.levels.assign(name=f"high of {len(bars)} bars"))

    result = audit(BARS, CONFIG, 5, replay=renames)
    assert {(d.table, d.column) for d in result.differences} == {("levels", "name")}


def test_dates_do_not_reshuffle_when_bars_are_added_and_depend_on_the_seed():
    def dates(bars, seed):
        return set(audit(bars, CONFIG, 30, seed, replay=causal).dates[:-1])

    before, after = dates(BARS.cut(400), 3), dates(BARS, 3)
    kept = {d for d in after if d < str(BARS.dates[399])}
    assert kept <= before | {str(BARS.dates[398])}
    assert dates(BARS, 4) != after


def test_a_peek_that_only_missing_values_can_reveal():
    # every bar of the real, the cut and the noisy history has a close: only asking whether it has shows nothing
    def is_there(bars, facts):
        later = np.minimum(np.arange(len(bars)) + 5, len(bars) - 1)
        return np.isfinite(bars.close[later]).astype(float)

    result = audit(BARS, CONFIG, 10, replay=planted("there", is_there))
    assert {d.future for d in result.differences} == {"missing"}
    assert len(result.rewritten) == 10
    assert "missing values instead of the future" in str(result.differences[0])


def test_invented_futures_keep_the_past_and_noise_gives_sound_bars():
    seen = []

    def watch(bars, config):
        seen.append(bars)
        return causal(bars, config)

    audit(BARS, CONFIG, 3, replay=watch)
    assert len(seen) == 1 + 3 * 3
    for bars in (*seen[2::3], *seen[3::3]):
        past = len(bars) - FUTURE_SESSIONS
        for name in ("dates", "open", "high", "low", "close", "volume"):
            assert (getattr(bars, name)[:past] == getattr(BARS, name)[:past]).all()
        assert (np.diff(bars.dates) > np.timedelta64(0, "D")).all()
    for bars in seen[3::3]:
        past = len(bars) - FUTURE_SESSIONS
        assert all(
            np.isnan(getattr(bars, name)[past:]).all() for name in ("open", "high", "low", "close", "volume")
        )
    for bars in seen[2::3]:
        assert (bars.low <= np.minimum(bars.open, bars.close)).all()
        assert (bars.high >= np.maximum(bars.open, bars.close)).all()
        assert (bars.low > 0).all()


@pytest.mark.parametrize(
    ("bars", "dates", "code"), [(BARS.cut(0), 5, "audit.no_bars"), (BARS, 0, "audit.no_dates")]
)
def test_refuses_an_audit_of_nothing(bars, dates, code):
    with pytest.raises(InputError) as caught:
        audit(bars, CONFIG, dates, replay=causal)
    assert caught.value.code == code


@pytest.mark.parametrize("module", [nasdaq, sp500], ids=["nasdaq", "sp500"])
def test_the_engines_own_replay_is_certified_on_the_bundled_bars(module):
    result = audit(bundled(module), CONFIG, 12)
    assert result.text == "12 dates, 0 rewritten", str(result)
    assert result.columns > 90


def test_peeking_planted_in_the_engines_own_replay_is_caught():
    def peeks(bars, config):
        facts = engine_replay(bars, config)
        centred = facts.frame["close"].rolling(5, center=True, min_periods=1).mean()
        return Facts(facts.frame.assign(sma_50=centred), facts.levels, facts.events)

    result = audit(bundled(nasdaq).cut(600), CONFIG, 5, replay=peeks)
    assert {(d.table, d.column) for d in result.differences} == {("replay", "sma_50")}


@pytest.mark.parametrize("name", ["rut", "iwm", "rty_f", "spy", "dia", "ndx", "dax", "gld", "tlt"])
def test_the_engines_own_replay_is_certified_on_real_files(name):
    if data_dir() is None:
        pytest.skip("real bars are not on this machine")
    instrument = Instrument(symbol=name, source=CsvSource(path=data_dir() / f"{name}.csv"))
    result = audit(load_bars(instrument, ReplayConfig()), CONFIG, 3)
    assert result.text == "3 dates, 0 rewritten", str(result)
