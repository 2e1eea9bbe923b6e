"""Which process wrote something and whether it still runs; processes that end with the one that started them; their memory.

A process is known by its machine, its number and the moment it began, because numbers are given out again.
"""

from __future__ import annotations

import os
import platform
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO


def this_process() -> dict[str, Any]:
    """``machine``, ``process_id`` and ``process_started`` (null where the system does not say) of this process."""
    pid = os.getpid()
    return {"machine": platform.node(), "process_id": pid, "process_started": _started(pid)}


def is_gone(process: Mapping[str, Any]) -> bool:
    """True where the process of :func:`this_process` is known to have ended; another machine's never is."""
    pid = process.get("process_id")
    if process.get("machine") != platform.node() or not isinstance(pid, int) or isinstance(pid, bool):
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        pass  # somebody else's process has this number now, or it is ours under another user
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return process.get("process_started") != _started(pid)


@contextmanager
def starting_workers() -> Iterator[None]:
    """Processes that are started inside never get an interrupt (ctrl-C), which a terminal sends to everybody.

    The process that starts them answers it, when this block is left.  Said by the worker itself it would come too late: an
    interrupt while it imports ends in a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it allows interrupts again when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent(alive: BinaryIO | None = None) -> None:
    """From now on this process ends as soon as the one that started it has ended, however that came about.

    Parameters
    ----------
    alive : a pipe that the parent holds open for writing and never writes to.  None: this process was started
        by :mod:`multiprocessing`, which keeps such a pipe itself.
    """
    threading.Thread(target=_watch, args=(alive,), daemon=True, name="end with parent").start()
    _ask_the_kernel()


def give_memory_back() -> None:
    """Hand freed memory to the system: the allocators of C and of Arrow keep what a piece of work needed at its peak."""
    import ctypes
    import sys

    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        return  # another C library than glibc


def _watch(alive: BinaryIO | None) -> None:
    if alive is not None:
        alive.read()
    else:
        from multiprocessing import connection, parent_process

        parent = parent_process()
        if parent is None:
            return
        connection.wait([parent.sentinel])
    os._exit(1)


def _ask_the_kernel() -> None:
    """Linux ends the process itself, also inside a compiled kernel that lets no other thread run."""
    import ctypes
    import signal

    parent = os.getppid()
    try:
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0)  # 1: PR_SET_PDEATHSIG
    except (OSError, AttributeError, TypeError):
        return  # not Linux: the thread watches alone
    if os.getppid() != parent:
        os._exit(1)  # it ended before the request was in force


def _started(pid: int) -> str | None:
    """The boot and the clock tick at which a process began, where the system has /proc; null for one that ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the name in brackets may hold spaces
    return None if state == "Z" else f"{boot[:8]}-{fields[18]}"
