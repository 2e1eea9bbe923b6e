"""The pieces of work that a run gives to a crew: what is found out about one instrument by itself, and about one group."""
