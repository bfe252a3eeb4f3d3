"""Networks trained from scratch.

Each takes RGB pixels 0–255, float or uint8, (batch, height, width, 3), scales them itself, and returns the layer
before the logits; `build.build_model` puts the classifier on top. Keras is imported inside the functions, so that a
config can be checked without TensorFlow.
"""

from typing import Any

from cervinet.registry import register


def _convolution(x: Any, filters: int) -> Any:
    from keras import layers, regularizers

    penalty = regularizers.L2(5e-4)
    return layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_regularizer=penalty)(x)


def _first_convolutions(inputs: Any) -> Any:
    """What the two networks for cervix photographs begin with: three convolutions, to a 24th of the size."""
    from keras import layers

    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(32, 3, strides=3, activation="relu")(x)
    x = layers.BatchNormalization()(layers.MaxPooling2D()(x))
    x = layers.BatchNormalization()(layers.MaxPooling2D()(_convolution(x, 64)))
    return layers.MaxPooling2D()(_convolution(x, 64))


@register("architecture", smallest=192, pretrained=False)
def cervix_cnn(inputs: Any) -> Any:
    """The from-scratch CNN of the cervical-cancer project: seven convolutions, two dense layers of 512.

    2,284,419 parameters at 256 × 256 × 3 and 3 classes, 2,282,179 of them trainable.
    """
    from keras import layers

    x = _first_convolutions(inputs)
    for filters in (128, 128, 256):
        x = layers.BatchNormalization()(layers.MaxPooling2D()(_convolution(x, filters)))
    x = layers.Flatten()(layers.BatchNormalization()(_convolution(x, 512)))
    for _ in range(2):
        x = layers.Dropout(0.5)(layers.Dense(512, activation="relu")(x))
    return x


@register("architecture", smallest=96, pretrained=False)
def cervix_gap(inputs: Any) -> Any:
    """The convolutions of `cervix_cnn`, the last at one scale, under a global average in place of dense layers.

    576,131 parameters at 3 classes and any size, 574,915 of them trainable.
    """
    from keras import layers

    x = _first_convolutions(inputs)
    for filters in (128, 128, 256):
        x = layers.BatchNormalization()(_convolution(x, filters))
    return layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(x))


@register("architecture", smallest=28, pretrained=False)
def skin_cnn(inputs: Any) -> Any:
    """The CNN of the skin-lesion project for 28 × 28 pictures: five convolutions, four dense layers.

    504,103 parameters at 28 × 28 × 3 and 7 classes, 502,983 of them trainable.
    """
    from keras import layers

    def convolution(x: Any, filters: int, padding: str = "valid") -> Any:
        return layers.Conv2D(filters, 3, padding=padding, activation="relu")(x)

    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.BatchNormalization()(layers.MaxPooling2D()(convolution(x, 16, "same")))
    x = convolution(convolution(x, 32), 64)
    x = layers.BatchNormalization()(layers.MaxPooling2D()(x))
    x = layers.Flatten()(convolution(convolution(x, 128), 256))
    x = layers.Dropout(0.2)(x)
    x = layers.Dropout(0.2)(layers.BatchNormalization()(layers.Dense(256, activation="relu")(x)))
    x = layers.BatchNormalization()(layers.Dense(128, activation="relu")(x))
    x = layers.Dropout(0.2)(layers.BatchNormalization()(layers.Dense(64, activation="relu")(x)))
    return layers.BatchNormalization()(layers.Dense(32, activation="relu")(x))


@register("architecture", smallest=8, pretrained=False)
def breast_cnn(inputs: Any) -> Any:
    """The CNN of the breast-ultrasound project: three convolutions, one dense layer of 128.

    3,989,027 parameters at 180 × 180 × 3 and 3 classes.
    """
    from keras import layers

    x = layers.Rescaling(1 / 255)(inputs)
    for filters in (16, 32, 64):
        x = layers.MaxPooling2D()(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
    x = layers.Flatten()(layers.Dropout(0.2)(x))
    return layers.Dense(128, activation="relu")(x)
