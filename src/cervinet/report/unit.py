"""What is judged, as a report calls it."""

PICTURE = "picture"
UNITS = {"image": PICTURE, "group": "group"}
"""Value of `evaluation.unit` → the word for one of them."""

WHOLE = "all"
"""The split of a table that is judged whole."""
