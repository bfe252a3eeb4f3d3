"""Pairs of pictures of one batch made into one, with their labels: MixUp and CutMix.

MixUp: Zhang et al. 2018, arXiv:1710.09412. CutMix: Yun et al. 2019, arXiv:1905.04899. Each picture of a batch is
mixed or not on its own. All draws come from (seed, epoch, position in the epoch).
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.amount import Amount

# Keeps these draws apart from those of `augment`, whose key has the seed and the copy in this place.
_STREAM = 1 << 63

Batch = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]


def mixed(batch: Batch, *, mixup: Amount, cutmix: Amount, seed: int, epoch: int, first: int) -> Batch:
    """A batch in which some pictures hold a part of another one of the same batch.

    Args:
        batch: images uint8 (b, height, width, 3), labels float32 (b, outputs), weights float32 (b,).
        mixup: its strength is alpha of the Beta distribution that the shares are drawn from.
        cutmix: the same; the two probabilities sum to at most 1.
        seed: of the run.
        epoch: counted from 0.
        first: position in the epoch of the first picture of the batch.

    Returns:
        The same kind of batch, anew. Labels and weights are mixed in the same shares as the pixels.
    """
    images, labels, weights = batch
    partners = _generator(seed, epoch, first, 1).permutation(len(images))
    result, shares = images.copy(), np.ones(len(images))
    for place, partner in enumerate(partners.tolist()):
        generator = _generator(seed, epoch, first + place, 0)
        chance, row, column = generator.random(3).tolist()
        if chance < mixup.probability:
            shares[place] = generator.beta(mixup.strength, mixup.strength)
            result[place] = blended(images[place], images[partner], shares[place])
        elif chance < mixup.probability + cutmix.probability:
            share = float(generator.beta(cutmix.strength, cutmix.strength))
            rows, columns, shares[place] = box_of(share, images.shape[1:3], (row, column))
            result[place, rows, columns] = images[partner, rows, columns]
    mine = shares.astype(np.float32)
    return (
        result,
        mine[:, None] * labels + (1 - mine)[:, None] * labels[partners],
        mine * weights + (1 - mine) * weights[partners],
    )


def blended(image: NDArray[np.uint8], partner: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """`share` of one picture and the rest of the other, rounded."""
    return cv2.addWeighted(image, share, partner, 1 - share, 0)  # type: ignore[return-value]


def box_of(share: float, size: tuple[int, ...], centre: tuple[float, float]) -> tuple[slice, slice, float]:
    """The box that the partner fills, of the shape of the picture and cut off at its edge.

    Args:
        share: of the picture itself; the box has the rest of the area.
        size: (height, width).
        centre: (row, column) as fractions of height and width.

    Returns:
        Rows, columns, and the share that the picture really keeps.
    """
    side = math.sqrt(1 - share)
    slices = []
    for place, extent in zip(centre, size, strict=True):
        start = round(extent * (place - side / 2))
        slices.append(slice(max(start, 0), min(max(start + round(extent * side), 0), extent)))
    rows, columns = slices
    area = (rows.stop - rows.start) * (columns.stop - columns.start)
    return rows, columns, 1 - area / (size[0] * size[1])


def _generator(seed: int, epoch: int, position: int, purpose: int) -> np.random.Generator:
    # As uint64: NumPy makes floats, which round, of a list with an integer of 2**63 and a smaller one.
    key = np.array([_STREAM | (purpose << 32) | seed, (epoch << 40) | position], np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
