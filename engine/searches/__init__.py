"""The commands that try many settings, ``tune`` and ``sweep``: what is typed, and what is done.

:mod:`.options` are the options that all commands share, :mod:`.typed` the two commands, :mod:`.work` what they do.  Nothing
is handed on from here: the list of commands must not import what computes.
"""
