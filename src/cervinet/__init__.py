"""Train, evaluate and trust image classifiers on medical pictures."""

__version__ = "0.1.0"
