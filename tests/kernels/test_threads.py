import threading

import pytest

from engine.kernels import threads
from engine.kernels.threads import in_threads


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("items", [0, 1, 2, 7, 100])
def test_results_stand_in_the_order_of_the_items(monkeypatch, count, items):
    monkeypatch.setattr(threads, "thread_count", lambda: count)
    assert in_threads(lambda i: i * i, range(items)) == [i * i for i in range(items)]


def test_two_threads_work_at_once_and_an_error_is_raised(monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: 2)
    both = threading.Barrier(2, timeout=30)
    in_threads(lambda i: both.wait(), range(2))  # with one thread this waits until it breaks
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda i: 1 // (5 - i), range(9))
