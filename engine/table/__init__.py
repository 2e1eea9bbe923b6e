"""What the product exists to fill in: the scenario table of one close, its intervals, notes, analogues and levels.

``scenario`` and ``pieces`` are the value, ``build`` makes it from one replay row, ``fill`` from a replay.  ``explain``
gathers what stands beside the probabilities (``explanation``): ``intervals``, ``notes`` (``default_notes`` without a
model), ``track_record``, ``analogues``.  ``touch`` is how likely each level is to be touched, ``fan`` where the paths lie.
``words`` is how every number and date reads, ``outlook`` the table in one sentence, ``notebook`` in a notebook.
"""
