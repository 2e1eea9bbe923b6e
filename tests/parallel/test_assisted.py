"""One other process for single pieces of work: where they happen, and what becomes of them when it dies."""

import os

import pytest

from engine.errors import DataError
from engine.parallel import Alone, assisted
from tests.parallel import tasks


def test_a_piece_is_done_by_the_other_process_and_the_rest_here():
    with assisted(("engine.bars.series",)) as crew:
        there = crew.beside(tasks.many_results_are_held, 0)
        assert list(crew.map(tasks.many_results_are_held, [0, 1])) == [os.getpid()] * 2
        assert there() != os.getpid()
        assert there() == there(), "asked for again, it is the same result"
        assert crew.workers == 1


def test_without_another_process_a_piece_is_done_when_it_is_asked_for():
    there = Alone().beside(tasks.square, (0.0, 3))
    assert there() == 9


def test_a_piece_that_waits_behind_another_is_done_here(tmp_path):
    with assisted(()) as crew:
        slow = crew.beside(tasks.square, (1.5, 2))
        waiting = crew.beside(tasks.many_results_are_held, 0)
        assert waiting() == os.getpid()
        assert slow() == 4


def test_what_it_raises_is_raised_here():
    with assisted(()) as crew, pytest.raises(DataError, match="2 is refused"):
        crew.beside(tasks.refuse, 2)()


def test_a_killed_process_changes_nothing(tmp_path):
    with assisted(()) as crew:
        assert crew.beside(tasks.die_once, (str(tmp_path), 1))() == 1
        assert crew.beside(tasks.square, (0.0, 5))() == 25, "everything goes on here"
    assert [p.name for p in tmp_path.iterdir()] == ["1"]


def test_nobody_waits_for_a_piece_that_is_not_asked_for():
    with assisted(()) as crew:
        crew.beside(tasks.square, (60.0, 2))
        crew.beside(tasks.square, (60.0, 2))
