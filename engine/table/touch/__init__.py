"""How likely each level of the book is to be touched.

``pairs`` lists every level of every close, ``model`` walks the folds and corrects the simulation's answer by what a level is
(``correction`` is one fit, ``order`` keeps a farther level from being the likelier), ``book`` asks
both for the last close, ``agree`` brings the answers into agreement with the table beside them.
"""
