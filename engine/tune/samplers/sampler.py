"""What a sampler is, and what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.tune.space.parameter import Parameter


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The next trial, and what is known before its batch.

    Attributes
    ----------
    space : the d dimensions.
    number : of the trial, counted from 0.
    seed : of this trial; ``study_seed`` is that of all.
    units : (n, d) places of earlier trials in the unit cube; of very many only the best and the latest.
    values : (n,) what they were worth, larger is better; of one that was stopped early or fell below a constraint,
        less than of any other.
    pending : (m, d) trials of the same batch that were proposed before this one.
    """

    space: tuple[Parameter, ...]
    number: int
    seed: int
    study_seed: int
    units: np.ndarray
    values: np.ndarray
    pending: np.ndarray


@dataclass(frozen=True, slots=True)
class Sampler:
    """One way to propose settings.

    Attributes
    ----------
    meaning : half a sentence for readers.
    propose : places in [0, 1), (d,), of the next trial.
    """

    name: str
    meaning: str
    propose: Callable[[Asked], np.ndarray]
