"""brief.md, the note as a document.

``brief`` writes it in the order of the note it set out to reproduce, ``brief_tables`` its tables, ``related`` why two
instruments of one market have different ones.
"""
