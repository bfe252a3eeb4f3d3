"""A small network, pictures and a learner to train within a test, in a second."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from cervinet.data.augment import Augmentation
from cervinet.data.imbalance import Emphasis
from cervinet.data.pipeline import Batches, batch_bounds
from cervinet.data.store import Store
from cervinet.models.heads import Head
from cervinet.models.losses import Context, cross_entropy
from cervinet.progress import Silent
from cervinet.training.devices import set_up
from cervinet.training.fit import Course, Hooks, fit
from cervinet.training.learner import Learner, forward_of
from cervinet.training.schedules import Schedule, constant
from cervinet.training.state import State, Tracker

SIZE = (12, 12)


def network(*, norm: bool = True, dropout: float = 0.3, penalty: float = 0.0) -> keras.Model:
    """Pixels 0-255 → two probabilities."""
    inputs = keras.Input((*SIZE, 3), name="image")
    regular = keras.regularizers.L2(penalty) if penalty else None
    x = layers.Conv2D(4, 3, strides=2, activation="relu", kernel_regularizer=regular)(layers.Rescaling(1 / 255)(inputs))
    x = layers.BatchNormalization()(x) if norm else x
    x = layers.Dropout(dropout)(layers.Flatten()(x)) if dropout else layers.Flatten()(x)
    logits = layers.Dense(2, name="logits", dtype="float32")(x)
    return keras.Model(inputs, layers.Activation("softmax", name="probabilities", dtype="float32")(logits))


def pictures(count: int = 30) -> np.ndarray:
    """Random pixels, the even ones brighter."""
    images = np.random.default_rng(0).integers(0, 256, (count, *SIZE, 3), dtype=np.uint8)
    images[1::2] //= 2
    return images


def batches(rows: np.ndarray, size: int = 4, emphasis: Emphasis | None = None, images: Any = None) -> Batches:
    """Batches of these rows; the class is the parity of the row."""
    bounds = batch_bounds(emphasis.entries if emphasis else len(rows), size, 1)
    store = Store(pictures(), Path(), False) if images is None else images
    return Batches(store, rows, rows % 2, 2, SIZE, bounds, emphasis)


@dataclass
class Training:
    """All of one training, made anew for each run of it.

    Attributes:
        seed: of everything.
        epochs: of one phase.
        learning_rate: at its start.
        schedule: how it goes on.
        accumulate: steps for one update.
        ema: decay of the mean of the weights.
        precision: dtype policy.
        augmentation: of the training pictures.
        train: 22 pictures in batches of 4, the last of 2, unless said otherwise.
        val: 8 pictures.
        make: the network.
        optimizer: a function of a learning rate.
        tracker: what is watched.
    """

    seed: int = 3
    epochs: int = 2
    learning_rate: float = 1e-2
    schedule: Schedule = field(default_factory=constant)
    accumulate: int = 1
    ema: float | None = None
    precision: str = "float32"
    augmentation: Augmentation = field(default_factory=Augmentation)
    train: Batches = field(default_factory=lambda: batches(np.arange(22)))
    val: Batches = field(default_factory=lambda: batches(np.arange(22, 30)))
    make: Callable[[], keras.Model] = network
    optimizer: Callable[[float], keras.optimizers.Optimizer] = keras.optimizers.Adam
    tracker: Tracker = field(default_factory=lambda: Tracker("val_loss"))

    def learner(self) -> Learner:
        """A new network and optimizer, from the seed."""
        set_up(seed=self.seed, precision=self.precision, xla=False, deterministic=True)
        self.model = self.make()
        forward = forward_of(self.model, None)
        accumulates = self.accumulate > 1
        loss = cross_entropy(Context(Head("softmax", 2), (1, 1)))
        return Learner(self.model, forward, loss, self.optimizer(1.0), accumulates=accumulates, ema=self.ema)

    def course(self) -> Course:
        return Course(
            self.epochs, self.learning_rate, self.schedule, self.accumulate, self.seed, self.augmentation, self.epochs
        )

    def first(self) -> State:
        return State(replace(self.tracker))

    def run(self, hooks: Hooks | None = None, learner: Learner | None = None) -> State:
        """Train from the beginning to the end."""
        state = self.first()
        fit(learner or self.learner(), self.train, self.val, state, self.course(), hooks or silent())
        return state


def silent(**more: Any) -> Hooks:
    """Hooks that do nothing but what is given."""
    nothing = {name: lambda *_: None for name in ("on_step", "on_epoch", "on_epoch_done")}
    return Hooks(**{"progress": Silent(), "stop_asked": lambda: False, **nothing, **more})


def values(learner: Learner) -> list[np.ndarray]:
    """Every variable by now."""
    return [np.array(variable.numpy()) for variable in learner.variables()]


def same(some: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> bool:
    """Bit by bit."""
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(some, others, strict=True))


def timeless(state: State) -> dict[str, Any]:
    """A state without what depends on the clock."""
    plain = state.as_json() | {"seconds": 0}
    return plain | {"history": [{k: v for k, v in row.items() if k != "seconds"} for row in state.history]}
