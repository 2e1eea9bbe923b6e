from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.bars.simulate import simulate_bars
from engine.errors import InputError
from engine.forecast.saved import load_models, save_models
from engine.forecast.walk_forward import walk_forward
from engine.scenarios import SCENARIOS
from engine.table.explain.analogues import nearest_rows
from engine.table.explain.explain import explain, spread_of_refits
from engine.table.explain.track_record import reliability_sentence
from engine.table.outlook import against_opponent
from engine.table.pieces import HorizonTable, ScenarioRow
from tests.forecast.adhoc import FEATURES, adhoc_config, adhoc_input


def small(symbols: str = "A", **settings):
    config = adhoc_config(min_train_sessions=600, interval_draws=12, **settings)
    entries = [
        adhoc_input(
            simulate_bars(
                800, seed=i, momentum=0.6, volatility_persistence=0.97, symbol=s, steps_per_session=4
            ),
            config,
        )
        for i, s in enumerate(symbols)
    ]
    return config, entries, walk_forward(entries, config, features=FEATURES)


@pytest.mark.parametrize("model", ["offset_logistic", "ordinal", "hazard", "boosting"])
def test_everything_beside_the_table(model):
    config, entries, forecasts = small("AB", model=model)
    day = entries[0].bars.dates[-1]
    told = explain(forecasts, entries, config, [("A", day), ("B", day)])["A", day]
    row = forecasts.frame[(forecasts.frame["instrument"] == "A")].tail(2)
    for horizon, values in zip((10, 15), row.to_dict("records"), strict=True):
        for name in SCENARIOS:
            low, high = told.intervals[horizon, name]
            assert 0 < low <= values[f"p_{name}"] <= high < 1
            assert 0.002 < high - low < 0.6
            apart, less, more = told.differences[horizon, name]
            assert apart == pytest.approx(values[f"p_{name}"] - values[f"filtered_history_{name}"], abs=1e-9)
            assert less <= apart <= more
            assert more - less < 0.6
            taken = told.attributions[horizon, name]
            assert taken.alone == pytest.approx(values[f"filtered_history_{name}"], abs=1e-9)
            whole = taken.alone + sum(share.points for share in taken.shares) + taken.rest
            assert whole == pytest.approx(values[f"p_{name}"], abs=1e-12)
    # labels that end before the last fold starts at session 789, from the first forecast of the baseline on
    assert told.effective_rows[10] * 10 > 400
    dates = [line["date"] for line in told.analogues]
    assert len(dates) == 10
    bars = entries[0].bars
    places = sorted(bars.index_of(d) for d in dates)
    assert max(places) + 15 <= len(bars) - 1  # what followed was known
    assert min(np.diff(places)) > 15
    assert all(set(line["outcomes"]) == {10, 15} for line in told.analogues)
    distances = [line["distance"] for line in told.analogues]
    assert distances == sorted(distances)


def test_explanations_are_repeatable_and_know_nothing_later():
    config, entries, forecasts = small()
    day = entries[0].bars.dates[-30]
    first = explain(forecasts, entries, config, [("A", day)])["A", day]
    cut = adhoc_input(entries[0].bars.cut(len(entries[0].bars) - 29), config)
    second = explain(walk_forward([cut], config, features=FEATURES), [cut], config, [("A", day)])["A", day]
    assert first == second


def test_days_without_a_forecast_are_empty_and_unknown_symbols_refused():
    config, entries, forecasts = small()
    early = entries[0].bars.dates[5]
    told = explain(forecasts, entries, config, [("A", early)])["A", early]
    assert not told.intervals
    assert not told.analogues
    with pytest.raises(InputError, match="not one of A"):
        explain(forecasts, entries, config, [("Z", early)])
    quiet = adhoc_config(min_train_sessions=600, interval_draws=0)
    day = entries[0].bars.dates[-1]
    assert not explain(forecasts, entries, quiet, [("A", day)])["A", day].intervals


def test_interval_widens_where_history_is_short():
    widths = []
    for sessions in (700, 2500):
        config = adhoc_config(min_train_sessions=600, interval_draws=30)
        bars = simulate_bars(sessions, seed=3, volatility_persistence=0.9, steps_per_session=4, symbol="A")
        entry = adhoc_input(bars, config)
        forecasts = walk_forward([entry], config, features=FEATURES)
        told = explain(forecasts, [entry], config, [("A", bars.dates[-1])])["A", bars.dates[-1]]
        widths.append(np.mean([high - low for low, high in told.intervals.values()]))
    assert widths[0] > widths[1]


