"""The page of a search: every drawing says what lies along it, and nothing is said twice."""

import re
from dataclasses import replace

from engine.report.page.search import render_tuning
from engine.tune.holdout import Holdout
from engine.tune.space import search_space
from engine.tune.tune import tune
from engine.tune.verdict.luck import Luck
from tests.tune.fakes import bowl, config_of

SPACE = {"rules.rsi_bull": [42.0, 58.0], "rules.slope_sessions": [5, 60]}


def page(**changes):
    config = config_of(space=SPACE, batch=3)
    result = replace(tune(config, trials=6, evaluate=bowl), **changes)
    return render_tuning(config.name, result, search_space(config)), result


def test_every_slice_has_the_name_of_its_setting_above_it():
    text, _ = page()
    slices = text[text.index('id="slices"') : text.index('id="together"')]
    assert re.findall(r"<h3>([^<]+)</h3><svg", slices) == list(SPACE)


def test_what_the_holdout_gained_is_said_and_minus_signs_are_minus_signs():
    held = Holdout(
        "2016-12-29", 504, best=-1.5, default=1.25, look=1, interval=None, gain_interval=None, coverage=0.9
    )
    text, _ = page(holdout=held, objective="certainty equivalent")
    assert "504 sessions from 29 December 2016" in text
    row = text[text.index('<th scope="row">Gain</th>') :]
    assert "−2.75" in row[: row.index("</tr>")]
    assert "(−1.5000) does worse than the default (1.2500)" in text


def test_how_good_the_best_looks_by_luck_is_said_once():
    luck = Luck(0.001, 0.002, p_value=0.4, trials=6, effective_trials=1.2, method="blocks", draws=99)
    _, result = page()
    text, _ = page(verdict=replace(result.verdict, luck=luck))
    assert text.count("ithout any skill the best of") == 1
    assert "worth one alone" in text
