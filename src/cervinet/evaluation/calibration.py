"""Probabilities that mean what they say: logits → probabilities, fitted on validation pictures only.

References: temperature and vector scaling: Guo et al., On Calibration of Modern Neural Networks, ICML 2017. Platt,
Probabilistic Outputs for Support Vector Machines, 1999. Isotonic: Zadrozny & Elkan, KDD 2002.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from cervinet.errors import DataError
from cervinet.evaluation.calibration_fit import FITTERS, LEAST_TEMPERATURE, MOST_TEMPERATURE
from cervinet.evaluation.statistics import Array

Method = Literal["none", "temperature", "vector", "platt", "isotonic"]

_NUMBERS: dict[str, tuple[str, ...]] = {
    "none": (),
    "temperature": ("temperature",),
    "vector": ("scale", "shift"),
    "platt": ("slope", "intercept"),
    "isotonic": ("at", "value"),
}
_LISTS = ("scale", "shift", "at", "value")
SURE = 1e-6
"""An isotonic probability is at least so far from 0 and 1: some hundred validation images cannot tell more."""

_FOR_TWO = ("platt", "isotonic")


@dataclass(frozen=True)
class Calibration:
    """A fitted correction.

    Attributes:
        method: its name.
        values: its numbers, as JSON has them: temperature: `temperature`; vector: `scale`, `shift`, a number a class;
            platt: `slope`, `intercept` of the logit difference; isotonic: `at`, `value`: points of the logit
            difference, between which the probability of the second class runs straight.
        n: the validation images it was fitted on.
    """

    method: Method
    values: Mapping[str, Any]
    n: int

    def apply(self, logits: Array) -> Array:
        """Probabilities, float64 `(n, classes)`, rows sum to one; of logits, float64 `(n, classes)`.

        Raises:
            DataError: the logits are of another number of classes than the calibration.
        """
        classes = 2 if self.method in _FOR_TWO else len(self.values.get("scale", ())) or logits.shape[1]
        if logits.shape[1] != classes:
            raise DataError(
                f"the {self.method} calibration is for {classes} classes; got logits of {logits.shape[1]} classes"
            )
        wide = logits.astype(np.float64)
        if self.method == "temperature":
            return softmax(wide / self.values["temperature"])
        if self.method == "vector":
            return softmax(wide * np.array(self.values["scale"]) + np.array(self.values["shift"]))
        if self.method == "platt":
            moved = self.values["slope"] * (wide[:, 1] - wide[:, 0]) + self.values["intercept"]
            return softmax(np.stack([np.zeros_like(moved), moved], axis=1))
        if self.method == "isotonic":
            second = np.interp(wide[:, 1] - wide[:, 0], self.values["at"], self.values["value"])
            second = np.clip(second, SURE, 1 - SURE)
            return np.stack([1 - second, second], axis=1)
        return softmax(wide)

    def in_words(self) -> str:
        """What was done, as a part of a sentence."""
        fitted = f"fitted on {self.n:,} validation images"
        if self.method == "none":
            return "none: the network's own probabilities"
        if self.method != "temperature":
            return f"{self.method} scaling, {fitted}" if self.method == "vector" else f"{self.method}, {fitted}"
        found = self.values["temperature"]
        limit = f", the {'lowest' if found < 1 else 'highest'} that is tried"
        at_limit = limit if found in (LEAST_TEMPERATURE, MOST_TEMPERATURE) else ""
        return f"temperature {found:.3g}{at_limit}, {fitted}"

    def to_json(self) -> dict[str, Any]:
        """As in `model.json`."""
        return {"method": self.method, "values": dict(self.values), "n": self.n}

    @classmethod
    def from_json(cls, given: Any) -> "Calibration":
        """What `to_json` gave. Raises DataError where it is something else."""
        if not isinstance(given, Mapping) or set(given) != {"method", "values", "n"}:
            raise DataError(f"a calibration must hold method, values and n; got {given!r}")
        method, values, n = given["method"], given["values"], given["n"]
        if method not in get_args(Method):
            raise DataError(f"the method of a calibration must be one of {', '.join(_NUMBERS)}; got {method!r}")
        needed = _NUMBERS[method]
        if not isinstance(values, Mapping) or set(values) != set(needed):
            wanted = f"hold {' and '.join(needed)}" if needed else "be empty"
            raise DataError(f"the values of the calibration '{method}' must {wanted}; got {values!r}")
        for name, value in values.items():
            numbers = value if name in _LISTS and isinstance(value, list) else [value]
            if (name in _LISTS) != isinstance(value, list) or not numbers or not all(map(_is_number, numbers)):
                what = "a list of finite numbers" if name in _LISTS else "a finite number"
                raise DataError(f"the {name} of the calibration '{method}' must be {what}; got {value!r}")
        if len({len(value) for value in values.values() if isinstance(value, list)}) > 1:
            raise DataError(f"the lists of the calibration '{method}' must be equally long; got {dict(values)!r}")
        if method == "temperature" and values["temperature"] <= 0:
            raise DataError(
                f"the temperature of the calibration 'temperature' must be positive; got {values['temperature']!r}"
            )
        if not isinstance(n, int) or isinstance(n, bool) or n < 0:
            raise DataError(f"the n of a calibration must be a number of images; got {n!r}")
        return cls(method, dict(values), n)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))


def softmax(logits: Array) -> Array:
    """Probabilities, float64 `(n, classes)`, of logits of any size."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares


def fit_calibration(method: Method, logits: Array, labels: NDArray[np.int64]) -> Calibration:
    """By the lowest log-loss (isotonic: least squares) on logits float64 `(n, classes)` and labels int64 `(n,)`.

    The same numbers on any machine within 1e-6, and finite ones even where the classes are perfectly apart, of which
    the lowest log-loss would make probabilities of 0 and 1: temperatures lie in [0.2, 100], vector scaling has a weak
    prior around no change, Platt's targets are a little short of 0 and 1, and isotonic probabilities lie in
    [1e-6, 1 - 1e-6].

    Raises:
        DataError: there are no images, a logit is not finite, there are not two classes for platt or isotonic, or no
            image of some class for another method than temperature.
    """
    classes = logits.shape[1]
    if method == "none":
        return Calibration(method, {}, len(labels))
    if method in _FOR_TWO and classes != 2:
        raise DataError(
            f"{method} calibration is for two classes; there are {classes}: "
            "set evaluation.calibration to temperature or vector"
        )
    if not len(labels):
        raise DataError(
            f"there is no validation image to fit a {method} calibration on: set evaluation.calibration to none"
        )
    if not np.isfinite(logits).all():
        row = int(np.flatnonzero(~np.isfinite(logits).all(axis=1))[0])
        raise DataError(f"logits must be finite numbers to fit a calibration; those of row {row} are {logits[row]}")
    absent = np.flatnonzero(np.bincount(labels, minlength=classes) == 0)
    if method != "temperature" and len(absent):
        raise DataError(
            f"{method} calibration needs validation images of every class; there are none of class number "
            f"{', '.join(str(number + 1) for number in absent)}: set evaluation.calibration to "
            f"{'none' if classes == 2 else 'temperature or none'}, or bring such images"
        )
    return Calibration(method, FITTERS[method](logits.astype(np.float64), labels), len(labels))
