"""Train, evaluate and trust image classifiers on medical pictures."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Predictor", "__version__"]

if TYPE_CHECKING:
    from cervinet.inference.predictor import Predictor


def __getattr__(name: str) -> Any:
    """`Predictor` is imported on first use: a command that prints a help text needs no NumPy."""
    if name == "Predictor":
        return import_module("cervinet.inference.predictor").Predictor
    raise AttributeError(f"module 'cervinet' has no attribute '{name}'")
