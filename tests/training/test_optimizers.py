"""Optimizers: names and defaults of Keras, decay of kernels alone, rates of each weight, clipping, two devices."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from cervinet import registry
from cervinet.choice import Kind
from cervinet.training.optimizers import make_optimizer

NAMES = list(registry.available("optimizer"))
DECAYING = ["adamw", "lamb", "lion", "muon", "nadam", "rmsprop", "sgd"]


def network():
    inputs = keras.Input((4,), name="features")
    x = keras.layers.Dense(3, name="first")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.EinsumDense("ab,bcd->acd", (2, 3), bias_axes="cd", name="heads")(x)
    x = keras.layers.Reshape((6,))(x)
    return keras.Model(inputs, keras.layers.Dense(2, name="last")(x))


def values(model):
    return {variable.path: variable.numpy().copy() for variable in model.trainable_variables}


def moved(optimizer, gradient=0.0, model=None, steps=1):
    """How much each weight, all set to one, changes when the gradient of each is the same."""
    model = model or network()
    for variable in model.trainable_variables:
        variable.assign(np.ones(variable.shape))
    optimizer.build(model.trainable_variables)
    for _ in range(steps):
        optimizer.apply([keras.ops.full(one.shape, gradient) for one in model.trainable_variables])
    return {path: value - 1 for path, value in values(model).items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_takes_a_step_and_its_defaults_are_those_of_keras(name):
    optimizer = make_optimizer(name, {}, 0.01)
    classes = {cls.__name__.lower(): cls for cls in vars(keras.optimizers).values() if inspect.isclass(cls)}
    assert isinstance(optimizer, classes[name])
    stock = classes[name]()
    stock.learning_rate = 0.01
    ours, theirs = optimizer.get_config(), stock.get_config()
    assert {k: v for k, v in ours.items() if k != "name"} == {k: v for k, v in theirs.items() if k != "name"}
    assert all((change < 0).all() for change in moved(optimizer, gradient=1.0).values())


@pytest.mark.parametrize("name", NAMES)
def test_nothing_set_it_does_what_that_of_keras_does(name):
    """But for weight decay, of which Keras spares no weight unless told to."""
    options = {"weight_decay": 0.0} if name in DECAYING else {}
    ours = make_optimizer(name, options, 0.05)
    stock = registry.find("optimizer", name).function(0.05, **options)
    found, expected = moved(ours, 0.3, steps=3), moved(stock, 0.3, steps=3)
    for mine, theirs in zip(found.values(), expected.values(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


def test_options_reach_the_optimizer():
    optimizer = make_optimizer("sgd", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}, 0.5, clip_norm=2.0)
    found = (optimizer.momentum, optimizer.nesterov, optimizer.weight_decay, optimizer.global_clipnorm)
    assert found == (0.9, True, 0.1, 2.0)
    assert float(optimizer.learning_rate) == 0.5


def test_the_learning_rate_can_be_assigned():
    optimizer = make_optimizer("sgd", {}, 1.0, rates={"last/kernel": 0.5})
    optimizer.learning_rate = 0.25
    assert moved(optimizer, gradient=1.0)["last/kernel"] == pytest.approx(-0.125)


@pytest.mark.parametrize("name", DECAYING)
def test_decay_is_rate_times_decay_of_kernels_and_spares_all_else(name):
    """With a gradient of zero nothing but the decay moves a weight."""
    found = moved(make_optimizer(name, {"weight_decay": 0.1}, 0.5))
    kernels = [path for path in found if path.endswith("kernel")]
    assert len(kernels) == 3
    for path, change in found.items():
        np.testing.assert_allclose(change, -0.05 if path in kernels else 0, rtol=1e-6, err_msg=path)


def test_only_these_have_a_weight_decay():
    options = {name: registry.find("optimizer", name).options.model_fields for name in NAMES}
    assert [name for name, fields in options.items() if "weight_decay" in fields] == DECAYING
    with pytest.raises(Exception, match="is not valid") as caught:
        Kind("optimizer").parse({"sgd": {"weight_decay": -1}})
    assert caught.value.context["problems"][0][:2] == (
        ("sgd", "weight_decay"),
        "must be greater than or equal to 0",
    )


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_a_factor_scales_the_step_of_its_weight(name):
    whole = moved(make_optimizer(name, {}, 0.1), gradient=0.3)
    found = moved(make_optimizer(name, {}, 0.1, rates={"first/kernel": 0.0, "last/kernel": 0.5}), gradient=0.3)
    assert not found["first/kernel"].any()
    np.testing.assert_allclose(found["last/kernel"], whole["last/kernel"] / 2, rtol=1e-5)
    np.testing.assert_array_equal(found["last/bias"], whole["last/bias"])


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"ftrl"}))  # which divides by its rate
def test_a_factor_of_zero_holds_a_weight_for_every_optimizer(name):
    options = {"weight_decay": 0.1} if name in DECAYING else {}
    found = moved(make_optimizer(name, options, 0.1, rates={"heads/kernel": 0.0}), 0.3, steps=2)
    assert not found["heads/kernel"].any()
    assert found["last/kernel"].all()


def test_a_factor_scales_the_decay_of_its_weight():
    found = moved(make_optimizer("adamw", {"weight_decay": 0.1}, 0.5, rates={"last/kernel": 0.5, "first/kernel": 0.0}))
    assert found["last/kernel"] == pytest.approx(-0.025)
    assert not found["first/kernel"].any()
    assert found["heads/kernel"] == pytest.approx(-0.05)


def test_clipping_shortens_all_gradients_by_one_factor():
    model = network()
    pieces = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    for path, change in moved(make_optimizer("sgd", {}, 1.0, clip_norm=2.0), 3.0, model).items():
        np.testing.assert_allclose(change, -3.0 * 2.0 / (3.0 * np.sqrt(pieces)), rtol=1e-5, err_msg=path)


def test_short_gradients_are_left_as_they_are():
    assert moved(make_optimizer("sgd", {}, 1.0, clip_norm=100.0), 0.5)["last/bias"] == pytest.approx(-0.5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_works_with_a_scaled_loss(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = network()
        inner = make_optimizer("adamw", {}, 0.1, clip_norm=1.0, rates={"first/kernel": 0.0, "heads/kernel": 0.5})
        optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=64.0)
        optimizer.build(model.trainable_variables)
        held, start = model.get_layer("first").kernel.numpy(), model.get_layer("last").kernel.numpy()
        optimizer.learning_rate = 0.2
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.cast(model(np.eye(4, dtype="float32"), training=True), tf.float32)))
            scaled = optimizer.scale_loss(loss)
        optimizer.apply(tape.gradient(scaled, model.trainable_variables))
        assert float(inner.learning_rate) == pytest.approx(0.2)
        np.testing.assert_array_equal(model.get_layer("first").kernel.numpy(), held)
        # The first step of Adam is as long as the rate, whatever the length of the gradient.
        change = model.get_layer("last").kernel.numpy() - start * (1 - 0.2 * 0.004)
        np.testing.assert_allclose(np.abs(change), 0.2, rtol=1e-2)
    finally:
        keras.config.set_dtype_policy(before)


TWO_DEVICES = """
import sys
import keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from cervinet.training.optimizers import make_optimizer
from cervinet.training.replicas import takes_sums

def trained(strategy, name):
    with strategy.scope():
        inputs = keras.Input((2,))
        model = keras.Model(inputs, keras.layers.Dense(2, name="last")(keras.layers.Dense(2, name="first")(inputs)))
        for variable in model.trainable_variables:
            variable.assign(np.ones(variable.shape))
        optimizer = make_optimizer(name, {"weight_decay": 0.1}, 0.5, clip_norm=1.5, rates={"last/kernel": 0.5})
        optimizer.build(model.trainable_variables)
        takes_sums(optimizer)
    variables = model.trainable_variables

    @tf.function
    def step():
        strategy.run(lambda: optimizer.apply([tf.fill(v.shape, 2.0) for v in variables], variables))

    for _ in range(3):
        step()
    return [variable.numpy() for variable in variables]

for name in sys.argv[1:]:
    two = trained(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), name)
    one = trained(tf.distribute.get_strategy(), name)
    for a, b in zip(two, one, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    print(name, "is the same")
"""


@pytest.mark.slow
def test_two_devices_do_what_one_does(child):
    done = child(TWO_DEVICES, "sgd", "adamw", "lion", "muon")
    assert done.stdout.splitlines() == [f"{name} is the same" for name in ("sgd", "adamw", "lion", "muon")], done.stderr
