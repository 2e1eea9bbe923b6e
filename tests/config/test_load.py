"""A config that extends another, and mistakes that are told with what may be meant."""

from __future__ import annotations

import pytest

from engine.config import load_config
from engine.errors import ConfigError

BASE = """\
$schema: engine.schema.json
name: base
instruments:
  - {symbol: A, source: {kind: csv, path: bars/a.csv}}
rules: {pivot_bars: 7, rsi_bull: 55}
horizons: [5]
"""


def test_a_config_holds_what_differs_from_the_one_it_extends(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "base.yaml").write_text(BASE)
    (tmp_path / "mine.yaml").write_text("extends: shared/base.yaml\nname: mine\nrules: {rsi_bull: 52}\n")
    config = load_config(tmp_path / "mine.yaml", ["rules.shelf_min_touches=4", "instruments.0.symbol=B"])
    assert (config.name, config.horizons, config.instruments[0].symbol) == ("mine", (5,), "B")
    assert (config.rules.pivot_bars, config.rules.rsi_bull, config.rules.shelf_min_touches) == (7, 52, 4)
    # a path is relative to the file it stands in
    assert config.instruments[0].source.path == tmp_path / "shared" / "bars" / "a.csv"


def test_lists_are_replaced_and_chains_may_be_long(tmp_path):
    (tmp_path / "a.yaml").write_text(BASE)
    (tmp_path / "b.yaml").write_text("extends: a.yaml\nhorizons: [10, 15]\n")
    (tmp_path / "c.yaml").write_text("extends: b.yaml\nname: c\n")
    assert load_config(tmp_path / "c.yaml").horizons == (10, 15)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("extends: mine.yaml\n", "config.circle", "extends mine.yaml"),
        ("extends: none.yaml\n", "config.missing_file", "none.yaml"),
        ("extends: [a.yaml]\n", "config.invalid", "is no path"),
    ],
)
def test_what_cannot_be_extended_is_told(tmp_path, text, code, said):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "mine.yaml")
    assert caught.value.code == code
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("rules.pivot_bar=4", "rules.pivot_bars"),
        ("setup.min_target=1", "setup.min_target_atr"),
        ("pivot_bars=4", "rules.pivot_bars"),
        ("forecst.model=hazard", "forecast"),
        ("horizon=[5]", "horizons"),
        ("rules.nothing_like_it=1", None),
    ],
)
def test_a_key_that_is_none_is_told_with_the_one_that_may_be_meant(tmp_path, override, meant):
    (tmp_path / "base.yaml").write_text(BASE)
    with pytest.raises(ConfigError, match=r"config\.invalid.*no such key") as caught:
        load_config(tmp_path / "base.yaml", [override])
    assert (
        (f"did you mean {meant}?" in str(caught.value)) if meant else "did you mean" not in str(caught.value)
    )
