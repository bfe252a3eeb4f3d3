"""DenseNet161, which `keras.applications` does not have, with the layers and names of its DenseNets."""

from collections.abc import Sequence

import keras
from keras import layers

_EPSILON = 1.001e-5
_COMPRESSION = 0.5


def densenet161(input_shape: tuple[int, int, int]) -> keras.Model:
    """DenseNet161 without its classifier: 26,472,000 trainable parameters.

    Args:
        input_shape: (height, width, 3).

    Returns:
        Takes pixels standardized by the means and deviations of ImageNet, float (n, height, width, 3), and gives
        features (n, height / 32, width / 32, 2208), rounded down.

    Reference:
        Huang et al. 2017, arXiv:1608.06993, table 1 with a growth of 48; initial weights as keras.applications.
    """
    return densenet(input_shape, stem=96, growth=48, units=(6, 12, 36, 24), name="densenet161")


def densenet(
    input_shape: tuple[int, int, int], *, stem: int, growth: int, units: Sequence[int], name: str
) -> keras.Model:
    """A DenseNet with bottlenecks and half the channels after each block.

    Args:
        input_shape: (height, width, 3).
        stem: channels of the first convolution.
        growth: channels that each unit adds.
        units: number of units in each block.
        name: of the model.
    """
    inputs = keras.Input(input_shape)
    x = layers.ZeroPadding2D(3)(inputs)
    x = layers.Conv2D(stem, 7, strides=2, use_bias=False, name="conv1_conv")(x)
    x = layers.ZeroPadding2D(1)(_normalized(x, "conv1_bn", "conv1_relu"))
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    for number, count in enumerate(units, start=2):
        for unit in range(1, count + 1):
            x = _unit(x, growth, f"conv{number}_block{unit}")
        if number <= len(units):
            x = _transition(x, f"pool{number}")
    return keras.Model(inputs, _normalized(x, "bn", "relu"), name=name)


def _normalized(x: keras.KerasTensor, normalization: str, activation: str) -> keras.KerasTensor:
    x = layers.BatchNormalization(epsilon=_EPSILON, name=normalization)(x)
    return layers.Activation("relu", name=activation)(x)


def _unit(x: keras.KerasTensor, growth: int, name: str) -> keras.KerasTensor:
    added = _normalized(x, f"{name}_0_bn", f"{name}_0_relu")
    added = layers.Conv2D(4 * growth, 1, use_bias=False, name=f"{name}_1_conv")(added)
    added = _normalized(added, f"{name}_1_bn", f"{name}_1_relu")
    added = layers.Conv2D(growth, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(added)
    return layers.Concatenate(name=f"{name}_concat")([x, added])


def _transition(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = _normalized(x, f"{name}_bn", f"{name}_relu")
    x = layers.Conv2D(int(x.shape[-1] * _COMPRESSION), 1, use_bias=False, name=f"{name}_conv")(x)
    return layers.AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)
