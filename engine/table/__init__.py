"""What the product exists to fill in: the scenario table of one close, its intervals, notes, analogues and levels."""
