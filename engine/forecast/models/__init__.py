"""Classifiers that start from the honest opponent, behind one interface: see :class:`~.learner.Model`.

Their names stand in :data:`engine.config.choices.MODELS`; a module is imported when its model is asked for.
"""

from __future__ import annotations

from engine.config.choices import MODELS
from engine.forecast.models.learner import Fitted, Learner, Model, Window


def model_named(name: str) -> Model:
    """The model that ``forecast.model`` names.

    Raises
    ------
    InputError
        ``registry.unknown``.
    """
    model: Model = MODELS[name].load()
    return model


__all__ = ["Fitted", "Learner", "Model", "Window", "model_named"]
