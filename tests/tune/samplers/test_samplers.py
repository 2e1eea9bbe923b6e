"""Every sampler: a function of what it is asked, inside the space, and better than chance where it models anything."""

import numpy as np
import pytest

from engine.config.choices import SAMPLERS
from engine.errors import ConfigError
from engine.tune.samplers import Asked, sampler_named
from engine.tune.samplers.grid import grid_point
from engine.tune.space import Parameter
from engine.tune.tune import tune
from tests.tune.fakes import bowl, config_of

SPACE = (
    Parameter("a", 0.0, 1.0),
    Parameter("b", 1, 9),
    Parameter("c", choices=("x", "y", "z")),
    Parameter("d", 0.01, 100.0, log=True),
    Parameter("e", 0.0, 1.0, step=0.25),
)
COUNTED = tuple(p for p in SPACE if p.values is not None)


def asked(number, seed=3, space=SPACE, told=40):
    rng = np.random.default_rng(1)
    units = rng.random((told, len(space)))
    return Asked(space, number, seed + number, seed, units, -((units - 0.3) ** 2).sum(axis=1), units[:0])


@pytest.mark.parametrize("name", SAMPLERS.names)
def test_proposals_lie_inside_the_space_and_are_repeated(name):
    sampler = sampler_named(name)
    space = COUNTED if name == "grid" else SPACE
    for number in (0, 5, 11, 40, 41):
        first, again = (sampler.propose(asked(number, space=space)) for _ in range(2))
        assert np.array_equal(first, again)
        for parameter, unit in zip(space, first, strict=True):
            assert 0.0 <= unit < 1.0
            assert parameter.contains(parameter.at(float(unit)))


@pytest.mark.parametrize("name", ["tpe", "gaussian_process"])
def test_a_model_proposes_nearer_to_what_was_good_than_chance_does(name):
    space = (Parameter("a", 0.0, 1.0), Parameter("b", 0.0, 1.0))
    sampler = sampler_named(name)
    found = np.array([sampler.propose(asked(40 + i, space=space, told=60)) for i in range(20)])
    # the optimum is at 0.3; uniform proposals are 0.29 away in the mean of each dimension
    assert np.abs(found - 0.3).mean() < 0.2


def test_a_grid_visits_every_combination_once_and_soon_is_everywhere():
    sizes = [5, 3, 4]
    points = [tuple(grid_point(i, sizes)) for i in range(60)]
    assert len(set(points)) == 60
    assert {p[0] for p in points[:10]} == set(range(5))


def test_a_grid_of_a_range_without_steps_is_refused():
    with pytest.raises(ConfigError) as error:
        sampler_named("grid").propose(asked(0))
    assert error.value.code == "tune.no_grid"


def test_quasi_random_points_are_the_sobol_sequence_of_scipy():
    from scipy.stats.qmc import Sobol

    told = Sobol(3, scramble=True, rng=np.random.default_rng(3)).random(8)
    space = SPACE[:3]
    found = [sampler_named("quasi_random").propose(asked(i, space=space)) for i in range(8)]
    assert np.allclose(found, told)


@pytest.mark.parametrize("name", ["random", "quasi_random", "gaussian_process", "grid"])
def test_the_number_of_workers_does_not_matter_to_any_sampler(name):
    space = {"rules.rsi_bull": {"low": 42.0, "high": 58.0, "step": 2.0}, "rules.slope_sessions": [5, 60]}
    config = config_of(space=space, sampler=name)
    one = tune(config, trials=13, evaluate=bowl)
    other = tune(config, trials=5, evaluate=bowl)
    assert one.trials[:5].equals(other.trials)
    assert set(one.trials["rules.rsi_bull"]) <= set(range(42, 59, 2))


def test_a_parameter_is_written_as_a_person_would():
    assert Parameter("a", 0.0, 1.0).at(0.123456) == 0.125
    assert Parameter("a", 0.4, 1.5).at(0.5) == 0.95
    assert Parameter("a", 42.0, 58.0).tidy(47.123) == 47.1
    assert Parameter("a", 0.01, 100.0, log=True).at(0.5) == pytest.approx(1.0)
    for parameter in SPACE:
        for value in parameter.values or ():
            assert parameter.at(parameter.unit(value)) == value
