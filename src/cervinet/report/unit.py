"""What is judged, as a report calls it."""

UNITS = {"image": "picture", "group": "group"}
"""Value of `evaluation.unit` → the word for one of them."""
