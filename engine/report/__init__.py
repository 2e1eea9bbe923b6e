"""How a run is read: sentences, drawings, the page, the terminal."""
