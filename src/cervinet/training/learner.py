"""A network as it learns: a step of gradients, an update, a judgement.

Keras's own `fit` is not used. A run must stop and go on at any step, gradients of several batches must add up to those
of one large batch at the short end of an epoch too, and Keras 3 cannot fit over several machines
(keras-team/keras #20585).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from cervinet.training.replicas import Strategy, accumulator, added_up, dealt, on_every_device, takes_sums

PerPicture = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""(targets float32 (n, t), raw outputs of the head float32 (n, u)) → loss of each picture, float32 (n,)."""
Forward = Callable[[tf.Tensor, bool], tuple[tf.Tensor, tf.Tensor]]
"""(inputs, whether training) → (raw outputs of the head, class probabilities)."""


@dataclass(frozen=True)
class Sums:
    """Of the pictures of a step or an epoch: losses, how many were classified right, how many there are."""

    loss: float = 0.0
    correct: float = 0.0
    pictures: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.loss + other.loss, self.correct + other.correct, self.pictures + other.pictures)

    @property
    def means(self) -> tuple[float, float]:
        """(loss, accuracy)."""
        return self.loss / self.pictures, self.correct / self.pictures


class Stepped(NamedTuple):
    """What a step found.

    Attributes:
        sums: of its pictures, before the update.
        finite: whether the gradients were numbers.
        stop: whether any process of the run was asked to stop.
    """

    sums: Sums
    finite: bool
    stop: bool


