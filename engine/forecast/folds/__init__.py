"""The walk-forward, fold by fold.

``calendar`` counts sessions, folds, refits and horizons of all instruments together; ``rows`` puts the rows of a group
in the order in which their outcomes become known (``Track``); ``standardise`` brings features on one scale;
``selection`` weighs candidates by what they forecast before; ``walk`` fits and forecasts.
"""
