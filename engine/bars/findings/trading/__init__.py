"""Opens, volume, rolls and distributions: what a sound series may still hide."""
