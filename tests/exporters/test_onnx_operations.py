"""Each operation that tf2onnx does not know against TensorFlow's own."""

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from cervinet.exporters.onnx import converted
from cervinet.exporters.onnx_operations import HANDLERS

SIDES = (7, 10)  # neither is a multiple of 2 and of 3


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def depthwise(stride, padding, multiplier=1):
    kernel = numbers(3, 3, 4, multiplier, seed=2)
    return lambda x: tf.nn.depthwise_conv2d(x, kernel, (1, stride, stride, 1), padding)


def convolved(size, stride, padding):
    kernel = numbers(size, size, 4, 5, seed=2)
    return lambda x: tf.nn.conv2d(x, kernel, stride, padding)


OPERATIONS = {
    "Erfc": lambda x: tf.nn.gelu(3 * x, approximate=False),
    "ReluGrad": tf.nn.relu,
    "Relu6Grad": lambda x: tf.nn.relu6(6 * x),
    "SigmoidGrad": tf.sigmoid,
    **{
        f"{kind} {size} {stride} {padding}": lambda x, pool=pool, size=size, stride=stride, padding=padding: pool(
            x, size, stride, padding
        )
        for kind, pool in (("MaxPoolGrad", tf.nn.max_pool2d), ("AvgPoolGrad", tf.nn.avg_pool2d))
        for size, stride in ((2, 2), (3, 2), (3, 1), (2, 3), (1, 2))
        for padding in ("SAME", "VALID")
    },
    "DepthwiseConv2dNativeBackpropInput 1 SAME": depthwise(1, "SAME"),
    "DepthwiseConv2dNativeBackpropInput 2 SAME": depthwise(2, "SAME"),
    "DepthwiseConv2dNativeBackpropInput 2 VALID": depthwise(2, "VALID"),
    "DepthwiseConv2dNativeBackpropInput 1 VALID, two of each": depthwise(1, "VALID", 2),
    "BiasAddGrad": lambda x: tf.nn.bias_add(x, tf.reduce_mean(x, axis=(0, 1, 2))),
    "StridedSliceGrad": lambda x: x[:, 1:-1, 2],
    "StridedSliceGrad, every second": lambda x: x[:, ::-2, :5],
    "ShapeN": lambda x: tf.nn.relu(tf.nn.conv2d(x, numbers(3, 3, 4, 5, seed=2), 2, "SAME")),
    "RsqrtGrad": lambda x: tf.math.rsqrt(x * x + 1),
    "Conv2DBackpropInput 1 of each second": convolved(1, 2, "VALID"),
    "Conv2DBackpropInput 2 VALID": convolved(3, 2, "VALID"),
    "Conv2DBackpropInput 1 SAME": convolved(3, 1, "SAME"),
    "Conv2DBackpropInput 2 SAME": convolved(3, 2, "SAME"),
}


def gradient_of(operation):
    """Of a sum over all that the operation gives, each number with a weight of its own."""

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = operation(x)
            total = tf.reduce_sum(found * numbers(*found.shape, seed=3))
        return {"gradient": tape.gradient(total, x)}

    return gradient


@pytest.mark.parametrize("name", OPERATIONS)
def test_is_that_of_tensorflow(name):
    shape = (1, *SIDES, 4)
    gradient = gradient_of(OPERATIONS[name])
    traced = tf.function(gradient).get_concrete_function(tf.TensorSpec(shape, tf.float32))
    assert name.split()[0].strip(",") in {one.type for one in traced.graph.get_operations()}
    session = onnxruntime.InferenceSession(converted(gradient, {"x": shape}, ["gradient"], 0))
    # Behind a ReLU many cells of a window are the largest, 0.
    for values in (numbers(*shape), np.maximum(numbers(*shape, seed=1), 0)):
        (found,) = session.run(["gradient"], {"x": values})
        np.testing.assert_allclose(found, gradient(tf.constant(values))["gradient"], rtol=0, atol=1e-5)


def test_every_handler_is_tried():
    assert set(HANDLERS) <= {name.split()[0].strip(",") for name in OPERATIONS}
