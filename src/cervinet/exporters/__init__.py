"""A run's network in the formats of other programs; a function here is a value of `--format`."""
