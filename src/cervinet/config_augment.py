"""The settings of `training.augment`, and the presets that stand for several of them."""

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import core_schema

from cervinet.amount import Amount, Limits, Probability
from cervinet.choice import at_places
from cervinet.registry import did_you_mean
from cervinet.section import Section

Preset = Literal["none", "light", "medium", "strong", "histology"]

# How much is a matter of taste; which changes go together is not. A photograph has a top and a bottom, a slide has
# none; a stain varies in hue and saturation (Tellez et al. 2019, arXiv:1902.06543).
PRESETS: dict[str, dict[str, Any]] = {
    "none": {},
    "light": {
        "horizontal_flip": 0.5,
        "rotation": 10,
        "shift": 0.05,
        "zoom": [0.95, 1.05],
        "brightness": 0.1,
        "contrast": 0.1,
    },
    "medium": {
        "horizontal_flip": 0.5,
        "rotation": {"strength": 20, "probability": 0.7},
        "shift": {"strength": 0.08, "probability": 0.7},
        "zoom": {"strength": [0.85, 1.18], "probability": 0.7},
        "shear": {"strength": 5, "probability": 0.3},
        "brightness": 0.15,
        "contrast": 0.2,
        "saturation": 0.2,
        "hue": 5,
        "gamma": {"strength": 0.2, "probability": 0.2},
        "blur": {"strength": 1.0, "probability": 0.1},
    },
    "strong": {
        "horizontal_flip": 0.5,
        "rotation": 45,
        "shift": 0.12,
        "zoom": [0.7, 1.43],
        "shear": 10,
        "brightness": 0.25,
        "contrast": 0.35,
        "saturation": 0.4,
        "hue": 10,
        "gamma": {"strength": 0.4, "probability": 0.5},
        "blur": {"strength": 1.5, "probability": 0.3},
        "noise": {"strength": 0.03, "probability": 0.3},
        "cutout": {"strength": 0.25, "probability": 0.5},
    },
    "histology": {
        "horizontal_flip": 0.5,
        "quarter_turns": 0.75,
        "zoom": {"strength": [0.9, 1.11], "probability": 0.5},
        "brightness": 0.1,
        "contrast": 0.1,
        "saturation": 0.25,
        "hue": 15,
        "blur": {"strength": 0.8, "probability": 0.1},
    },
}

_ZOOM = "two factors, smallest and largest, as in [0.9, 1.2]"


def _ordered(factors: tuple[float, float]) -> tuple[float, float]:
    if factors[0] > factors[1]:
        raise ValueError(f"must be {_ZOOM}")
    return factors


_Factor = Annotated[float, Field(gt=0)]
_Factors = Annotated[tuple[_Factor, _Factor], AfterValidator(_ordered)]
_UpTo1 = Limits(Annotated[float, Field(ge=0, le=1)])
_Below1 = Limits(Annotated[float, Field(ge=0, lt=1)])
_Shape = Limits(Annotated[float, Field(gt=0)])


class Augment(Section):
    """Random changes of each training picture: a preset, or settings of its own, or settings on top of a preset.

    A flip and a quarter turn have a probability. Anything else has a strength, and happens to every picture unless it
    has a probability too: `rotation: {strength: 90, probability: 0.5}`.
    """

    preset: Preset = "none"
    """Settings for those that are not set here: histology for pictures without an up and a down."""
    horizontal_flip: Probability = 0.0
    """Probability of a mirror image, left to right."""
    vertical_flip: Probability = 0.0
    """Probability of a mirror image, top to bottom."""
    quarter_turns: Probability = 0.0
    """Probability of a turn by 90, 180 or 270 degrees, each as likely; 0.75 makes the four directions equal."""
    rotation: Annotated[Amount, Limits(Annotated[float, Field(ge=0, le=180)])] = Amount()
    """Largest rotation either way, in degrees."""
    shift: Annotated[Amount, _Below1] = Amount()
    """Largest shift either way, as a fraction of height and width."""
    zoom: Annotated[Amount, Limits(_Factors, _ZOOM)] = Amount((1.0, 1.0))
    """Smallest and largest magnification."""
    shear: Annotated[Amount, Limits(Annotated[float, Field(ge=0, le=60)])] = Amount()
    """Largest shear either way, as the angle in degrees by which upright lines lean."""
    brightness: Annotated[Amount, _UpTo1] = Amount()
    """Largest change of brightness either way, as a fraction of the full range."""
    contrast: Annotated[Amount, _Below1] = Amount()
    """Largest relative change of contrast either way."""
    saturation: Annotated[Amount, _UpTo1] = Amount()
    """Largest relative change of saturation either way; 1 goes from grey to twice the colour."""
    hue: Annotated[Amount, Limits(Annotated[float, Field(ge=0, le=180)])] = Amount()
    """Largest turn of the colour circle either way, in degrees."""
    gamma: Annotated[Amount, Limits(Annotated[float, Field(ge=0, le=4)])] = Amount()
    """Largest gamma curve: 0.25 takes values to a power between 1/1.25 and 1.25."""
    blur: Annotated[Amount, Limits(Annotated[float, Field(ge=0, le=20)])] = Amount()
    """Largest standard deviation of a Gaussian blur, in pixels of the picture that the network sees."""
    noise: Annotated[Amount, _UpTo1] = Amount()
    """Largest standard deviation of Gaussian noise, as a fraction of the full range."""
    cutout: Annotated[Amount, _UpTo1] = Amount()
    """Side of a square that is painted over, as a fraction of the shorter side of the picture."""
    fill: Literal["reflect", "black"] = "reflect"
    """What stands where the warp looks beyond the edge."""
    mixup: Annotated[Amount, _Shape] = Amount(1.0, 0.0)
    """Blends pairs of pictures and their labels; the strength is alpha of the Beta distribution of the shares."""
    cutmix: Annotated[Amount, _Shape] = Amount(1.0, 0.0)
    """Pastes a part of one picture into another and mixes the labels by area; the strength is alpha, as in mixup."""

    @model_validator(mode="before")
    @classmethod
    def _unfold_preset(cls, value: Any) -> Any:
        if isinstance(value, str):
            if value not in PRESETS:
                raise at_places([((), f"names an unknown preset '{value}'{did_you_mean(value, PRESETS)}", None)])
            return {"preset": value, **PRESETS[value]}
        if value is not None and not isinstance(value, dict | Augment):
            words = f"must be a preset ({', '.join(PRESETS)}), or hold `key: value` lines"
            raise at_places([((), words, value)])
        if isinstance(value, dict) and value.get("preset") in list(PRESETS):
            return PRESETS[value["preset"]] | value
        return value

    @model_validator(mode="after")
    def _one_mixture(self) -> "Augment":
        total = self.mixup.probability + self.cutmix.probability
        if total > 1 + 1e-9:
            raise ValueError(
                "mixes a picture by `mixup` or by `cutmix`, not by both: their probabilities must sum to at most 1; "
                f"got {self.mixup.probability:g} and {self.cutmix.probability:g}"
            )
        return self

    def changes(self) -> dict[str, Any]:
        """Every setting but the preset, which has become settings: the arguments of `data.augment.Augmentation`."""
        return {name: value for name, value in self if name != "preset"}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> Any:
        schema = handler.resolve_ref_schema(handler(core))
        full = {"type": schema.pop("type"), "properties": schema.pop("properties")}
        full["additionalProperties"] = schema.pop("additionalProperties")
        return schema | {"if": {"type": "string"}, "then": {"enum": list(get_args(Preset))}, "else": full}
