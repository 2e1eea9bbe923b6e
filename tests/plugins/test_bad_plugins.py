"""Whatever is wrong with a plugin is one error with a code, the file, the place in it, and a remedy."""

from __future__ import annotations

import numpy as np
import pytest

from engine.bars.simulate import simulate_bars
from engine.config import dump_config, load_config, parse_config
from engine.errors import ConfigError
from engine.forecast.inputs import forecast_input
from engine.forecast.walk_forward import walk_forward
from engine.replay.replay import replay
from tests.plugins.files import BASELINE, KIND, MODEL, SETUP, plugin_file, real_bars, with_plugins

BARS = simulate_bars(400, seed=2)


def scan(*lines: str) -> str:
    """A level kind whose scan has these lines."""
    body = "\n".join(f"    {line}" for line in lines)
    head = "def scan(open, high, low, close, indicators, start, stop, params, out):\n"
    return (
        f'{head}{body}\nPLUGIN = Plugin(level_kinds=(LevelKind("odd", "odd", 0.5, False, by_month, scan),))\n'
    )


def column(*lines: str) -> str:
    """A momentum column whose rule has these lines."""
    body = "\n".join(f"    {line}" for line in lines)
    return f'def rule(known, start, stop):\n{body}\nPLUGIN = Plugin(feature_families=(momentum_column("odd", rule),))\n'


