"""What stands beside the probabilities of one table.

``explain`` gathers it into the value ``explanation``: ``intervals`` of the probabilities, ``notes`` on what moved them
(``default_notes`` where no model is), ``track_record`` in one sentence, ``analogues``: the closest days of the past.
"""
