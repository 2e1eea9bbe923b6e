"""How likely each level of the book is to be touched."""
