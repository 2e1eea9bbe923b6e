"""Contracts from a known process: an index without a roll, each contract carrying a premium that the roll must not show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.bars.contracts import Contract, RollRule, stitch
from engine.bars.contracts.contract import check_contracts
from engine.bars.contracts.expiry import third_friday
from engine.bars.load import load_bars
from engine.bars.series import PRICE_COLUMNS, BarSeries
from engine.bars.simulate import simulate_bars
from engine.config import Instrument, ReplayConfig, parse_config
from engine.errors import DataError
from engine.outcomes.outcomes import label
from engine.question import SETUP
from engine.replay.replay import replay
from engine.verify.audit.audit import audit

D = np.datetime64
N = 900
DAYS = np.busday_offset(D("2018-01-02"), np.arange(N))
INDEX = simulate_bars(N, seed=21, daily_sigma=0.011, volatility_persistence=0.97)
QUARTERS = [(y, m) for y in range(2018, 2023) for m in (3, 6, 9, 12)]
CODE = {3: "H", 6: "M", 9: "U", 12: "Z"}


def contracts(step=0.03, tick=None) -> list[Contract]:
    """Quarterly contracts, third Friday; the k-th costs (1 + step)^k times the index; volume moves over 6 days before expiry."""
    rng = np.random.default_rng(5)
    made = []
    for k, (year, month) in enumerate(QUARTERS):
        expiry = third_friday(year, month)
        listed = expiry - np.timedelta64(270, "D")
        mine = np.flatnonzero((listed <= DAYS) & (expiry >= DAYS))
        if len(mine) < 30:
            continue
        days = DAYS[mine]
        left = np.busday_count(days, expiry)
        previous = third_friday(*QUARTERS[k - 1]) if k else listed
        ahead = np.busday_count(days, previous)  # of the contract before: negative once that is gone
        share = np.clip((left - 3) / 6, 0, 1) * np.clip((9 - ahead) / 6, 0, 1)
        factor = (1 + step) ** k
        prices = {c: getattr(INDEX, c)[mine] * factor for c in PRICE_COLUMNS}
        if tick:
            prices = {c: np.round(p / tick) * tick for c, p in prices.items()}
            prices["high"] = np.maximum.reduce(list(prices.values()))
            prices["low"] = np.minimum.reduce(list(prices.values()))
        volume = np.round(1e5 * share * np.exp(rng.normal(0, 0.02, len(mine)))) + 10
        name = f"RTY{CODE[month]}{year % 100:02d}"
        bars = BarSeries(name, "contract", days, **prices, volume=volume)
        made.append(Contract(name, expiry, bars, volume * 3.0, f"{name}.csv"))
    return made


def test_third_fridays():
    # cmegroup.com: equity index futures
    assert [str(third_friday(2025, m)) for m in (3, 6, 9, 12)] == [
        "2025-03-21",
        "2025-06-20",
        "2025-09-19",
        "2025-12-19",
    ]


@pytest.mark.parametrize("by", ["volume", "open_interest", "days"])
def test_a_roll_makes_no_return(by):
    frame, rolls = stitch(contracts(), RollRule(by=by, days_before_expiry=5 if by == "days" else 1))
    n = len(frame)
    assert len(rolls.first_sessions) > 10
    # the premium of 3 % a contract would be a return of 3 % at each roll; the chain is the index and nothing else
    for name in PRICE_COLUMNS:
        np.testing.assert_allclose(frame[name], getattr(INDEX, name)[:n], rtol=1e-12)
    for t in (0, n // 2, n - 1):
        unit = rolls.unit(t)
        k = int(rolls.contract[t])
        own = next(c for c in contracts() if c.name == rolls.names[k])
        at = np.searchsorted(own.bars.dates, frame["date"].to_numpy().astype("M8[D]")[t])
        np.testing.assert_allclose(unit.price(frame["close"][t]), own.bars.close[at], rtol=1e-12)
    weekdays = np.busday_count(
        frame["date"].to_numpy().astype("M8[D]")[rolls.first_sessions - 1],
        [third_friday(*q) for q in QUARTERS][: len(rolls.first_sessions)],
    )
    assert weekdays.min() >= 3
    assert weekdays.max() <= 9


def test_differences_keep_points_and_none_keeps_the_gap():
    frame, rolls = stitch(contracts(), RollRule(adjustment="difference"))
    first = rolls.first_sessions[0]
    days = frame["date"].to_numpy().astype("M8[D]")
    new = contracts()[int(rolls.contract[first])]
    at = np.searchsorted(new.bars.dates, days[first])
    moved = new.bars.close[at] - new.bars.close[at - 1]  # of the contract that one could hold over that night
    assert frame["close"][first] - frame["close"][first - 1] == pytest.approx(moved, rel=1e-9)
    raw, _ = stitch(contracts(), RollRule(adjustment="none"))
    assert raw["close"][first] / raw["close"][first - 1] == pytest.approx(
        1.03 * INDEX.close[first] / INDEX.close[first - 1]
    )


def test_the_decision_never_uses_the_volume_of_its_own_session_before_the_close():
    made = contracts()
    _, rolls = stitch(made, RollRule())
    first = int(rolls.first_sessions[2])
    day = DAYS[first]
    changed = []
    for one in made:
        volume = one.bars.volume.copy()
        volume[one.bars.dates == day] = 1e9 if one is made[0] else 0.0
        bars = BarSeries(
            one.name,
            "contract",
            one.bars.dates,
            **{c: getattr(one.bars, c) for c in PRICE_COLUMNS},
            volume=volume,
        )
        changed.append(Contract(one.name, one.expiry, bars, one.open_interest, one.place))
    np.testing.assert_array_equal(stitch(changed, RollRule())[1].first_sessions[:3], rolls.first_sessions[:3])


@pytest.mark.parametrize("by", ["volume", "days"])
def test_a_new_contract_changes_no_past_row(by):
    made = contracts()
    whole, rolls = stitch(made, RollRule(by=by, days_before_expiry=4))
    for count in range(2, len(made)):
        part, early = stitch(made[:count], RollRule(by=by, days_before_expiry=4))
        n = len(part)
        pd.testing.assert_frame_equal(whole.iloc[:n], part, check_exact=True)
        np.testing.assert_array_equal(rolls.ratio[:n], early.ratio)


def folder(tmp_path, made):
    for one in made:
        one.bars.to_frame().to_csv(tmp_path / f"{one.name}.csv")
    return tmp_path


def instrument(tmp_path, **keys):
    source = {"kind": "contracts", "folder": tmp_path, "expiry": "third_friday", **keys}
    return Instrument.model_validate({"symbol": "RTY", "source": source})


def test_a_folder_and_a_long_table_give_the_same_chain(tmp_path):
    made = contracts(tick=0.1)
    (tmp_path / "one").mkdir()
    one = load_bars(instrument(folder(tmp_path / "one", made)), ReplayConfig())
    long = pd.concat(
        [c.bars.to_frame().reset_index().assign(contract=c.name, expiry=str(c.expiry)) for c in made]
    )
    long.to_csv(tmp_path / "long.csv", index=False)
    source = {"kind": "contracts", "path": tmp_path / "long.csv"}
    two = load_bars(Instrument.model_validate({"symbol": "RTY", "source": source}), ReplayConfig())
    assert one.fingerprint() == two.fingerprint()
    assert "rolled by volume, adjusted by ratio" in one.around.origin
    assert len(one.cut(300).around.rolls.ratio) == 300


CONFIG = parse_config(
    {"name": "x", "instruments": [{"symbol": "RTY", "source": {"kind": "bundled", "name": "nasdaq"}}]}
)


def test_levels_features_and_outcomes_are_those_of_the_index_without_rolls(tmp_path):
    bars = load_bars(instrument(folder(tmp_path, contracts())), ReplayConfig())
    n = len(bars)
    plain = BarSeries(
        "RTY", "default", bars.dates, **{c: getattr(INDEX, c)[:n] for c in PRICE_COLUMNS}, volume=bars.volume
    )
    one, two = replay(bars, CONFIG), replay(plain, CONFIG)
    # no touch, no break, no pivot, no level of a roll's own
    assert one.events[["level_id", "date", "event"]].equals(two.events[["level_id", "date", "event"]])
    np.testing.assert_allclose(one.features, two.features, rtol=1e-6, atol=1e-9)
    setups = [np.array(r.frame[list(SETUP)], dtype=float, order="C") for r in (one, two)]
    codes = [label(b, s, (10, 15), CONFIG.outcome).codes for b, s in zip((bars, plain), setups, strict=True)]
    np.testing.assert_array_equal(codes[0], codes[1])


def test_the_audit_puts_the_contracts_together_again_and_finds_a_roll_that_knows_the_future(
    tmp_path, monkeypatch
):
    bars = load_bars(instrument(folder(tmp_path, contracts())), ReplayConfig()).cut(400)
    assert audit(bars, CONFIG, 6, seed=3).passed
    stitcher = stitch

    def backwards(made, rule):
        frame, rolls = stitcher(made, rule)
        frame[list(PRICE_COLUMNS)] /= rolls.ratio[-1]  # adjusted from today: every roll moves the whole past
        return frame, rolls

    monkeypatch.setitem(stitch.__globals__, "stitch", backwards)
    found = audit(bars, CONFIG, 6, seed=3)
    assert not found.passed
    assert {d.table for d in found.differences} == {"contracts"}
    assert {d.future for d in found.differences} >= {"cut"}


def error(made) -> DataError:
    with pytest.raises(DataError) as caught:
        check_contracts(made, RollRule())
    assert caught.value.hint
    return caught.value


def altered(one: Contract, *, expiry=None, rows=slice(None), scale=None) -> Contract:
    values = {c: getattr(one.bars, c)[rows].copy() for c in (*PRICE_COLUMNS, "volume", "dates")}
    if scale is not None:
        for c in PRICE_COLUMNS:
            values[c][scale[0]] *= scale[1]
    return Contract(
        one.name, expiry or one.expiry, BarSeries(one.name, "contract", **values), None, one.place
    )


def test_bad_sets_are_one_clear_error_each():
    made = contracts()
    assert (
        error([altered(made[0], expiry=D("2017-01-01")), *made[1:]]).code
        == "contracts.expired_before_first_bar"
    )
    assert (
        error([altered(made[0], expiry=made[0].bars.dates[5]), *made[1:]]).code
        == "contracts.bars_after_expiry"
    )
    assert error([made[0], altered(made[1], expiry=made[0].expiry, rows=slice(0, 40))]).code in (
        "contracts.same_expiry",
    )
    assert error([made[0], altered(made[1], rows=slice(0, 20))]).code == "contracts.wrong_order"
    found = error([made[0], made[5]])
    assert found.code == "contracts.gap"
    assert made[0].name in found.message
    found = error([*made[:3], altered(made[3], scale=(100, 100.0)), *made[4:]])
    assert found.code == "contracts.price_out_of_line"
    assert made[3].name in found.message
    assert str(made[3].bars.dates[100]) in found.message
    assert (
        error([*made[:3], altered(made[3], scale=(slice(None), 100.0)), *made[4:]]).code
        == "contracts.price_out_of_line"
    )


def test_without_an_expiry_it_is_said_how_to_give_one(tmp_path):
    with pytest.raises(DataError, match="expiry of RTYH18 is not known") as caught:
        load_bars(instrument(folder(tmp_path, contracts()), expiry=None), ReplayConfig())
    assert "third_friday" in caught.value.hint
    listed = pd.DataFrame(
        {"contract": [c.name for c in contracts()], "expiry": [str(c.expiry) for c in contracts()]}
    )
    (tmp_path / "more").mkdir()
    listed.to_csv(tmp_path / "more" / "expiries.csv", index=False)
    assert (
        len(
            load_bars(
                instrument(tmp_path, expiry=None, expiries=tmp_path / "more" / "expiries.csv"), ReplayConfig()
            )
        )
        > 800
    )


@pytest.mark.parametrize("gap", ["open", "ratio", "difference", "log_return"])
def test_roll_dates_take_the_gaps_out_of_a_stitched_series(tmp_path, gap):
    _, rolls = stitch(contracts(), RollRule())
    raw, _ = stitch(contracts(), RollRule(adjustment="none"))
    raw.assign(date=raw["date"].dt.strftime("%Y-%m-%d")).to_csv(tmp_path / "x.csv", index=False)
    at = rolls.first_sessions
    table = pd.DataFrame({"date": raw["date"].iloc[at].dt.strftime("%Y-%m-%d")})
    before = raw["close"].to_numpy()[at - 1]
    table["ratio"], table["difference"], table["log_return"] = 1 / 1.03, before - before * 1.03, np.log(1.03)
    table.to_csv(tmp_path / "rolls.csv", index=False)
    source = {
        "kind": "csv",
        "path": tmp_path / "x.csv",
        "roll_dates": {"path": tmp_path / "rolls.csv", "gap": gap},
    }
    bars = load_bars(Instrument.model_validate({"symbol": "X", "source": source}), ReplayConfig())
    returns = np.diff(np.log(bars.close))
    true = np.diff(np.log(INDEX.close[: len(bars)]))
    night = np.isin(np.arange(1, len(bars)), at)
    np.testing.assert_allclose(returns[~night], true[~night], atol=1e-9)
    if gap == "open":  # the night of a roll counts as no move; this process opens where it closed
        assert np.abs(returns[night] - true[night]).max() < 1e-9
    else:
        np.testing.assert_allclose(returns[night], true[night], atol=1e-9)
    assert audit(bars.cut(360), CONFIG, 4, seed=1).passed
    table.assign(date="2018-01-06").iloc[:1].to_csv(tmp_path / "rolls.csv", index=False)
    with pytest.raises(DataError, match="is no session"):
        load_bars(Instrument.model_validate({"symbol": "X", "source": source}), ReplayConfig())


def test_tables_are_in_prices_of_the_contract_of_their_day(tmp_path):
    from engine.bars.contracts.quoted import last_units, quoted_frame
    from engine.table.fill import table_at

    made = contracts(tick=0.1)
    bars = load_bars(instrument(folder(tmp_path, made)), ReplayConfig())
    replayed = replay(bars, CONFIG)
    rolls = bars.around.rolls
    forecasts = pd.DataFrame({"instrument": [], "date": []})
    t = int(rolls.first_sessions[-2]) + 3
    own = made[int(rolls.contract[t])].bars
    table = table_at(replayed, forecasts, t)
    assert table.close == pytest.approx(own.close[own.dates == bars.dates[t]][0], rel=1e-11)
    # a history that ends there gives the same table, whatever contract came later
    assert table_at(replay(bars.cut(t + 1), CONFIG), forecasts, t).to_dict() == table.to_dict()
    frame = quoted_frame(replayed.frame, last_units({"RTY": bars}))
    last = made[int(rolls.contract[-1])].bars
    assert frame["close"].iloc[-1] == pytest.approx(last.close[last.dates == bars.dates[-1]][0], rel=1e-11)
    np.testing.assert_allclose(
        frame["close"] / frame["atr_14"], replayed.frame["close"] / replayed.frame["atr_14"], rtol=1e-9
    )
