"""What stays the same of a picture that was re-encoded, resized or brightened, and how mirroring and turning change it.

A fingerprint is a block of the discrete cosine transform (DCT) of a small grey picture, weighted so that what all
pictures of a kind share (a bright middle, a dark surround) and the noise of the coding count little, and scaled to
length one. The scalar product of two fingerprints is then the correlation of the band-passed pictures. Mirroring only
turns the signs of the odd coefficients and turning by 90° transposes the block as well, so the eight orientations of a
picture come from one transform.

Reference: Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010 (the hash by signs of
low frequencies).
"""

import numpy as np
from numpy.typing import NDArray

THUMBNAIL = 40
"""Side of the small grey pictures, in pixels."""

BLOCK = 24
"""Frequencies kept along each side; what is above changes with the quality of the coding."""

# Standard deviations in thumbnail pixels of the two Gaussians whose difference is the band-pass. They and the sizes
# above were chosen where the least likeness of a copy lies furthest above the greatest of two patients, over four
# public sets; docs/decisions/0010-near-duplicates.md has the figures.
_FINE, _COARSE = 0.5, 2.0

FLATTEST = 0.75
"""Root mean square of the band-passed picture, in grey levels, below which there is noise but nothing to recognise."""

HASH_SIDE = 8
HASH_BITS = HASH_SIDE**2 - 1

ORIENTATIONS = (
    "",
    "mirrored left to right",
    "mirrored top to bottom",
    "turned by 180°",
    "mirrored along the diagonal",
    "turned by 90° clockwise",
    "turned by 90° anticlockwise",
    "mirrored along the other diagonal",
)
"""By number: bit 2 transposes, then bit 0 mirrors left to right and bit 1 top to bottom."""

_CHUNK = 4096


def fingerprints(thumbnails: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The fingerprints of small grey pictures.

    Args:
        thumbnails: uint8 (n, THUMBNAIL, THUMBNAIL), grey 0–255.

    Returns:
        float32 (n, BLOCK, BLOCK) of length one, and bool (n,): too flat to tell from noise. Flat ones are all zero.
    """
    basis, weights = _basis(), _weights()
    prints = np.empty((len(thumbnails), BLOCK, BLOCK), np.float32)
    flat = np.empty(len(thumbnails), bool)
    for start in range(0, len(thumbnails), _CHUNK):
        part = slice(start, start + _CHUNK)
        block = basis @ thumbnails[part].astype(np.float32) @ basis.T * weights
        length = np.sqrt((block**2).sum(axis=(1, 2), keepdims=True))
        flat[part] = length[:, 0, 0] < FLATTEST * THUMBNAIL  # Parseval: the length is the RMS times the side
        prints[part] = np.where(length < FLATTEST * THUMBNAIL, 0, block / np.maximum(length, 1e-6))
    return prints, flat


def oriented(prints: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """The fingerprints of the same pictures mirrored or turned.

    Args:
        prints: float32 (n, k, k).
        orientation: a number of ORIENTATIONS.
    """
    turned = prints.transpose(0, 2, 1) if orientation & 4 else prints
    result: NDArray[np.float32] = turned * _signs(prints.shape[1], orientation).astype(np.float32)
    return result


def signs(prints: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The hash: which of the low frequencies are positive, bool (n, HASH_BITS)."""
    return (prints[:, :HASH_SIDE, :HASH_SIDE] > 0).reshape(len(prints), HASH_SIDE**2)[:, 1:]


def oriented_signs(bits: NDArray[np.bool_], orientation: int) -> NDArray[np.bool_]:
    """The hashes of the same pictures mirrored or turned, bool (n, HASH_BITS)."""
    places = np.arange(HASH_SIDE**2).reshape(HASH_SIDE, HASH_SIDE)
    places = (places.T if orientation & 4 else places).ravel()[1:] - 1
    negative = (_signs(HASH_SIDE, orientation) < 0).ravel()[1:]
    return bits[:, places] ^ negative


def likeness(first: NDArray[np.float32], second: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """How alike pairs of pictures are in the orientation that suits them best.

    Args:
        first: fingerprints, float32 (n, BLOCK, BLOCK).
        second: the same number.

    Returns:
        float32 (n,): the correlation, -1 to 1; and int (n,): the orientation that makes the second from the first,
        the plainest one where several serve as well.
    """
    transposed = first.transpose(0, 2, 1)
    found = np.empty((len(ORIENTATIONS), len(first)), np.float32)
    for turned, start in ((first, 0), (transposed, 4)):
        product = turned * second
        # Sums over even and odd rows and columns: each orientation only adds them with other signs.
        parts = [[product[:, row::2, column::2].sum(axis=(1, 2)) for column in (0, 1)] for row in (0, 1)]
        for mirrored in range(4):
            across, down = 1 - 2 * (mirrored & 1), 1 - (mirrored & 2)
            found[start + mirrored] = parts[0][0] + across * parts[0][1] + down * (parts[1][0] + across * parts[1][1])
    # Rounding must not decide between orientations of a symmetrical picture.
    best = np.argmax(found > found.max(axis=0) - 1e-4, axis=0)
    return found[best, np.arange(len(first))], best


def _signs(side: int, orientation: int) -> NDArray[np.int64]:
    parity = 1 - 2 * (np.arange(side) % 2)
    across = parity if orientation & 1 else np.ones(side, int)
    down = parity if orientation & 2 else np.ones(side, int)
    return np.outer(down, across)


def _basis() -> NDArray[np.float32]:
    """Rows of the orthonormal DCT-II that are kept, (BLOCK, THUMBNAIL)."""
    frequency, place = np.arange(BLOCK)[:, None], np.arange(THUMBNAIL)[None]
    basis = np.sqrt(2 / THUMBNAIL) * np.cos(np.pi * frequency * (place + 0.5) / THUMBNAIL)
    basis[0] = np.sqrt(1 / THUMBNAIL)
    return np.asarray(basis, np.float32)


def _weights() -> NDArray[np.float32]:
    """The band-pass by frequency: with mirrored edges a Gaussian blur only scales each coefficient."""
    squared = (np.pi * np.arange(BLOCK) / THUMBNAIL) ** 2
    squared = squared[:, None] + squared[None]
    return (np.exp(-(_FINE**2) * squared / 2) - np.exp(-(_COARSE**2) * squared / 2)).astype(np.float32)
