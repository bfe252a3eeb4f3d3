"""What requests and answers look like: they are checked by it, and the OpenAPI document is made from it."""

import base64
import binascii
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, WithJsonSchema

Positive = Annotated[FiniteFloat, Field(gt=0)]


def _decoded(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("must be text in base64")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be text in base64") from None


Base64 = Annotated[
    bytes, BeforeValidator(_decoded), WithJsonSchema({"type": "string", "format": "byte", "contentEncoding": "base64"})
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Image(_Strict):
    """A picture as JSON has it."""

    b64: Base64 = Field(description="The bytes of an image file.")
    box: tuple[FiniteFloat, FiniteFloat, Positive, Positive] | None = Field(
        None, description="x, y, width, height in pixels of the upright picture, for a run that crops to boxes."
    )


class PredictRequest(_Strict):
    """Pictures as JSON has them."""

    images: list[Image] = Field(min_length=1)


class OperatingPoint(BaseModel):
    """What a threshold that was chosen on validation pictures says."""

    rule: str = Field(description="What the threshold was chosen for.")
    positive: list[str] = Field(description="The classes that it looks for.")
    threshold: float | None = Field(description="On their probability; null where no picture is called.")
    probability: float = Field(ge=0, description="Of these classes together.")
    called: bool


class Assessed(_Strict):
    """What the run says of a picture."""

    image: int = Field(ge=0, description="Which picture of the request, from 0.")
    label: str | None = Field(alias="class", description="null where the run does not answer; `why` says it.")
    why: str | None = Field(None, description="Only where `class` is null: not assessed, or unsure.")
    probabilities: dict[str, float]
    subclasses: dict[str, float] | None = None
    set: list[str] | None = Field(None, description="Holds the true class as often as the run promises.")
    operating_points: list[OperatingPoint] | None = None
    flags: list[str] | None = Field(None, description="What is unusual about the picture.")


class Unreadable(_Strict):
    """A picture that cannot be read, or is larger than the service takes."""

    image: int = Field(ge=0, description="Which picture of the request, from 0.")
    error: str


class Predictions(BaseModel):
    """An entry for each picture, in order."""

    model: str
    run: str
    remarks: list[str] | None = Field(None, description="What one should know of all of them.")
    note: str | None = Field(None, description="Of what kind the training pictures were where they were not real.")
    predictions: list[Assessed | Unreadable]


class Error(BaseModel):
    """Why there is no answer."""

    error: str
    predictions: list[Unreadable] | None = Field(None, description="Where not one picture could be read.")


class Health(BaseModel):
    """The network is loaded and has run."""

    status: str


class VersionStatus(BaseModel):
    """As TensorFlow Serving has it."""

    version: str
    state: str
    status: dict[str, str]


class ModelStatus(BaseModel):
    """As TensorFlow Serving has it."""

    model_version_status: list[VersionStatus]


class TfRequest(_Strict):
    """TensorFlow Serving's row format, `instances`, or its column format, `inputs`: one of them."""

    signature_name: str | None = Field(None, description="Taken and not looked at: there is one way to answer.")
    instances: list[Any] | None = Field(
        None,
        min_length=1,
        description='Each an image file as `{"b64": …}`, bare or under the name of an input, or pixels of a picture: '
        "rows of columns of three integers from 0 to 255, red, green, blue.",
    )
    inputs: list[Any] | dict[str, list[Any]] | None = Field(
        None, description="The same as a list, bare or under the name of the one input."
    )


class NamedNumbers(BaseModel):
    """Of a run with sub-classes, whose answer has two parts, those of one picture."""

    probabilities: list[float]
    subclass_probabilities: list[float]


class NamedColumns(BaseModel):
    """The same of all pictures."""

    probabilities: list[list[float]]
    subclass_probabilities: list[list[float]]


class RowAnswers(BaseModel):
    """Probabilities of each picture, in the order of the classes; of a run with sub-classes under their names."""

    predictions: list[list[float]] | list[NamedNumbers]


class ColumnAnswers(BaseModel):
    """The same in column format."""

    outputs: list[list[float]] | NamedColumns
