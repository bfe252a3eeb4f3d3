"""Probabilities that mean what they say: logits → probabilities, fitted on validation pictures only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.statistics import Array

Method = Literal["none", "temperature", "vector", "platt", "isotonic"]


@dataclass(frozen=True)
class Calibration:
    """A fitted correction.

    Attributes:
        method: its name.
        values: its numbers, as JSON has them: temperature: `temperature`; vector: `scale`, `shift`, a number a class;
            platt: `slope`, `intercept` of the logit difference; isotonic: `at`, `value` (a step function's points).
        n: the validation images it was fitted on.
    """

    method: Method
    values: Mapping[str, Any]
    n: int

    def apply(self, logits: Array) -> Array:
        """Probabilities, float64 `(n, classes)`, rows sum to one; of logits, float64 `(n, classes)`."""
        raise NotImplementedError


def fit_calibration(method: Method, logits: Array, labels: NDArray[np.int64]) -> Calibration:
    """By the lowest log-loss (isotonic: least squares) on logits float64 `(n, classes)` and labels int64 `(n,)`."""
    raise NotImplementedError
