"""Times of augmentation against decoding, as JSON: `python scripts/bench_augment.py FOLDER_OF_JPEGS`.

200 pictures, chosen by a seed, are augmented at 256 × 256 as they come from the store, and decoded in full as they lie
on the disk, in turn on one thread. `ratio` is of the sums over all rounds. `threads` are pictures a second on one, two
and all cores.
"""

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from cervinet.config_augment import PRESETS, Augment
from cervinet.data.augment import Augmentation
from cervinet.data.preprocess import letterbox
from cervinet.environment import cores

SIZE = (256, 256)
PICTURES, BATCH, ROUNDS, REPEATS = 200, 20, 5, 10


def main(folder: str) -> None:
    cv2.setNumThreads(1)
    paths = sorted(Path(folder).rglob("*.jpg"))
    chosen = np.random.default_rng(0).permutation(len(paths))[:PICTURES]
    files = [np.frombuffer(paths[number].read_bytes(), np.uint8) for number in chosen]
    stored = np.stack([letterbox(cv2.imdecode(file, cv2.IMREAD_COLOR_RGB), SIZE) for file in files])
    result = {
        "opencv": cv2.__version__,
        "pictures": len(files),
        "presets": {name: against_decoding(files, stored, preset(name)) for name in PRESETS if name != "none"},
        "threads": scaling(stored, preset("medium")),
    }
    print(json.dumps(result, indent=2))


def preset(name: str) -> Augmentation:
    return Augmentation(**Augment.model_validate(name).changes())


def against_decoding(files: list[np.ndarray], stored: np.ndarray, augmentation: Augmentation) -> dict[str, float]:
    decoding = augmenting = 0.0
    for epoch in range(-1, ROUNDS):  # the first round fills the caches and does not count
        decoded = timed(lambda: [cv2.imdecode(file, cv2.IMREAD_COLOR) for file in files])
        augmented = timed(lambda epoch=epoch: view_all(stored, augmentation, max(epoch, 0)))
        if epoch >= 0:
            decoding, augmenting = decoding + decoded, augmenting + augmented
    done = ROUNDS * len(files)
    return {
        "imdecode_ms": round(1e3 * decoding / done, 4),
        "augment_ms": round(1e3 * augmenting / done, 4),
        "ratio": round(augmenting / decoding, 3),
    }


def scaling(stored: np.ndarray, augmentation: Augmentation) -> dict[str, float]:
    """Pictures a second by the number of threads, each batch on one of them; the best of the rounds."""
    rows = np.array_split(np.arange(len(stored)), len(stored) // BATCH) * REPEATS
    result = {}
    for threads in sorted({1, 2, cores()}):
        with ThreadPoolExecutor(threads) as pool:
            seconds = min(
                timed(lambda pool=pool: list(pool.map(lambda part: view(stored, augmentation, 0, part), rows)))
                for _ in range(ROUNDS)
            )
        result[str(threads)] = round(len(stored) * REPEATS / seconds)
    return result | {"two_over_one": round(result["2"] / result["1"], 2)}


def view_all(stored: np.ndarray, augmentation: Augmentation, epoch: int) -> None:
    for rows in np.array_split(np.arange(len(stored)), len(stored) // BATCH):
        view(stored, augmentation, epoch, rows)


def view(stored: np.ndarray, augmentation: Augmentation, epoch: int, rows: np.ndarray) -> None:
    augmentation.views(stored[rows], seed=1, epoch=epoch, indices=rows)


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(sys.argv[1])
