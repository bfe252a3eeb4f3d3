"""k-means: many points stood for by a few."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_ROUNDS = 100


def centres_of(points: Points, count: int, least: int, seed: int) -> Points:
    """Centres such that the points lie near one of them.

    The first are drawn one after the other, each with a chance in proportion to the squared distance to the nearest
    one so far; then each moves to the mean of the points that are nearest to it, until none moves. Those of too few
    points are taken away, and the others move again.

    Args:
        points: float64 (n, k).
        count: at least 1; of fewer distinct points, each is a centre.
        least: points that a centre is the mean of, at least, unless it is the only one.
        seed: of the draw.

    Returns:
        float64 (c, k), c at most `count`.

    Reference: Lloyd, Least squares quantization in PCM, 1982; Arthur & Vassilvitskii, k-means++, 2007.
    """
    random = np.random.default_rng(seed)
    centres = points[random.integers(len(points))][None]
    nearest = squares(points, centres)[:, 0]
    while len(centres) < count and nearest.any():
        drawn = points[random.choice(len(points), p=nearest / nearest.sum())]
        centres = np.vstack([centres, drawn])
        nearest = np.minimum(nearest, squares(points, drawn[None])[:, 0])
    while True:
        centres = moved(points, centres)
        counts = np.bincount(_own(points, centres), minlength=len(centres))
        if counts.min() >= least or len(centres) == 1:
            return centres
        centres = centres[counts >= least] if counts.max() >= least else centres[:1]


def moved(points: Points, centres: Points) -> Points:
    """Centres after they have moved as far as they do; one that is nearest to no point stays where it is."""
    for _ in range(_ROUNDS):
        own = _own(points, centres)
        counts = np.bincount(own, minlength=len(centres))
        sums = np.zeros_like(centres)
        np.add.at(sums, own, points)
        means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
        if np.array_equal(means, centres):
            break
        centres = means
    return centres


def squares(points: Points, centres: Points) -> Points:
    """Squared distances, float64 (n, c), from differences: products would round a point upon its centre away from 0."""
    if len(points) < len(centres):
        return squares(centres, points).T
    return np.stack([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=1)


def _own(points: Points, centres: Points) -> NDArray[np.int64]:
    """The nearest centre of each point, by products, which are many times as fast."""
    nearest: NDArray[np.int64] = ((centres**2).sum(axis=1) - 2 * points @ centres.T).argmin(axis=1)
    return nearest
