"""THE FUTURE: what came after each close.  Imports bars and the ground floor only; nothing known at a close imports it."""
