"""What stands beside the probabilities of one table.

``explain`` gathers it into the value ``explanation``: ``intervals`` of the probabilities
``default_notes`` where no model is, ``track_record`` in one sentence, ``analogues``: the closest days of the past.
"""