# body of the file -> (code, what the message names)
REFUSED = {
    "does not import": ("import no_such_package", "plugin.not_imported", "line 4: ModuleNotFoundError"),
    "is no Python": ("def (", "plugin.not_imported", "line 4: SyntaxError"),
    "has no plugin": ("x = 1", "plugin.no_plugin", "no value PLUGIN"),
    "has something else": ("PLUGIN = {}", "plugin.no_plugin", "a dict"),
    "holds a function": ("PLUGIN = Plugin(level_kinds=(print,))", "plugin.bad_member", "level_kinds holds a builtin"),
    "holds one alone": (
        KIND.replace("kinds=(", "kinds=").replace("zone)),))", "zone)))"),
        "plugin.bad_member",
        "level_kinds is a LevelKind",
    ),
    "has a strange name": (KIND.replace("every_fifty", "../x"), "plugin.bad_member", "'../x'"),
    "has a name of escapes": (BASELINE.replace('"Coin", "Coin"', '"\\x1b[2J", "Coin"'), "plugin.bad_member", "coin"),
    "has weight 2": (KIND.replace("0.5, False", "2.0, False"), "plugin.bad_member", "weight 2.0"),
    "tells no words": (
        """PLUGIN = Plugin(feature_families=(FeatureFamily("odd", ("odd",), ("odd",), {}, fill=print),))""",
        "plugin.bad_member",
        "no phrases for odd",
    ),
    "has a built-in's name": (KIND.replace("every_fifty", "swing_low"), "plugin.name_taken", "level kind 'swing_low'"),
    "has a baseline's name": (BASELINE.replace('"coin"', '"climatology"'), "plugin.name_taken", "'climatology'"),
    "has a model's name": (MODEL.replace('"bolder"', '"width"'), "plugin.name_taken", "model 'width'"),
    "names a baseline like a model": (BASELINE.replace('"coin"', '"pool"'), "plugin.name_taken", "'pool'"),
    "has a setup's name": (SETUP.replace('"wide"', '"levels"'), "plugin.name_taken", "setup rule 'levels'"),
    "has a column's name": (
        column("return 1").replace('"odd"', '"rsi_14"'),
        "plugin.name_taken",
        "column 'rsi_14': the engine",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_used_is_refused_with_the_config(tmp_path, case):
    body, code, said = REFUSED[case]
    path = plugin_file(tmp_path, body)
    with pytest.raises(ConfigError) as caught:
        with_plugins(path)
    assert caught.value.code == code
    assert str(path) in caught.value.message
    assert said in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"plugin\.missing_file.*nowhere\.py.*No such file") as caught:
        with_plugins(tmp_path / "nowhere.py")
    assert "engine init --plugin" in caught.value.hint
    with pytest.raises(ConfigError, match=r"plugin\.missing_file"):
        with_plugins(tmp_path)


def test_two_plugins_cannot_have_one_name(tmp_path):
    one, two = (plugin_file(tmp_path / name, KIND) for name in "ab")
    with pytest.raises(ConfigError, match=r"plugin\.twice.*a/my_rules\.py and .*b/my_rules\.py"):
        with_plugins(one, two)
    with pytest.raises(ConfigError, match=r"plugin\.twice"):
        with_plugins(one, one)
    other = plugin_file(tmp_path, KIND, "other.py")
    with pytest.raises(
        ConfigError, match=r"plugin\.name_taken.*other\.py.*'every_fifty': .*a/my_rules\.py has"
    ):
        with_plugins(one, other)


@pytest.mark.parametrize("plugins", [3, "my_rules.py", [3], {"path": "x"}, [{"sha256": "x"}]])
def test_a_list_that_is_none_is_named(plugins):
    source = {"kind": "bundled", "name": "nasdaq"}
    data = {"name": "x", "instruments": [{"symbol": "X", "source": source}], "plugins": plugins}
    with pytest.raises(ConfigError, match=r"config\.invalid.*plugins"):
        parse_config(data)


def test_a_resolved_config_is_of_one_version_of_a_file(tmp_path):
    path = plugin_file(tmp_path, KIND)
    text = dump_config(with_plugins(path))
    (tmp_path / "config.yaml").write_text(text)
    assert dump_config(load_config(tmp_path / "config.yaml")) == text
    (tmp_path / "later.yaml").write_text(
        text.replace(str(path), str(plugin_file(tmp_path, BASELINE, "later.py")))
    )
    with pytest.raises(ConfigError, match=r"plugin\.changed.*later\.py"):
        load_config(tmp_path / "later.yaml")


def test_a_path_is_relative_to_the_config_and_may_begin_with_a_variable(tmp_path, monkeypatch):
    path = plugin_file(tmp_path / "rules", KIND)
    source = "instruments: [{symbol: X, source: {kind: bundled, name: nasdaq}}]"
    for written in ("rules/my_rules.py", "${RULES}/my_rules.py", "{path: rules/my_rules.py}"):
        monkeypatch.setenv("RULES", str(tmp_path / "rules"))
        (tmp_path / "config.yaml").write_text(f"name: x\n{source}\nplugins:\n  - {written}\n")
        assert [one.path for one in load_config(tmp_path / "config.yaml").plugins] == [str(path)]


ZONE = "out[0] = (start, 0, 0, start, start, 1, 0.0, {low}, {high})"
BROKEN = {
    "raises": (scan("return 1 / 0"), "plugin.raised", "line 5: ZeroDivisionError"),
    "returns nothing": (scan("pass"), "plugin.wrong_result", "returned None"),
    "returns too many": (scan("return stop - start + 1"), "plugin.wrong_result", "returned 401"),
    "returns a truth": (scan("return True"), "plugin.wrong_result", "returned True"),
    "has no height": (scan(ZONE.format(low=5, high=5), "return 1"), "plugin.wrong_result", "0 < low < high"),
    "has no price": (scan(ZONE.format(low="np.nan", high=5), "return 1"), "plugin.wrong_result", "0 < low < high"),
    "is formed later": (
        scan("out[0] = (start, 0, 0, start + 1, start, 1, 0.0, 5.0, 6.0)", "return 1"),
        "plugin.wrong_result",
        "formed by then",
    ),
    "writes into bars": (scan("close[start] = 1", "return 0"), "plugin.changes_arguments", "line 5"),
    "writes into indicators": (scan("indicators[:] = 1", "return 0"), "plugin.changes_arguments", "line 5"),
    "writes in numba": (
        scan("indicators[start, 0] = 1.0", "return 0").replace("def scan", "import numba\n@numba.njit\ndef scan"),
        "plugin.changes_arguments",
        "level kind 'odd'",
    ),
    "gives a short column": (column("return np.zeros(stop - start - 1)"), "plugin.wrong_result", "shape (399,)"),
    "gives words": (column("return np.full(stop - start, 'a')"), "plugin.wrong_result", "<U1"),
    "gives a number": (column("return 'one'"), "plugin.wrong_result", "str"),
    "is infinite": (column("return np.full(stop - start, np.inf)"), "plugin.wrong_result", "odd is infinite on 1970-01-01"),
    "writes into momentum": (column("known.momentum[:] = 0"), "plugin.changes_arguments", "line 5"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_rule_that_fails_names_itself_and_its_line(tmp_path, case):
    body, code, said = BROKEN[case]
    path = plugin_file(tmp_path, body)
    with pytest.raises(ConfigError) as caught:
        replay(BARS, with_plugins(path))
    assert caught.value.code == code
    assert str(path) in caught.value.message
    assert "'odd'" in caught.value.message
    assert said in caught.value.message
    assert np.isfinite(BARS.close).all()


SETUPS = {
    "gives no array": ("return None", "plugin.wrong_result", "NoneType"),
    "gives four prices": ("return seen.own[:, :4]", "plugin.wrong_result", "(400, 4)"),
    "is out of order": (
        "return np.where(np.isnan(seen.own), seen.own, 5.0)",
        "plugin.wrong_result",
        "retest < floor",
    ),
    "writes into its own": ("seen.own[:] = 1", "plugin.changes_arguments", "line 5"),
}


@pytest.mark.parametrize("case", SETUPS)
def test_a_setup_rule_that_fails(tmp_path, case):
    line, code, said = SETUPS[case]
    body = f'def odd(seen):\n    {line}\nPLUGIN = Plugin(setup_rules=(SetupRule("odd", odd),))\n'
    with pytest.raises(ConfigError) as caught:
        replay(BARS, with_plugins(plugin_file(tmp_path, body), setup={"rule": "odd"}))
    assert caught.value.code == code
    assert said in caught.value.message


FORECASTS = {
    "gives two classes": (BASELINE.replace(", 3), 1 / 3", ", 2), 1 / 3"), "plugin.wrong_result", "(1300, 2, 2)"),
    "gives texts": (BASELINE.replace("1 / 3)", "'x')"), "plugin.wrong_result", "<U1"),
    "sums to more": (BASELINE.replace("1 / 3)", "0.5)"), "plugin.wrong_result", "1999-01-04, 10 sessions: [0.5, 0.5, 0.5]"),
    "writes into outcomes": (
        BASELINE.replace("    return", "    seen.entry.outcomes.codes[:] = 1\n    return"),
        "plugin.changes_arguments",
        "line 6",
    ),
    "counts no candidates": (MODEL.replace("candidates = 2", "candidates = 'two'"), "plugin.wrong_result", "'two'"),
    "forgets a candidate": (MODEL.replace("offset, offset], axis", "offset], axis"), "plugin.wrong_result", "shape ("),
    "writes into the window": (
        MODEL.replace("        return self\n", "        window.offset[:] = 0\n        return self\n"),
        "plugin.changes_arguments",
        "model 'bolder'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FORECASTS)
def test_a_forecast_that_fails(tmp_path, case):
    body, code, said = FORECASTS[case]
    forecast = {"paths": 100, "min_train_sessions": 600} | ({"model": "bolder"} if "bolder" in body else {})
    config = with_plugins(plugin_file(tmp_path, body), forecast=forecast)
    entry = forecast_input(replay(real_bars(1300), config))
    with pytest.raises(ConfigError) as caught:
        walk_forward([entry], config)
    assert caught.value.code == code
    assert said in caught.value.message
