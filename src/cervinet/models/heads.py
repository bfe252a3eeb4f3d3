"""The end of a network: from features to raw scores, and from scores to the probability of each class.

Stock Keras layers and operations only, so that stock Keras opens what is saved. Keras is imported on use: a config is
checked against its head without TensorFlow.
"""

from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

Kind = Literal["softmax", "sigmoid", "conditional", "cumulative", "hierarchical"]


@dataclass(frozen=True)
class Head:
    """What the scores of a network mean.

    | kind | scores | probabilities of the classes |
    |---|---|---|
    | softmax | one a class | softmax |
    | sigmoid | one, z | 1 - σ(z) and σ(z) |
    | conditional | class - 1, ordered classes | σ(score k): that it is above class k if it is above class k - 1 |
    | cumulative | one a class, ordered classes | σ(threshold k - location): that it is at most class k |
    | hierarchical | one a sub-class | sums of a softmax over the sub-classes |

    Scores of a cumulative head are the location, the first threshold, and for each further threshold d with the
    distance softplus(d) from the one before; only the location depends on the picture (McCullagh 1980, J. R. Statist.
    Soc. B 42, proportional odds).

    Attributes:
        kind: as above.
        classes: how many.
        sizes: how many sub-classes each class has, of a hierarchical head; they stand class after class.
    """

    kind: Kind
    classes: int
    sizes: tuple[int, ...] = ()

    @property
    def units(self) -> int:
        """How many scores a picture has."""
        few = {"sigmoid": 1, "conditional": self.classes - 1, "hierarchical": sum(self.sizes)}
        return few.get(self.kind, self.classes)

    @property
    def targets(self) -> int:
        """How many numbers the target of a picture has: one a class, or one a sub-class."""
        return sum(self.sizes) or self.classes

    @property
    def scores_layer(self) -> str:
        """The layer whose output float32 (n, units) a loss takes."""
        return "logits" if self.kind == "softmax" else "scores"

    def build(self, features: Any) -> Any:
        """Probabilities float32 (n, classes) of features (n, f), by layers `scores`, `logits` and `probabilities`.

        The softmax of `logits` are the probabilities. With a softmax head `logits` are the scores; a hierarchical head
        also has `subclass_probabilities` (n, sub-classes), which its probabilities are sums of.
        """
        from keras import layers, ops

        # float32 under any policy: a half-precision softmax loses small probabilities.
        def named(name: str, values: Any, activation: str = "linear") -> Any:
            return layers.Activation(activation, name=name, dtype="float32")(values)

        if self.kind == "softmax":
            logits = layers.Dense(self.units, name="logits", dtype="float32")(features)
            return named("probabilities", logits, "softmax")
        if self.kind == "cumulative":
            location = layers.Dense(1, use_bias=False, name="location", dtype="float32")(features)
            # A stock layer that holds numbers of its own: what it makes of a constant 1.
            thresholds = layers.Dense(
                self.classes - 1, use_bias=False, kernel_initializer="zeros", name="thresholds", dtype="float32"
            )(ops.ones_like(location))
            scores = layers.Concatenate(name="scores", dtype="float32")([location, thresholds])
        else:
            scores = layers.Dense(self.units, name="scores", dtype="float32")(features)
        logits = named("logits", self.log_probabilities(scores))
        if self.kind != "hierarchical":
            return named("probabilities", logits, "softmax")
        # The log of the sum of all is 0 but for rounding; without a part in the output the logits were no layer.
        fine = ops.exp(ops.log_softmax(scores) - ops.logsumexp(logits, axis=-1, keepdims=True))
        return named("probabilities", self.of_classes(named("subclass_probabilities", fine)))

    def log_probabilities(self, scores: Any) -> Any:
        """The logarithm of the probability of each class, float32 (n, classes), finite for any finite scores."""
        from keras import ops

        if self.kind == "softmax":
            return ops.log_softmax(scores)
        if self.kind == "hierarchical":
            groups = self._groups(ops.log_softmax(scores))
            return ops.concatenate([ops.logsumexp(one, axis=-1, keepdims=True) for one in groups], axis=-1)
        if self.kind == "cumulative":
            return self._cumulative(scores)
        # A sigmoid is a chain of one link.
        none = ops.zeros_like(scores[:, :1])
        stays = ops.concatenate([ops.log_sigmoid(-scores), none], axis=-1)
        return stays + ops.concatenate([none, ops.cumsum(ops.log_sigmoid(scores), axis=-1)], axis=-1)

    def of_classes(self, targets: Any) -> Any:
        """Numbers of each sub-class, (n, targets), summed for each class, (n, classes)."""
        from keras import ops

        if self.kind != "hierarchical":
            return targets
        # Not by a matrix of 0 and 1: a GPU may multiply matrices in 10 bits.
        return ops.concatenate([ops.sum(one, axis=-1, keepdims=True) for one in self._groups(targets)], axis=-1)

    def _groups(self, values: Any) -> Any:
        from keras import ops

        return ops.split(values, list(accumulate(self.sizes))[:-1], axis=-1)

    def _cumulative(self, scores: Any) -> Any:
        """No difference is taken: σ(b) - σ(a), with the next threshold b = a + softplus(d), is σ(b) σ(-a) σ(d)."""
        from keras import ops

        location, first, distances = scores[:, :1], scores[:, 1:2], scores[:, 2:]
        thresholds = ops.cumsum(ops.concatenate([first, ops.softplus(distances)], axis=-1), axis=-1) - location
        none = ops.zeros_like(location)
        at_most = ops.concatenate([ops.log_sigmoid(thresholds), none], axis=-1)
        above = ops.concatenate([none, ops.log_sigmoid(-thresholds)], axis=-1)
        return at_most + above + ops.concatenate([none, ops.log_sigmoid(distances), none], axis=-1)
