"""The life of a level: what it is, what happens to it, where it ranks, how it is born."""
