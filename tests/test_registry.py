from __future__ import annotations

import doctest
from types import SimpleNamespace

import pytest

import engine.registry
from engine.errors import InputError
from engine.registry import Registry

ONE, TWO = SimpleNamespace(name="one"), SimpleNamespace(name="two")


def test_the_examples_of_the_documentation():
    assert doctest.testmod(engine.registry).failed == 0


def test_order_names_and_positions():
    numbers = Registry("number", [TWO, ONE])
    assert list(numbers) == [TWO, ONE] == [numbers[0], numbers["one"]]
    assert numbers.names == ("two", "one")
    assert numbers.position("one") == 1
    assert "two" in numbers
    assert len(numbers) == 2


def test_nothing_is_replaced_and_what_is_not_there_is_named():
    numbers = Registry("number", [ONE])
    with pytest.raises(InputError, match=r"registry\.taken.*there is a number 'one' already"):
        numbers.add(SimpleNamespace(name="one"))
    with pytest.raises(InputError, match=r"registry\.unknown.*no number 'three'") as caught:
        numbers["three"]
    assert "one" in caught.value.hint


def test_a_guest_leaves_when_the_block_ends_even_by_an_error():
    numbers = Registry("number", [ONE])
    with pytest.raises(InputError), numbers.having(TWO, ONE):
        pass
    assert numbers.names == ("one",)
    with numbers.having(TWO):
        assert numbers.names == ("one", "two")
    assert numbers.names == ("one",)