class Learner:
    """The variables of a network and its optimizer, and the compiled steps that change them.

    Args:
        model: holds the variables and the penalties on them; its trainable ones learn.
        forward: calls the network, or the part of it that learns.
        per_picture: the loss.
        class_targets: targets (n, t) → class labels (n, classes), one-hot or soft.
        optimizer: of Keras, not built.
        accumulates: whether gradients of several steps are added up for one update.
        ema: decay of the running mean of the weights, or None for none.
        xla: whether the steps are compiled with XLA.
        strategy: of tf.distribute, or None on one device.
    """

    def __init__(
        self,
        model: keras.Model,
        forward: Forward,
        per_picture: PerPicture,
        optimizer: keras.optimizers.Optimizer,
        *,
        class_targets: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
        accumulates: bool = False,
        ema: float | None = None,
        xla: bool = False,
        strategy: Strategy = None,
    ) -> None:
        self.model, self.strategy, self._ema_decay = model, strategy, ema
        self._forward, self._per_picture, self._class_targets = forward, per_picture, class_targets
        # Kept by hand what `compile` does for mixed_float16: small gradients would vanish without a scale.
        half = keras.config.dtype_policy().name == "mixed_float16"
        self.optimizer = keras.optimizers.LossScaleOptimizer(optimizer) if half else optimizer
        self._learning = model.trainable_variables
        self.optimizer.build(self._learning)
        if strategy is not None:
            takes_sums(self.optimizer)
        self._gradients = [accumulator(variable) for variable in self._learning] if accumulates else []
        self._mean = [tf.Variable(variable.value) for variable in self._learning] if ema is not None else []
        steps = (self._update_step, self._add_step, self._apply_step, self._judge_step)
        compiled = [on_every_device(strategy, step, xla=xla) for step in steps]
        self._update, self._accumulate, self._apply, self._judge = compiled
        self._average = tf.function(self._average_step)

    def variables(self) -> list[Any]:
        """Every variable that a resumed run must find as it was, in a fixed order."""
        return [*self.model.variables, *self.optimizer.variables, *self._gradients, *self._mean]

    def step(
        self, batch: Sequence[tf.Tensor], *, share: float, last: bool, updates: int, stop: bool = False
    ) -> Stepped:
        """Learn from a batch.

        Args:
            batch: (images, targets[, sample weights]).
            share: 1 / number of the pictures of the whole update.
            last: whether it is the last batch of its update.
            updates: how many updates there were before.
            stop: whether this process was asked to stop; with several, all learn of it with the step's sums.

        Returns:
            What the batch gave before the update, and whether its gradients were numbers; in mixed_float16 they need
            not be, see `scale_holds`.
        """
        values = {"share": tf.constant(share, tf.float32), "stop": tf.constant(stop, tf.float32)}
        if not self._gradients:
            sums = self._update(*batch, **values)
        else:
            sums = self._accumulate(*batch, **values)
            if last:
                self._apply()
        if last and self._mean:
            assert self._ema_decay is not None
            # Young means forget their start sooner, as in TensorFlow's ExponentialMovingAverage.
            self._average(tf.constant(min(self._ema_decay, (1 + updates) / (10 + updates)), tf.float32))
        loss, correct, pictures, bad, stops = sums.numpy().tolist()
        return Stepped(Sums(loss, correct, round(pictures)), bad == 0, stops > 0)

    def judge(self, batches: tf.data.Dataset, before_each: Callable[[], None] = lambda: None) -> Sums:
        """Loss and accuracy of the network, or of its averaged weights inside `averaged`, without learning."""
        total = Sums()
        for batch in self.distributed(batches):
            before_each()
            loss, correct, pictures = self._judge(*batch).numpy().tolist()
            total += Sums(loss, correct, round(pictures))
        return total

    def distributed(self, batches: tf.data.Dataset) -> Any:
        """The batches, shared among the devices."""
        return dealt(self.strategy, batches)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """With the running mean of the weights in place of the weights, where one is kept."""
        kept = [tf.identity(variable.value) for variable in self._learning] if self._mean else []
        for variable, mean in zip(self._learning, self._mean, strict=bool(self._mean)):
            variable.assign(mean)
        try:
            yield
        finally:
            for variable, value in zip(self._learning, kept, strict=bool(kept)):
                variable.assign(value)

    @property
    def learning_rate(self) -> float:
        return float(keras.ops.convert_to_numpy(self.optimizer.learning_rate))

    def set_learning_rate(self, rate: float) -> None:
        self.optimizer.learning_rate = rate

    def scale_holds(self) -> bool:
        """False where the scale of half-precision losses has fallen so low that updates can only have been skipped."""
        scale = getattr(self.optimizer, "dynamic_scale", None)
        return scale is None or float(keras.ops.convert_to_numpy(scale)) >= 1

    def _update_step(self, *batch: tf.Tensor, share: tf.Tensor, stop: tf.Tensor) -> tf.Tensor:
        gradients, sums = self._gradients_of(batch, share, stop)
        self.optimizer.apply(gradients, self._learning)
        return sums

    def _add_step(self, *batch: tf.Tensor, share: tf.Tensor, stop: tf.Tensor) -> tf.Tensor:
        gradients, sums = self._gradients_of(batch, share, stop)
        for kept, gradient in zip(self._gradients, gradients, strict=True):
            kept.assign_add(gradient)
        return sums

    def _apply_step(self) -> tf.Tensor:
        self.optimizer.apply([tf.identity(kept) for kept in self._gradients], self._learning)
        for kept in self._gradients:
            kept.assign(tf.zeros(kept.shape))
        return tf.constant(0.0)

    def _gradients_of(
        self, batch: Sequence[tf.Tensor], share: tf.Tensor, stop: tf.Tensor
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Gradients, and (loss, correct, pictures, not finite, asked to stop), added up over the devices."""
        images, targets, *weights = batch
        pictures = tf.cast(tf.shape(targets)[0], tf.float32)
        with tf.GradientTape() as tape:
            scores, probabilities = self._forward(images, True)
            losses = self._per_picture(targets, scores)
            loss = tf.reduce_sum(losses * weights[0] if weights else losses)
            penalties = self.model.losses
            whole = (loss + pictures * tf.add_n(penalties) if penalties else loss) * share
            scaled = self.optimizer.scale_loss(whole)
        gradients = [
            tf.convert_to_tensor(gradient) if gradient is not None else tf.zeros_like(variable.value)
            for gradient, variable in zip(tape.gradient(scaled, self._learning), self._learning, strict=True)
        ]
        half = isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer)
        # In half precision the optimizer itself skips what is not finite, and lowers its scale.
        bad = tf.constant(False) if half else ~tf.math.is_finite(tf.linalg.global_norm(gradients))
        sums = tf.stack([loss, self._correct(targets, probabilities), pictures, tf.cast(bad, tf.float32), stop])
        *gradients, sums = added_up(self.strategy, [*gradients, sums])
        return gradients, sums

    def _judge_step(self, images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        scores, probabilities = self._forward(images, False)
        loss = tf.reduce_sum(self._per_picture(targets, scores))
        pictures = tf.cast(tf.shape(targets)[0], tf.float32)
        return added_up(self.strategy, [tf.stack([loss, self._correct(targets, probabilities), pictures])])[0]

    def _correct(self, targets: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        right = tf.equal(tf.argmax(self._class_targets(targets), axis=-1), tf.argmax(probabilities, axis=-1))
        return tf.reduce_sum(tf.cast(right, tf.float32))

    def _average_step(self, decay: tf.Tensor) -> None:
        for mean, variable in zip(self._mean, self._learning, strict=True):
            mean.assign_add((1 - decay) * (tf.cast(variable.value, mean.dtype) - mean))


def forward_of(model: keras.Model, backbone: str | None) -> Forward:
    """The whole network; its backbone, where one is named, as it works when the network is used, not learning."""
    outputs = _head_outputs(model)
    if backbone is None:
        whole = keras.Model(model.input, outputs)
        return lambda images, training: tuple(whole(images, training=training))
    features = model.get_layer("features").output
    body, head = keras.Model(model.input, features), keras.Model(features, outputs)
    return lambda images, training: tuple(head(body(images, training=False), training=training))


def head_forward(model: keras.Model) -> Forward:
    """The network from `features` on, over features in place of pictures."""
    head = keras.Model(model.get_layer("features").output, _head_outputs(model))
    return lambda features, training: tuple(head(features, training=training))


def _head_outputs(model: keras.Model) -> list[Any]:
    """[raw outputs of the head, probabilities]; the raw outputs of a plain softmax are the layer `logits`."""
    names = {layer.name for layer in model.layers}
    return [model.get_layer("scores" if "scores" in names else "logits").output, model.output]
