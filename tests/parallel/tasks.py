"""What the workers of the tests beside this file are given: functions of a module, as a worker must find them."""

import os
import signal
import time
from pathlib import Path

from engine.errors import DataError


def square(task):
    wait, value = task
    time.sleep(wait)
    return value * value


def refuse(value):
    if value == 2:
        raise DataError("data.test", f"{value} is refused", "give another")
    return value


def eat(value):
    if value == 1:
        raise MemoryError
    return value


def die_once(task):
    """Ends its process without a word the first time, as a killed worker does."""
    folder, value = task
    mark = Path(folder) / str(value)
    if value == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return value


def die(value):
    if value == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return value


def die_on_a_cluster(value):
    os._exit(1)


def tell_and_work_on(folder):
    """Says which process it is and goes on computing, never looking whether anybody still waits."""
    (Path(folder) / f"{os.getpid()}.pid").touch()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        pass


def many_results_are_held(task):
    return os.getpid()


def levels_of(config):
    """How many levels a replay of this config finds in the bars of a task."""
    from functools import partial

    return partial(_levels, config)


def _levels(config, bars):
    from engine.replay.replay import replay

    return len(replay(bars, config).table)


_last = []


def use_memory(megabytes):
    """Fill so much memory in pieces that the C library takes from its heap, and give back all but the last of them."""
    pieces = [bytearray(b"x" * 65_536) for _ in range(16 * megabytes)]
    _last[:] = pieces[-1:]
    return resident_megabytes(None)


def resident_megabytes(_):
    """Memory of this process that is in use, Linux."""
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")
    )
    return int(line.split()[1]) / 1024
