"""Calibration, skill and backtest as the browser computes them, held against the engine's own functions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.scenarios import SCENARIOS
from engine.verify.calibration.reliability import blocks, decompose
from engine.verify.rows import common_rows
from tests.report.page.browser import browser, needs_chromium, open_page, wait_until
from tests.verify.factory import null_draws

pytestmark = needs_chromium
ASK = """([who, horizon, group, year]) => {
    const view = scenarioPage.views.calibration;
    Object.assign(view.choice, { who, horizon, group, year });
    view.ask();
    return view.classes.map(({ found }) => ({ ...found, order: null }));
}"""


@pytest.fixture(scope="module")
def page(finished):
    with browser() as opened:
        found = open_page(opened, finished.path / "report.html")
        for name in ("ask-skill", "ask-calibration", "ask-backtest", "episodes"):
            found.evaluate("id => document.getElementById(id).scrollIntoView()", name)
            found.wait_for_function(
                "id => document.getElementById(id).querySelector('svg') !== null", arg=name
            )
        yield found
        assert found.said == []


@pytest.mark.parametrize("who", ["model", "filtered_history", "climatology"])
@pytest.mark.parametrize("year", ["all", "2011"])
def test_curves_and_their_parts_are_the_engines(page, finished, who, year):
    for horizon in finished.config.horizons:
        rows = common_rows(finished.forecasts, horizon, finished.replay)
        kept = np.array([year in ("all", str(date.year)) for date in rows.frame["date"]])
        found = page.evaluate(ASK, ["p" if who == "model" else who, horizon, "all", year])
        for code in range(len(SCENARIOS)):
            p, happened = rows.probabilities[who][kept, code], (rows.codes[kept] == code).astype(int)
            expected = decompose(p, happened)
            for ours, theirs in (
                ("mean", expected.mean_score),
                ("mcb", expected.mcb),
                ("dsc", expected.dsc),
                ("unc", expected.unc),
            ):
                assert found[code][ours] == pytest.approx(theirs, abs=2e-5)  # probabilities travel to 1e-6
            steps = blocks(p, happened)
            assert found[code]["frequency"] == happened.mean()
            # a row in a thousand may stand on the other side of an edge: probabilities are rounded
            places = np.linspace(p.min(), p.max(), 50)
            ours_low, ours = (np.array([s[key] for s in found[code]["steps"]]) for key in ("low", "observed"))
            at = np.maximum(np.searchsorted(ours_low, places + 1e-6, side="right") - 1, 0)
            theirs = steps.observed[np.searchsorted(steps.low, places, side="right") - 1]
            assert np.mean(np.abs(ours[at] - theirs) > 0.01) <= 0.04


def test_the_band_of_an_exact_forecast_is_the_engines_up_to_simulation(page, finished):
    horizon = 15
    rows = common_rows(finished.forecasts, horizon, finished.replay)
    page.evaluate(ASK, ["filtered_history", horizon, "all", "all"])
    wait_until(page, "scenarioPage.views.calibration.classes.every(c => c.exact)")
    found = page.evaluate("scenarioPage.views.calibration.classes.map(c => c.exact)")
    for code in range(len(SCENARIOS)):
        p = rows.probabilities["filtered_history"][:, code]
        observed = decompose(p, (rows.codes == code).astype(int)).mcb
        null = null_draws(p, rows.windows, horizon, draws=499, seed=3, at=found[code]["at"])
        # both are simulated: 299 and 499 draws put a p-value within 0.12 of the other in all but 1 of 1,000 cases
        assert found[code]["pValue"] == pytest.approx(null.p_value("mcb_brier", observed), abs=0.12)
        assert found[code]["mean"] == pytest.approx(null.values["mcb_brier"].mean(), rel=0.15)
        low, high = null.band(finished.config.verify.interval)
        middle = slice(4, -4)
        place = [int(np.argmin(np.abs(null.at - at))) for at in found[code]["at"]]
        np.testing.assert_allclose(found[code]["low"][middle], low[place][middle], atol=0.06)
        np.testing.assert_allclose(found[code]["high"][middle], high[place][middle], atol=0.06)


def test_a_step_gives_its_dates_and_a_date_leads_into_the_time_machine(page, finished):
    page.evaluate(ASK, ["p", 15, "all", "2011"])
    page.evaluate("scenarioPage.views.calibration.numbers.open = true")
    page.locator("#ask-calibration button[type=button]", has_text="dates").first.click()
    links = page.locator("#ask-calibration .dates a")
    iso = links.first.get_attribute("href").removeprefix("#")
    row = finished.forecasts[
        (finished.forecasts["date"] == pd.Timestamp(iso)) & (finished.forecasts["horizon_sessions"] == 15)
    ].iloc[0]
    first = page.evaluate("scenarioPage.views.calibration.classes[2].found.steps[0]")
    assert first["low"] - 1e-5 <= row["p_continuation"] <= first["high"] + 1e-5
    assert links.count() == min(first["rows"], 120)
    links.first.click()
    wait_until(page, f"document.querySelector('#machine [data-date]').dataset.date === '{iso}'")


def test_the_verdict_changes_with_the_question(page):
    page.evaluate(ASK, ["p", 15, "all", "all"])
    said = page.locator("#ask-calibration .verdict-live")
    wait_until(page, "scenarioPage.views.calibration.classes.every(c => c.exact)")
    before = said.inner_text()
    assert "istinguishable from calibrated" in before
    page.evaluate(ASK, ["analyst", 15, "all", "all"])
    wait_until(page, "scenarioPage.views.calibration.classes.every(c => c.exact)")
    assert said.inner_text() != before


def test_the_months_multiply_to_the_account(page, finished):
    curve = finished.equity["strategy"]
    cells = page.locator("#ask-backtest .months tbody tr td:last-child").all_text_contents()
    shown = np.prod([1 + float(c.replace("−", "-").replace(",", "")) / 100 for c in cells])
    assert shown == pytest.approx(curve.iloc[-1] / curve.iloc[0], rel=0.003 * len(cells))


def test_log_loss_saved_adds_up_to_the_scores(page, finished):
    scores = finished.metrics["horizons"]["15"]
    gain = scores["scores"]["filtered_history"]["log_loss_nats"] - scores["scores"]["model"]["log_loss_nats"]
    text = page.locator("#ask-skill p.q").last.inner_text()
    assert float(text.split(" nats")[0].replace("−", "-")) == pytest.approx(
        gain * scores["effective_rows"], abs=0.02
    )
