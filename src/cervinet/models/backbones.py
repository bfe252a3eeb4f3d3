"""Networks of `keras.applications` as backbones under a new head: one row each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from cervinet.errors import UsageError
from cervinet.registry import did_you_mean, register

# ImageNet means of the Caffe models, in the order blue, green, red; keras.applications.imagenet_utils, mode "caffe".
_CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)


@dataclass(frozen=True)
class Backbone:
    """A row of the table.

    Attributes:
        name: YAML name, and name of the nested model.
        keras_name: function in `keras.applications`.
        scaling: what its weights expect of pixels 0–255 RGB.
        native_size: side in pixels it was trained at.
        smallest: least side in pixels it can take.
        source: the paper.
    """

    name: str
    keras_name: str
    scaling: Literal["caffe"]
    native_size: int
    smallest: int
    source: str


BACKBONES = {
    row.name: row
    for row in (
        Backbone("vgg16", "VGG16", "caffe", 224, 32, "Simonyan & Zisserman 2015, arXiv:1409.1556"),
        Backbone("resnet50", "ResNet50", "caffe", 224, 32, "He et al. 2016, arXiv:1512.03385"),
    )
}


def check_backbone(name: str) -> None:
    """Raises UsageError unless `name` is a row of BACKBONES."""
    if name not in BACKBONES:
        raise UsageError(f"there is no backbone '{name}'{did_you_mean(name, BACKBONES)}")


def build_backbone(name: str, size: tuple[int, int], weights: str | None) -> Any:
    """The stock Keras model without its classifier, called `name`; takes scaled pixels (n, height, width, 3).

    Args:
        name: a row of BACKBONES.
        size: (height, width).
        weights: "imagenet" (downloaded or taken from Keras's cache) or None for random ones.
    """
    from keras import applications

    return getattr(applications, BACKBONES[name].keras_name)(
        include_top=False, weights=weights, input_shape=(*size, 3), name=name
    )


def scaled(inputs: Any, scaling: str) -> Any:
    """Pixels 0–255 RGB as the weights expect them, by plain Keras layers: part of the saved graph."""
    from keras import layers, ops

    assert scaling == "caffe"
    return layers.Rescaling(1.0, offset=[-mean for mean in _CAFFE_MEAN_BGR])(ops.flip(inputs, axis=-1))


def _head(row: Backbone) -> Callable[..., Any]:
    def network(
        inputs: Any,
        backbone: Any = None,
        *,
        pooling: Literal["avg", "max", "flatten"] = "avg",
        dense: list[Annotated[int, Field(gt=0)]] = [],  # noqa: B006 (pydantic copies it)
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2,
    ) -> Any:
        from keras import layers

        x = backbone(scaled(inputs, row.scaling))
        if pooling == "flatten":
            x = layers.Flatten(name="features")(x)
        else:
            pool = layers.GlobalAveragePooling2D if pooling == "avg" else layers.GlobalMaxPooling2D
            x = pool(name="features")(x)
        for units in dense:
            x = (
                layers.Dropout(dropout)(layers.Dense(units, activation="relu")(x))
                if dropout
                else (layers.Dense(units, activation="relu")(x))
            )
        return x if dense or not dropout else layers.Dropout(dropout)(x)

    network.__name__ = row.name
    network.__doc__ = f"{row.keras_name} as a frozen backbone under a new head ({row.source})."
    return network


for _row in BACKBONES.values():
    register("architecture", smallest=_row.smallest, pretrained=True)(_head(_row))
