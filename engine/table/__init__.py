"""What the product exists to fill in: the scenario table of one close.

``scenario`` and ``pieces`` are the value, ``build`` makes it from one replay row, ``fill`` from a replay.  ``explain``
is what stands beside the probabilities, ``touch`` how likely each level is to be touched, ``fan`` where the paths lie.
``story`` is what led here and why, ``words`` how every number and date reads, ``outlook`` the table in one sentence, ``horizon_ends`` the dates on which
horizons end, ``notebook`` the table in a notebook.
"""
