"""Configs and overrides that nobody means: one ConfigError each, and soon."""

import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.config import load_config
from engine.config.text import parse_yaml
from engine.errors import ConfigError
from engine.foreign import visible
from tests.effort import count

BASE = "name: x\ninstruments: [{symbol: A, source: {kind: csv, path: a.csv}}]\n"
PATH_KEYS = [
    "name",
    "seed",
    "horizons",
    "instruments",
    "0",
    "1",
    "-1",
    "source",
    "path",
    "kind",
    "symbol",
    "forecast",
    "model",
    "rules",
    "setup",
    "tune",
    "space",
    "²",
    "",
]


def bomb(line):
    return "".join(line.format(i=i, refs=",".join([f"*a{i - 1}"] * 10)) for i in range(1, 12))


DOCUMENTS = {
    "aliases": "a0: &a0 [x, x]\n" + bomb("a{i}: &a{i} [{refs}]\n"),
    "merges": "a0: &a0 {k: v}\n" + bomb("a{i}: &a{i} {{<<: [{refs}]}}\n"),
    "a cycle": "x: &x [*x]\n",
    "brackets": "x: " + "[" * 50_000,
    "braces": "x: " + "{a: " * 5_000,
    "indents": "".join(" " * i + "a:\n" for i in range(2_000)),
    "digits": "seed: " + "9" * 50_000,
    "hexadecimal": "seed: 0x" + "f" * 50_000,
    "sexagesimal": "seed: " + "1:" * 20_000 + "1",
    "many values": "x: [" + "1, " * 100_000 + "]",
    "long": "# " + "x" * 2_000_000,
    "no number": "seed: !!int ''",
    "no truth": "seed: !!bool maybe",
    "no float": "seed: !!float [a]",
    "no date": "seed: !!timestamp soon",
    "python": "seed: !!python/object/apply:os.getcwd []",
    "a tag": "seed: !odd x",
    "binary": "seed: !!binary '###'",
    "a set": "seed: !!set {a, b}",
    "pairs": "seed: !!pairs [[a]]",
    "a sequence as key": "? [a]\n: b",
    "numbers as keys": "1: 2\nnull: 3",
    "a zero byte": "seed: \x00",
    "two documents": "---\na: b",
    "a huge float": "seed: 1e400",
    "an unknown alias": "seed: *nowhere",
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_what_no_config_holds_is_an_error_within_a_second(tmp_path, kind):
    path = tmp_path / "c.yaml"
    path.write_text(BASE + DOCUMENTS[kind])
    began = time.process_time()
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert time.process_time() - began < 3.0  # a second on an idle machine
    assert len(str(error.value)) < 5_000


def test_a_variable_fills_paths_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "s3cret")
    path = tmp_path / "c.yaml"
    path.write_text(BASE.replace("a.csv", "'${TOKEN}/a.csv'"))
    assert "s3cret" in str(load_config(path).instruments[0].source.path)
    for key in ("name", "instruments.0.symbol", "instruments.0.family", "forecast.path", "tune.space.cache"):
        with pytest.raises(ConfigError) as error:
            load_config(path, [f"{key}=${{TOKEN}}"])
        assert error.value.code == "config.variable_not_allowed"
        assert "s3cret" not in str(error.value)


def test_an_override_moves_the_place_it_names_and_no_alias_of_it(tmp_path):
    path = tmp_path / "c.yaml"
    one = "{symbol: A, source: &s {kind: csv, path: a.csv}}"
    path.write_text(f"name: x\ninstruments: [{one}, {{symbol: B, source: *s}}]\n")
    first, second = load_config(path, ["instruments.1.source.path=b.csv"]).instruments
    assert (first.source.path.name, second.source.path.name) == ("a.csv", "b.csv")


odd_text = st.text(st.characters(codec="utf-8"), max_size=30)
ODD = ["~", ".nan", "1e999", "0x" + "f" * 80, "*a", "&a 1", "!!int x", "${HOME}", "1:2:3", "\x1b[1m"]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | odd_text | st.sampled_from(ODD)
yaml_like = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda v: "[" + ", ".join(map(str, v)) + "]"),
        st.dictionaries(st.sampled_from(PATH_KEYS), inner, max_size=4).map(
            lambda d: "{" + ", ".join(f"{k}: {v}" for k, v in d.items()) + "}"
        ),
    ),
    max_leaves=8,
).map(str)
sections = st.sampled_from(
    ["name", "seed", "instruments", "horizons", "forecast", "rules", "verify", "tune", "x"]
)
quiet = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def answered(load):
    caught = None
    try:
        load()
    except ConfigError as error:
        caught = error
    if caught is not None:
        assert caught.code
        assert caught.hint
        assert visible(str(caught), lines=True) == str(caught)


@settings(quiet, max_examples=count(150, 2000))
@given(st.dictionaries(sections, yaml_like, max_size=5), st.binary(max_size=8), st.integers(0, 200))
def test_any_config_is_read_or_answered(tmp_path, parts, noise, place):
    text = (BASE + "".join(f"{k}: {v}\n" for k, v in parts.items())).encode()
    path = tmp_path / "c.yaml"
    path.write_bytes(text[:place] + noise + text[place:])
    answered(lambda: load_config(path))


@settings(quiet, max_examples=count(60, 1000))
@given(
    st.lists(st.sampled_from(PATH_KEYS), min_size=0, max_size=5), st.sampled_from(["=", "", "=="]), yaml_like
)
def test_any_override_is_applied_or_answered(tmp_path, keys, sign, value):
    path = tmp_path / "c.yaml"
    path.write_text(BASE)
    answered(lambda: load_config(path, [".".join(keys) + sign + value]))


@settings(quiet, max_examples=count(60, 1000))
@given(odd_text)
def test_any_text_is_yaml_or_a_value_error(text):
    with suppress(ValueError):
        parse_yaml(text)
