"""Optimizers and losses: every registered name makes the Keras object of its options; losses match their formula."""

import inspect

import keras
import numpy as np
import pytest

from cervinet import registry
from cervinet.models.build import build_model
from cervinet.training.compile import compile_model


@pytest.mark.parametrize("name", sorted(registry.available("optimizer")))
def test_every_optimizer_takes_a_step_and_its_defaults_are_those_of_keras(name: str) -> None:
    optimizer = registry.find("optimizer", name).function(0.01)
    classes = {cls.__name__.lower(): cls for cls in vars(keras.optimizers).values() if inspect.isclass(cls)}
    stock = classes[name]()
    stock.learning_rate = 0.01
    ours, theirs = optimizer.get_config(), stock.get_config()
    assert {k: v for k, v in ours.items() if k not in ("name", "learning_rate")} == {
        k: v for k, v in theirs.items() if k not in ("name", "learning_rate")
    }
    weights = keras.Variable(np.ones((4, 3), "float32"))
    optimizer.apply([keras.ops.ones((4, 3))], [weights])
    assert np.all(weights.numpy() < 1)


def test_options_reach_the_optimizer() -> None:
    optimizer = registry.find("optimizer", "sgd").function(0.5, momentum=0.9, nesterov=True)
    assert (optimizer.momentum, optimizer.nesterov, float(optimizer.learning_rate)) == (0.9, True, 0.5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_its_formula(smoothing: float) -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1, 1, 1], 50)
    y = np.eye(3)[rng.integers(0, 3, 50)]
    target = y * (1 - smoothing) + smoothing / 3
    expected = -(target * np.log(p)).sum(axis=1).mean()
    loss = registry.find("loss", "cross_entropy").function(label_smoothing=smoothing)
    assert float(loss(y.astype("float32"), p.astype("float32"))) == pytest.approx(expected, rel=1e-5)


def test_xla_is_off_unless_asked_for_whatever_keras_prefers() -> None:
    model = build_model("skin_cnn", (28, 28, 3), 2)
    compile_model(
        model,
        optimizer="adam",
        optimizer_options={},
        learning_rate=1e-3,
        loss="cross_entropy",
        loss_options={},
        xla=False,
    )
    assert model.jit_compile is False