@pytest.mark.parametrize("draws", [40, 100])
def test_another_refit_lies_in_the_interval_as_often_as_it_says(draws):
    # 4,000 refits of normal log-odds and one more each; the share inside is 0.90 with standard error 0.005 (of the
    # indicators; the intervals are new each time), so 0.88 to 0.92 fails by chance once in 10,000
    rng = np.random.default_rng(draws)
    refits = rng.normal(size=(draws, 4000))
    low, high = spread_of_refits(refits, 0.90)
    another = rng.normal(size=4000) - np.median(refits, axis=0)
    assert 0.88 <= np.mean((low <= another) & (another <= high)) <= 0.92
    # too few draws for the tails: the extremes are all there is
    low, high = spread_of_refits(refits[:5], 0.90)
    np.testing.assert_allclose(high - low, np.ptp(refits[:5], axis=0))


def test_nearest_rows_keep_apart():
    features = np.array([[0.0, 0.1, 0.2, 5.0, 0.3]])
    found = nearest_rows(
        features, np.array([10, 11, 30, 50, 70]), np.array([0.0]), count=3, apart_sessions=16
    )
    assert [f.index for f in found] == [0, 2, 4]
    assert found[1].distance == pytest.approx(0.2)
    assert nearest_rows(np.zeros((1, 0)), np.zeros(0), np.array([0.0]), count=3, apart_sessions=2) == []


def test_reliability_sentence():
    past = np.concatenate([np.full(214, 0.5), np.full(100, 0.9)])
    came = np.zeros(314, dtype=bool)
    came[:105] = True
    sentence = reliability_sentence(0.497, past, came, 15)
    assert sentence == ("of 214 past forecasts between 45 and 55% (about 14 independent), 49% came true")
    assert reliability_sentence(0.2, past, came, 15) == ""


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"model": "ordinal", "calibrator": "matrix"},
        {"model": "hazard"},
        {"model": "hazard", "calibrator": "matrix"},
        {"model": "boosting", "calibrator": "isotonic", "force_calibrator": True},
        {"calibrator": "venn_abers", "force_calibrator": True},
    ],
    ids=lambda s: "-".join(map(str, s.values())) or "defaults",
)
def test_saved_models_forecast_the_same(tmp_path, settings):
    _, _, forecasts = small("AB", **settings)
    names = settings.get("model", "offset_logistic"), settings.get("calibrator", "temperature")
    paths = save_models(forecasts, tmp_path / "model", *names)
    assert [p.name for p in paths] == ["models.json", "models.npz"]
    loaded = load_models(tmp_path / "model")
    pairs = [(f, p) for g in forecasts.groups for f, p in zip(g.tracks, g.published, strict=True)]
    assert len(loaded) == len(pairs)
    for saved, (forecast, published) in zip(loaded, pairs, strict=True):
        track = forecast.track
        rows = track.forecast_rows(forecast.models[-1].fold)
        _, got = saved.forecast(
            np.ascontiguousarray(track.features[:, rows]),
            track.offset[rows],
            track.paths[rows],
            np.array(track.symbols)[track.instrument[rows]],
        )
        np.testing.assert_allclose(got, published[rows], atol=1e-12)
    first = paths[1].read_bytes()
    save_models(forecasts, tmp_path / "model", *names)
    assert paths[1].read_bytes() == first


def test_the_difference_to_the_opponent_is_told_with_its_interval():
    rows = [
        ScenarioRow(name, name, p, None, None, {}, "", opponent="filtered_history", difference=d, difference_low=low, difference_high=high)
        for name, p, d, low, high in (
            ("continuation", 0.5, 0.04, 0.01, 0.07), ("range", 0.3, -0.03, -0.06, 0.004), ("breakdown", 0.2, -0.01, -0.03, 0.01)
        )
    ]  # fmt: skip
    said = against_opponent(HorizonTable(15, tuple(rows)))
    assert said == (
        "Against filtered history, in points: up +4 (+1 to +7), between −3 (−6 to 0), down −1 (−3 to "
        "+1); the interval of “up” leaves out 0."
    )
    assert against_opponent(
        HorizonTable(15, tuple(replace(row, difference_low=-0.1, difference_high=0.1) for row in rows))
    ).endswith("every interval holds 0.")
    assert against_opponent(HorizonTable(15, tuple(replace(row, difference=None) for row in rows))) == ""
    both = replace(rows[1], difference_high=-0.0004)
    said = against_opponent(HorizonTable(15, (rows[0], both, rows[2])))
    assert "between −3.00 (−6.00 to −0.04)" in said  # what leaves 0 out is not shown to end at it
    assert said.endswith("the intervals of “up” and “between” leave out 0.")
