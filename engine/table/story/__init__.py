"""What a reader wants told beside the table of one close.

``past``: what led here, with its dates.  ``change``: what is not as it was at the close before, and why.
``attribution``: what each fact adds to a probability, in points that add up.  ``reasons``: those of the facts that a
trader would name, with level, date and number.
"""
