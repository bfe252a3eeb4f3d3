"""How unlike the pictures of training a picture is, by how it looks and by what the network made of it."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cervinet.errors import CervinetError
from cervinet.files import replacing
from cervinet.inference.centres import centres_of, squares
from cervinet.inference.limits import upper_limit

CENTRES = 32
"""At most: kinds of pictures that the training pictures are divided into."""

_PER_CENTRE, _LEAST_PER_CENTRE = 10, 5
"""Training pictures, on average and at least: a centre is a mean of several, and tells little of any one patient."""

_LEAST = 1e-6
"""The smallest threshold, where the validation pictures lie upon the centres."""

_FIELDS = ("mean", "weight", "centres", "threshold")


@dataclass(frozen=True, eq=False)
class Space:
    """A distance to the nearest centre of the training pictures, in standard deviations of these.

    Attributes:
        mean: float32 (k,), of the training pictures.
        weight: float32 (k,), one divided by their standard deviation; 0 where they do not differ.
        centres: float32 (c, k), by k-means, after the mean was taken off and the weight applied.
        threshold: positive.
    """

    mean: NDArray[np.float32]
    weight: NDArray[np.float32]
    centres: NDArray[np.float32]
    threshold: float

    @classmethod
    def fit(cls, training: NDArray[np.float32], validation: NDArray[np.float32], share: float) -> "Space":
        """Centres of training pictures, float32 (n, k), and the distance that a share of others is to exceed.

        Distances are skewed, so that the limit is one of their logarithms.
        """
        mean, spread = training.mean(axis=0), training.std(axis=0)
        # Rounding leaves a spread where all values are the same.
        varies = spread > 1e-6 * np.maximum(1, np.abs(mean))
        weight = np.where(varies, 1 / np.where(varies, spread, 1), 0).astype(np.float32)
        count = max(1, min(CENTRES, len(training) // _PER_CENTRE))
        centres = centres_of(((training - mean) * weight).astype(np.float64), count, _LEAST_PER_CENTRE, seed=0)
        space = cls(mean, weight, centres.astype(np.float32), 1.0)
        distances = np.log(np.maximum(space.score(validation), _LEAST))
        return cls(mean, weight, space.centres, float(np.exp(upper_limit(distances, share))))

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of float32 (n, k): float64 (n,), not negative, in units of the threshold; infinite for what is not finite."""
        moved = (features.astype(np.float64) - self.mean) * self.weight
        nearest = squares(moved, self.centres.astype(np.float64)).min(axis=1)
        distances: NDArray[np.float64] = np.sqrt(nearest / len(self.mean)) / self.threshold
        return np.where(np.isfinite(distances), distances, np.inf)


@dataclass(frozen=True, eq=False)
class Likeness:
    """The spaces in which pictures are compared, by name: "look", and "embedding" of a network that has one."""

    spaces: Mapping[str, Space]

    @classmethod
    def fit(
        cls, training: Mapping[str, NDArray[np.float32]], validation: Mapping[str, NDArray[np.float32]], share: float
    ) -> "Likeness":
        """Fitted on training pictures, float32 (n, k) in each space, its thresholds on validation pictures.

        Each space may flag an equal part of the share, so that all together flag no more than the whole.
        """
        part = share / len(training)
        return cls({name: Space.fit(training[name], validation[name], part) for name in training})

    def score(self, looks: NDArray[np.float32], embedding: NDArray[np.float32] | None) -> NDArray[np.float64]:
        """The highest score in any space.

        Args:
            looks: of pictures, float32 (n, 21), see `data.look`.
            embedding: what the network made of them, float32 (n, k).

        Returns:
            float64 (n,), not negative; above 1: unlike the pictures of training.
        """
        found = [self.spaces["look"].score(looks)]
        if "embedding" in self.spaces and embedding is not None:
            found.append(self.spaces["embedding"].score(embedding))
        highest: NDArray[np.float64] = np.max(found, axis=0)
        return highest

    def save(self, path: Path) -> None:
        """Write plain arrays, `SPACE.FIELD`, whole or not at all."""
        arrays = {f"{name}.{field}": getattr(space, field) for name, space in self.spaces.items() for field in _FIELDS}
        with replacing(path) as temporary:
            np.savez(temporary, **arrays)

    @classmethod
    def load(cls, path: Path) -> "Likeness":
        """What `save` wrote. Raises CervinetError where it is something else; nothing in it is ever run."""
        try:
            if not zipfile.is_zipfile(path):  # NumPy would advise to open it in the unsafe way
                raise ValueError("it is not a whole npz file")
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                names = dict.fromkeys(key.partition(".")[0] for key in arrays)
                spaces = {name: _space(*(arrays[f"{name}.{field}"] for field in _FIELDS)) for name in names}
            if not {"look"} <= set(spaces) <= {"look", "embedding"}:
                raise ValueError(f"its spaces are {', '.join(spaces) or 'none'}")
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            reason = str(error).strip("'\"").splitlines()[0]
            raise CervinetError(
                f"{path} must hold the distances by which pictures are compared with those of training; it cannot be "
                f"read: {reason}; train again"
            ) from None
        return cls(spaces)


def _space(
    mean: NDArray[np.float32], weight: NDArray[np.float32], centres: NDArray[np.float32], threshold: NDArray[np.float64]
) -> Space:
    shapes = mean.shape, weight.shape, centres.shape[1:]
    if mean.ndim != 1 or centres.ndim != 2 or len(set(shapes)) > 1 or not len(centres) or threshold.shape:
        raise ValueError(f"its arrays do not fit each other: {mean.shape}, {weight.shape}, {centres.shape}")
    if not all(np.isfinite(one).all() for one in (mean, weight, centres, threshold)) or threshold <= 0:
        raise ValueError("it has numbers that are none, or a threshold that is not positive")
    return Space(mean, weight, centres, float(threshold))
