"""The settings under `evaluation`: intervals, choices made on validation pictures, what the report holds."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from cervinet.choice import Choice, Kind, at_places
from cervinet.section import Fraction, Section

Calibrated = Literal["none", "temperature", "vector", "platt", "isotonic"]


class Subgroup(Section):
    """A column whose values divide the pictures."""

    column: str
    """Of `evaluation.subgroup_file`, or site."""
    edges: list[float] | None = None
    """Of a column of numbers: where one band ends and the next begins."""

    @field_validator("edges")
    @classmethod
    def _increasing(cls, edges: list[float] | None) -> list[float] | None:
        if edges is not None and (not edges or any(low >= high for low, high in pairwise(edges))):
            raise at_places([((), "must be increasing numbers", edges)])
        return edges


class Explain(Section):
    """Heat maps of what moved the network's answer."""

    method: Literal["grad_cam", "grad_cam_plus_plus"] = "grad_cam"
    pictures: Annotated[int, Field(ge=0)] = 16
    """How many test pictures the report shows with one; 0 leaves explanations out."""


class Evaluation(Section):
    """How results are judged."""

    draws: Annotated[int, Field(ge=100)] = 2000
    """Bootstrap draws behind each interval."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """Coverage of the intervals."""
    interval: Literal["percentile", "bca"] = "percentile"
    """bca corrects bias and skewness; it takes a jackknife more."""
    unit: Literal["image", "group"] = "image"
    """What the headline figures and all choices are about; the other is reported too. group: a patient, whose
    probabilities are the mean over the patient's images."""
    views: Literal[1, 2, 4, 8] = 1
    """Mirror images, and for 8 also quarter turns, of each picture whose probabilities are averaged."""
    calibration: Calibrated = "temperature"
    """How probabilities are corrected, fitted on the validation pictures; platt and isotonic are for two classes."""
    positive: list[str] | None = None
    """The classes that screening is to find. When not set: the last of two classes, else each against the others."""
    operating_points: list[Annotated[Choice, Kind("operating_point")]] = Field(
        [Choice("sensitivity"), Choice("specificity"), Choice("youden")], validate_default=True
    )
    """How thresholds are chosen on the validation pictures."""
    prevalence: Fraction | None = None
    """Share of positive patients where the network is to be used; that of the judged pictures when not set."""
    coverage: Fraction = 0.9
    """Of the prediction sets: so often they hold the true class."""
    most_errors: Fraction | None = None
    """Abstain so that among the answered validation pictures at most this share is wrong; null: never abstain."""
    subgroups: list[Subgroup] = Field([])
    subgroup_file: Path | None = None
    """CSV with `image` or `group` and the columns that subgroups are made of."""
    explain: Explain = Explain()
    report: bool = True
    """Write report.html and model_card.md too."""
