"""Pretrained networks as backbones under a new head: one row each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from cervinet.errors import UsageError
from cervinet.registry import did_you_mean, register

# Constants of keras.applications.imagenet_utils. Mode "caffe": means of ImageNet in the order blue, green, red;
# mode "torch": means and standard deviations of pixels 0–1 in the order red, green, blue.
_CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
_TORCH_MEAN, _TORCH_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Backbone:
    """A row of the table.

    Attributes:
        name: YAML name, and name of the nested model.
        keras_name: function in `keras.applications`; None for a graph of our own, which has no weights to download.
        scaling: what its weights expect of pixels: caffe (blue, green, red, less their means), tf (-1 to 1) or
            torch (0 to 1, standardized).
        native_size: side in pixels it was trained at.
        smallest: least side in pixels it can take.
        block: pattern at the start of layers' names; its group tells the blocks apart, as `freezing` counts them.
        source: the paper.
    """

    name: str
    keras_name: str | None
    scaling: Literal["caffe", "tf", "torch"]
    native_size: int
    smallest: int
    block: str
    source: str


_VGG = "Simonyan & Zisserman 2015, arXiv:1409.1556"
_RESNET = "He et al. 2016, arXiv:1512.03385"
_RESNET_V2 = "He et al. 2016, arXiv:1603.05027"
_DENSENET = "Huang et al. 2017, arXiv:1608.06993"
_EFFICIENTNET = "Tan & Le 2021, arXiv:2104.00298"
_STAGE = r"(conv\d)_"
# Layers of the Inception networks have no names of their own: a block begins where the one before is concatenated.
_MIXED, _MIXED_OR_RESIDUAL = r"(mixed\d+)$", r"(mixed_\w+|block\d+_\d+_ac)$"

BACKBONES = {
    row.name: row
    for row in (
        Backbone("vgg16", "VGG16", "caffe", 224, 32, r"(block\d)_", _VGG),
        Backbone("vgg19", "VGG19", "caffe", 224, 32, r"(block\d)_", _VGG),
        Backbone("resnet50", "ResNet50", "caffe", 224, 32, _STAGE, _RESNET),
        Backbone("resnet101", "ResNet101", "caffe", 224, 32, _STAGE, _RESNET),
        Backbone("resnet50v2", "ResNet50V2", "tf", 224, 32, _STAGE, _RESNET_V2),
        Backbone("densenet121", "DenseNet121", "torch", 224, 32, _STAGE, _DENSENET),
        Backbone("densenet161", None, "torch", 224, 32, _STAGE, _DENSENET),
        Backbone("densenet201", "DenseNet201", "torch", 224, 32, _STAGE, _DENSENET),
        Backbone("inception_v3", "InceptionV3", "tf", 299, 75, _MIXED, "Szegedy et al. 2016, arXiv:1512.00567"),
        Backbone(
            "inception_resnet_v2",
            "InceptionResNetV2",
            "tf",
            299,
            75,
            _MIXED_OR_RESIDUAL,
            "Szegedy et al. 2017, arXiv:1602.07261",
        ),
        Backbone("xception", "Xception", "tf", 299, 71, r"(block\d+)_", "Chollet 2017, arXiv:1610.02357"),
        Backbone(
            "mobilenet_v3_large",
            "MobileNetV3Large",
            "tf",
            224,
            32,
            r"(expanded_conv(?:_\d+)?)_",
            "Howard et al. 2019, arXiv:1905.02244",
        ),
        Backbone("efficientnetv2_b0", "EfficientNetV2B0", "torch", 224, 32, r"(block\d)", _EFFICIENTNET),
        Backbone("efficientnetv2_b1", "EfficientNetV2B1", "torch", 240, 32, r"(block\d)", _EFFICIENTNET),
        Backbone("efficientnetv2_b2", "EfficientNetV2B2", "torch", 260, 32, r"(block\d)", _EFFICIENTNET),
        Backbone("efficientnetv2_b3", "EfficientNetV2B3", "torch", 300, 32, r"(block\d)", _EFFICIENTNET),
        Backbone(
            "convnext_tiny",
            "ConvNeXtTiny",
            "torch",
            224,
            32,
            r"convnext_tiny_(stage_\d)",
            "Liu et al. 2022, arXiv:2201.03545",
        ),
    )
}
_SCALE_THEMSELVES = ("MobileNetV3", "EfficientNetV2", "ConvNeXt")


def check_backbone(name: str) -> None:
    """Raises UsageError unless `name` is a row of BACKBONES with ImageNet weights."""
    if name not in BACKBONES:
        raise UsageError(f"there is no backbone '{name}'{did_you_mean(name, BACKBONES)}")
    if BACKBONES[name].keras_name is None:
        raise UsageError(
            f"there are no ImageNet weights of {name} to download; set model.weights to a file that holds them, "
            ".keras, .weights.h5 or .h5"
        )


def build_backbone(name: str, size: tuple[int, int], weights: str | None) -> Any:
    """The network without its classifier, called `name`; takes scaled pixels (n, height, width, 3).

    Args:
        name: a row of BACKBONES.
        size: (height, width).
        weights: "imagenet" (downloaded or taken from Keras's cache) or None for random ones.

    Raises:
        ValueError: the size is smaller than the network takes.
    """
    import keras

    from cervinet.models.densenet161 import densenet161

    row = BACKBONES[name]
    if min(size) < row.smallest:
        raise ValueError(f"{name} takes pictures of at least {row.smallest} × {row.smallest}; got {size}")
    if row.keras_name is None:
        return densenet161((*size, 3))
    options = {"include_preprocessing": False} if row.keras_name.startswith(_SCALE_THEMSELVES) else {}
    stock = getattr(keras.applications, row.keras_name)(
        include_top=False, weights=weights, input_shape=(*size, 3), **options
    )
    # Keras looks for some weights under the name a model was given, so it gets ours afterwards.
    return keras.Model(stock.input, stock.output, name=name)


def scaled(inputs: Any, scaling: str) -> Any:
    """Pixels 0–255 RGB as the weights expect them, by plain Keras layers: part of the saved graph."""
    from keras import layers, ops

    if scaling == "caffe":
        return layers.Rescaling(1.0, offset=[-mean for mean in _CAFFE_MEAN_BGR])(ops.flip(inputs, axis=-1))
    if scaling == "tf":
        return layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)
    scale = [1 / (255 * deviation) for deviation in _TORCH_DEVIATION]
    offset = [-mean / deviation for mean, deviation in zip(_TORCH_MEAN, _TORCH_DEVIATION, strict=True)]
    return layers.Rescaling(scale, offset=offset)(inputs)


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

        pool = {
            "avg": layers.GlobalAveragePooling2D,
            "max": layers.GlobalMaxPooling2D,
            "flatten": layers.Flatten,
        }[pooling]
        # `features` is where training cuts the graph while the backbone is frozen.
        x = pool(name="features")(backbone(scaled(inputs, row.scaling)))
        for units in dense:
            x = (
                layers.Dropout(dropout)(layers.Dense(units, activation="relu")(x))
                if dropout
                else (layers.Dense(units, activation="relu")(x))
            )
        return x if dense or not dropout else layers.Dropout(dropout)(x)

    network.__name__ = row.name
    network.__doc__ = f"{row.keras_name or 'DenseNet161'} as a backbone under a new head ({row.source})."
    return network


for _row in BACKBONES.values():
    register("architecture", smallest=_row.smallest, pretrained=True, imagenet=_row.keras_name is not None)(_head(_row))
