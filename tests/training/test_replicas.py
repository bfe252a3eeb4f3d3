"""Two devices learn what one learns: two logical CPUs by MirroredStrategy, each count in a process of its own."""

import json
from collections.abc import Callable

import numpy as np
import pytest

pytestmark = pytest.mark.slow

CASES = [("float32", 1, 1e-6), ("float32", 3, 1e-6), ("mixed_float16", 2, 5e-3)]

CHILD = """
import json, sys
from contextlib import nullcontext
from pathlib import Path
import keras, numpy as np, tensorflow as tf
from cervinet.data.augment import Augmentation
from cervinet.data.pipeline import Batches, Parts, batch_bounds
from cervinet.data.store import Store
from cervinet.progress import Silent
from cervinet.training.fit import Course, Hooks, fit
from cervinet.training.learner import Learner, forward_of
from cervinet.training.state import State, Tracker

count = int(sys.argv[1])
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
strategy = tf.distribute.MirroredStrategy([f"CPU:{n}" for n in range(count)]) if count > 1 else None
images = np.random.default_rng(0).integers(0, 256, (50, 12, 12, 3), dtype=np.uint8)
images[1::2] //= 2

def part(rows):
    store, bounds = Store(images, Path(), False), batch_bounds(len(rows), 8, count)
    return Batches(store, rows, rows % 2, 2, (12, 12), bounds, parts=Parts(count, 0, count))

def trained(precision, accumulate):
    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy(precision)
    with strategy.scope() if strategy else nullcontext():
        pixels = keras.Input((12, 12, 3))
        scaled = keras.layers.Rescaling(1 / 255)(pixels)
        x = keras.layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2")(scaled)
        logits = keras.layers.Dense(2, name="logits", dtype="float32")(keras.layers.Flatten()(x))
        model = keras.Model(pixels, keras.layers.Softmax(dtype="float32")(logits))
        learner = Learner(
            model,
            forward_of(model, None),
            lambda targets, scores: tf.nn.softmax_cross_entropy_with_logits(targets, scores),
            keras.optimizers.AdamW(1.0, global_clipnorm=0.3),
            accumulates=accumulate > 1,
            ema=0.9,
            strategy=strategy,
        )
    asked, told = iter([False] * 4 + [True] + [False] * 99), []
    state = State(Tracker("val_loss"))
    course = Course(3, 0.01, lambda rate, *rest: rate, accumulate, 7, Augmentation(horizontal_flip=0.5), 3)
    hooks = Hooks(
        Silent(), lambda: next(asked), lambda state, stop: told.append(stop), lambda *_: None, lambda *_: None
    )
    fit(learner, part(np.arange(29)), part(np.arange(29, 50)), state, course, hooks)
    values = [np.asarray(keras.ops.convert_to_numpy(v), np.float64) for v in learner.variables()]
    return {
        "history": [[row[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy")] for row in state.history],
        "values": [value.ravel().tolist() for value in values],
        "told": told,
    }

print(json.dumps([trained(precision, accumulate) for precision, accumulate in json.loads(sys.argv[2])]))
"""


def test_two_devices_give_the_losses_and_variables_of_one(child) -> None:
    """The last batch is of 5 pictures and the last update of fewer batches; gradients are clipped, weights averaged."""
    by_one, by_two = (told_by(child, count, json.dumps([case[:2] for case in CASES])) for count in (1, 2))
    for case, one, two in zip(CASES, by_one, by_two, strict=True):
        tolerance = case[2]
        np.testing.assert_allclose(two["history"], one["history"], atol=tolerance, err_msg=str(case))
        assert len(two["values"]) == len(one["values"]), case
        for mine, expected in zip(two["values"], one["values"], strict=True):
            np.testing.assert_allclose(mine, expected, atol=tolerance, rtol=tolerance, err_msg=str(case))
        assert one["told"] == two["told"] == [step == 4 for step in range(12)], case


def told_by(child: Callable, *arguments: object) -> list[dict]:
    done = child(CHILD, *map(str, arguments))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
