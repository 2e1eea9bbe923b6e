"""The processes that search one study together: who works on which trial, and who has died over it.

Nothing here decides a result.  A trial that two processes evaluate because one was thought dead has the same settings
and the same value in both; it only costs time.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from engine.processes import is_gone, this_process

if TYPE_CHECKING:
    import optuna

OWNER = "owner"  # attribute of a trial: the searcher that evaluates it
_PREFIX = "searcher:"  # attribute of the study, one per searcher: its process, and a count that goes up while it lives
BEAT_SECONDS = 15.0
SILENT_SECONDS = 120.0  # a searcher on another machine whose count has stood still so long is taken for dead

_here: set[str] = set()  # searchers of this process that have not finished


class Searchers:
    """This process among those that work on ``study``; use as a context.

    Parameters
    ----------
    shared : False for a study in memory, which no other process can see.
    """

    def __init__(self, study: optuna.Study, *, shared: bool) -> None:
        self.token = uuid.uuid4().hex[:12]
        self._study, self._shared = study, shared
        self._over = threading.Event()
        self._over.set()
        self._seen: dict[str, tuple[Any, float]] = {}

    def __enter__(self) -> Searchers:
        self.sign_on()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):  # whatever ended the search is the error to be told
            self.sign_off()

    def sign_on(self) -> None:
        """Say that this process is at work; for one that has signed off and has to go on, too."""
        if not self._over.is_set():
            return
        self._over = threading.Event()
        _here.add(self.token)
        if self._shared:
            self._tell(0)
            threading.Thread(target=self._beat, args=(self._over,), daemon=True, name="searcher").start()

    def sign_off(self) -> None:
        """Say that this process is about to finish: trials that it then leaves unfinished are anybody's."""
        if self._over.is_set():
            return
        self._over.set()
        _here.discard(self.token)
        if self._shared:
            self._study.set_user_attr(_PREFIX + self.token, None)

    def alone(self) -> bool:
        """True where nobody else is known to work on the study."""
        return not any(
            self.alive(key.removeprefix(_PREFIX)) for key in self._attributes() if key != _PREFIX + self.token
        )

    def adoptable(self, trials: Sequence[optuna.trial.FrozenTrial]) -> list[optuna.trial.FrozenTrial]:
        """Those of the unfinished ``trials`` that are this searcher's, or that nobody alive works on."""
        return [t for t in trials if self._mine(t) or not self.alive(str(t.user_attrs.get(OWNER)))]

    def _mine(self, trial: optuna.trial.FrozenTrial) -> bool:
        return bool(trial.user_attrs.get(OWNER) == self.token)

    def alive(self, token: str) -> bool:
        """Whether a searcher may still be at work."""
        if token in _here:
            return True
        known = self._attributes().get(_PREFIX + token)
        if not isinstance(known, dict) or is_gone(known):
            return False
        own = this_process()
        if all(known.get(key) == own[key] for key in own):
            return False  # of this very process, and it has finished
        if known.get("machine") == own["machine"]:
            return True
        count, since = self._seen.setdefault(token, (known.get("beat"), time.monotonic()))
        if count != known.get("beat"):
            self._seen[token] = known.get("beat"), time.monotonic()
            return True
        return time.monotonic() - since < SILENT_SECONDS

    def _attributes(self) -> dict[str, Any]:
        if not self._shared:
            return {}
        return {k: v for k, v in self._study.user_attrs.items() if k.startswith(_PREFIX) and v}

    def _tell(self, beat: int) -> None:
        self._study.set_user_attr(_PREFIX + self.token, this_process() | {"beat": beat})

    def _beat(self, over: threading.Event) -> None:
        beat = 0
        while not over.wait(BEAT_SECONDS):
            beat += 1
            with suppress(Exception):  # a database that is away for a moment; the search itself will say so
                self._tell(beat)
