"""Where the engine differs on purpose from a library that somebody would check it against: docs/beside-other-libraries.md.

Each test holds the difference against the library itself.  Should a library come round, the test fails and its line in
the documentation goes.
"""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from engine.backtest.fills import fill_signals
from engine.backtest.performance import max_drawdown_percent
from engine.backtest.sharpe import expected_maximum_sharpe, probabilistic_sharpe
from engine.bars.simulate import simulate_bars
from engine.config import OutcomeConfig
from engine.outcomes.outcomes import label
from engine.rules.indicators import INDICATORS, compute_indicators
from engine.scenarios import SCENARIOS, UNRESOLVED
from engine.verify import temperature_test
from engine.verify.calibration.calibration_error import smooth_calibration_error
from engine.verify.skill.block_length import optimal_block_length
from engine.verify.skill.scores import ranked_probability_score
from tests.effort import FULL
from tests.some_bars import series_of

needs_vectorbt = pytest.mark.skipif(not FULL, reason="importing vectorbt takes three seconds")
CONTINUATION = SCENARIOS.index("continuation")


def opens_beyond_the_target_and_falls_to_the_stop():
    """Close 100; then a bar that opens at 112, beyond 110, and falls through 95."""
    bars = series_of([100.0, 100.0, 100.0, 100.0])
    cells = {"open": 112.0, "high": 113.0, "low": 90.0, "close": 100.0}
    arrays = {name: getattr(bars, name).copy() for name in cells}
    for name, value in cells.items():
        arrays[name][2] = value
    return replace(bars, **arrays)


def test_a_bar_that_opens_beyond_the_target_is_won_at_its_open():
    bars = opens_beyond_the_target_and_falls_to_the_stop()
    setup = np.full((4, 5), np.nan)
    setup[1] = [95.0, 105.0, 110.0, 111.0, 90.0]
    said = label(bars, setup, [1, 2], OutcomeConfig(floor_break="touch"))
    assert said.codes[1].tolist() == [CONTINUATION, CONTINUATION]
    # bought at the open of the session before, which falls to neither level, and sold at the open beyond the target
    fills = fill_signals(
        bars,
        np.full(4, 95.0),
        np.full(4, 110.0),
        np.array([True, False, False, False]),
        horizon_sessions=3,
        floor_break="touch",
    )
    assert fills.exit.tolist() == [2]
    assert fills.exit_price.tolist() == [112.0]


@needs_vectorbt
def test_vectorbt_books_the_stop():
    vbt = pytest.importorskip("vectorbt")
    bars = opens_beyond_the_target_and_falls_to_the_stop()
    days = pd.date_range("2024-01-01", periods=3)
    series = {name: pd.Series(getattr(bars, name)[1:], days) for name in ("open", "high", "low", "close")}
    account = vbt.Portfolio.from_signals(
        series.pop("close"), entries=[True, False, False], exits=False, sl_stop=0.05, tp_stop=0.10, init_cash=100.0,
        freq="1D", **series,
    )  # fmt: skip
    assert account.orders.records["price"].tolist() == [100.0, 95.0]


@needs_vectorbt
def test_vectorbt_drops_orders_of_very_few_units():
    vbt = pytest.importorskip("vectorbt")
    close = pd.Series([100.0, 101.0], pd.date_range("2024-01-01", periods=2))
    assert len(vbt.Portfolio.from_orders(close, size=5e-9, init_cash=100.0, freq="1D").orders.records) == 0


def test_an_unfinished_window_is_unresolved_although_the_target_was_hit():
    bars = opens_beyond_the_target_and_falls_to_the_stop()
    setup = np.full((4, 5), np.nan)
    setup[1] = [95.0, 105.0, 110.0, 111.0, 90.0]
    said = label(bars, setup, [2, 3], OutcomeConfig(floor_break="touch"))
    assert said.codes[1].tolist() == [CONTINUATION, UNRESOLVED]


def test_the_deflated_sharpe_ratio_is_that_of_the_paper_of_2014():
    """Its numerical example: 100 trials, a variance of 1/2 a year, five years of days, skewness -3, kurtosis 10."""
    most = expected_maximum_sharpe(100, 0.5 / 250)
    assert most == pytest.approx(0.1132, abs=5e-5)
    assert probabilistic_sharpe(2.5 / np.sqrt(250), most, 1250, -3.0, 10.0) == pytest.approx(0.9004, abs=5e-5)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_blocks_of_a_constant_series_are_one_long_where_arch_has_none():
    bootstrap = pytest.importorskip("arch.bootstrap")
    assert optimal_block_length(np.full(200, 3.0)) == 1.0
    assert bootstrap.optimal_block_length(np.full(200, 3.0)).isna().all(axis=None)


def test_classes_are_counted_from_0_where_scoringrules_counts_from_1():
    scoringrules = pytest.importorskip("scoringrules")
    p = np.array([0.2, 0.5, 0.3])
    for code in range(3):
        ours = ranked_probability_score([p], [code])[0]
        assert ours == pytest.approx(float(scoringrules.rps_score(code + 1, p)))
    assert ranked_probability_score([p], [0])[0] < 1.0 < float(scoringrules.rps_score(0, p))


def test_the_rsi_of_a_flat_series_is_50_where_ta_lib_has_0():
    talib = pytest.importorskip("talib")
    ours = compute_indicators(series_of(np.full(60, 10.0)))[-1, INDICATORS.index("rsi_14")]
    assert ours == 50.0
    assert talib.RSI(np.full(60, 10.0), 14)[-1] == 0.0


