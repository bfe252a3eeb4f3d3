"""The settings of a network in use: the gate before it and the files it is run by."""

from typing import Literal

from pydantic import Field

from cervinet.section import Fraction, Section


class Gate(Section):
    """Which new pictures are flagged as unlike those of training; limits are settled on the validation pictures."""

    share: Fraction = 0.01
    """Of the validation pictures that each limit may flag."""
    refuse: list[Literal["dark", "bright", "blurred", "small", "unlike"]] = Field([])
    """Flags with which a picture gets no class but is "not assessed"; the others are shown beside the class."""


class Export(Section):
    """Files for use that training writes beside model.keras."""

    onnx: bool = True
    """Write model.onnx and heat.onnx, by which `predict` and `serve` run without TensorFlow."""