def test_the_newest_bars_are_no_swing():
    """A pivot is known ``pivot_bars`` sessions later, so no level of the last five was confirmed then."""
    from engine.replay.replay import replay
    from tests.conftest import small_config

    config = small_config()
    bars = simulate_bars(400, seed=5)
    book = replay(bars, config).levels
    swings = book[book["kind"].isin(["swing_high", "swing_low"])]
    days = bars.dates
    lag = np.searchsorted(days, swings["confirmed"].to_numpy("M8[D]")) - np.searchsorted(
        days, swings["formed"].to_numpy("M8[D]")
    )
    assert len(swings) > 10
    assert lag.min() >= config.rules.pivot_bars


def test_the_row_whose_label_ends_on_the_first_session_of_a_fold_is_left_out_where_purgedcv_keeps_it():
    purgedcv = pytest.importorskip("purgedcv")
    from engine.forecast.folds.calendar import horizon_ends

    n, horizon = 60, 5
    made = pd.Series(pd.date_range("2020-01-01", periods=n, freq="D"))
    splitter = purgedcv.WalkForwardSplit(
        n_splits=1,
        test_size=20,
        prediction_times=made,
        evaluation_times=made + pd.Timedelta(days=horizon),
        purge_horizon=pd.Timedelta(0),
    )
    ((train, tested),) = splitter.split(np.zeros((n, 1)))
    ours = np.flatnonzero(horizon_ends(np.arange(n), horizon) < tested[0])
    assert sorted(set(train) - set(ours)) == [ours[-1] + 1]
    assert ours[-1] + 1 + horizon == tested[0]


def test_smooth_ece_is_its_own_bandwidth():
    """The integral of |residuals smoothed at width e| is e, with kernels summed exactly and reflected at 0 and 1."""
    rng = np.random.default_rng(2)
    p = rng.uniform(0.05, 0.95, 400)
    y = (rng.random(400) < np.clip(0.5 + 1.6 * (p - 0.5), 0, 1)).astype(int)
    e = smooth_calibration_error(p, y)
    grid = (np.arange(2000) + 0.5) / 2000
    kernel = sum(
        np.exp(-0.5 * ((grid[:, None] - image) / e) ** 2)
        for shift in (-2, 0, 2)
        for image in (shift + p, shift - p)
    )
    curve = (kernel / (e * np.sqrt(2 * np.pi))) @ (y - p) / len(p)
    assert np.abs(curve).mean() == pytest.approx(e, abs=1e-3)


def test_a_loss_on_the_first_session_is_a_drawdown():
    """vectorbt starts from the first return and has 0 and -34.39 %; findings/vectorbt_drawdown_without_the_first_loss.sh."""
    assert max_drawdown_percent(np.array([100.0, 50.0, 55.0, 60.5])) == -50.0
    assert max_drawdown_percent(100 * 0.9 ** np.arange(6)) == pytest.approx(-40.951)


@needs_vectorbt
def test_vectorbt_has_no_drawdown_on_the_first_day():
    pytest.importorskip("vectorbt")
    lost = pd.Series([-0.5, 0.1, 0.1], pd.date_range("2024-01-01", periods=3))
    assert lost.vbt.returns(freq="1D").max_drawdown() == 0.0


@pytest.mark.parametrize(("low", "came", "lean"), [(0.4, 0.1, "timid"), (0.1, 0.4, "overconfident")])
def test_timid_forecasts_are_found_as_bold_ones_are(low, came, lean):
    """mapie gives the timid ones p = 1; findings/mapie_calibration_test_of_timid_forecasts.sh."""
    forecasts = np.repeat([low, 1 - low], 500)
    shares = (came, 1 - came)
    outcomes = np.concatenate([np.arange(500) % 10 < round(10 * share) for share in shares]).astype(int)
    told = temperature_test(np.column_stack([1 - forecasts, forecasts]), outcomes, 1, draws=199)
    assert (told.found, told.lean) == (True, lean)
    assert told.p_temperature <= 2 / 200


@pytest.mark.parametrize("tick", [99999999.0, 1e12, 1e16])
def test_an_average_is_free_of_a_bad_tick_that_has_left_its_window(tick):
    """xarray with numbagg is not; findings/xarray_rolling_std_with_numbagg.sh."""
    closes = np.random.default_rng(4).normal(100.0, 0.5, 120).round(2)
    clean = compute_indicators(series_of(closes))[:, INDICATORS.index("sma_50")]
    closes[20] = tick
    with_tick = compute_indicators(series_of(closes))[:, INDICATORS.index("sma_50")]
    np.testing.assert_allclose(with_tick[71:], clean[71:], rtol=1e-15)


def test_a_gap_is_null_in_every_artefact(finished):
    """A NaN beside Parquet's own statistics is lost by pyarrow and duckdb; findings/parquet_nan_lost_by_its_own_statistics.sh."""
    gaps = 0
    for path in finished.path.glob("*.parquet"):
        table = pq.read_table(path)
        gaps += sum(column.null_count for column in table.columns)
        numbers = [column for column in table.columns if pa.types.is_floating(column.type)]
        assert not any(pc.any(pc.is_nan(column)).as_py() for column in numbers), path.name
    assert gaps > 100
    known = pq.read_table(finished.path / "replay.parquet", filters=pc.is_valid(pc.field("sma_200")))
    assert 0 < known.num_rows < pq.read_metadata(finished.path / "replay.parquet").num_rows


def test_every_line_of_the_page_names_a_test_there_is():
    root = Path(__file__).parents[1]
    text = (root / "docs" / "beside-other-libraries.md").read_text()
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", text))
    assert len(named) >= 11
    known = "".join(path.read_text() for path in (root / "tests").rglob("test_*.py"))
    assert sorted(name for name in named if f"def {name}(" not in known) == []
