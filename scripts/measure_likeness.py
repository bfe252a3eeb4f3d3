"""How far copies of a picture lie from pictures of other patients; for docs/decisions/0010-near-duplicates.md.

    python scripts/measure_likeness.py

For each set of pictures under $CERVINET_REAL_DATA: the greatest likeness of two of its pictures, all pairs in all
orientations compared, and the least and second-percentile likeness of copies of 100 of them, by what was done to the
copy; with the bits in which the hashes of copies differ. The ultrasound sample and the stained cells hold several
pictures of a patient, and so pairs that are truly alike; the greatest ten are given. Prints JSON.
"""

import json
import os
from pathlib import Path

import cv2
import numpy as np

from cervinet.data.audit.fingerprint import THUMBNAIL, fingerprints, likeness, oriented, oriented_signs, signs
from cervinet.data.preprocess import stretch

SETS = {
    "cervices": "intel-mobileodt-512/train/*/*.jpg",
    "skin lesions": "ham10000-128/*/*.jpg",
    "breast ultrasound": "busi-sample/*/*).png",
    "stained cells": "herlev/*/*/*.jpg",
}
COPIES = {
    "quality 60": lambda image: jpeg(image, 60),
    "half size": lambda image: jpeg(scaled(image, 0.5), 90),
    "quarter size": lambda image: jpeg(scaled(image, 0.25), 90),
    "1.7 times the size": lambda image: jpeg(scaled(image, 1.7), 90),
    "mirrored": lambda image: jpeg(image[:, ::-1], 80),
    "turned": lambda image: jpeg(np.rot90(image), 80),
    "30 levels brighter": lambda image: jpeg((image.astype(int) + 30).clip(0, 255), 90),
    "30 levels darker": lambda image: jpeg((image.astype(int) - 30).clip(0, 255), 90),
    "1.3 times as bright": lambda image: jpeg((image * 1.3).clip(0, 255), 90),
    "0.6 times as bright": lambda image: jpeg(image * 0.6, 90),
}


def main() -> None:
    root, random, result = Path(os.environ["CERVINET_REAL_DATA"]), np.random.default_rng(0), {}
    for name, pattern in SETS.items():
        images = [cv2.imread(str(path)) for path in sorted(root.glob(pattern))]
        originals = fingerprints(np.stack([thumbnail(image) for image in images]))[0]
        chosen = random.choice(len(images), min(100, len(images)), replace=False)
        kinds = {}
        for kind, change in COPIES.items():
            copies = fingerprints(np.stack([thumbnail(change(images[row])) for row in chosen]))[0]
            alike, orientation = likeness(originals[chosen], copies)
            bits = np.concatenate(
                [
                    oriented_signs(signs(originals[[row]]), number)
                    for row, number in zip(chosen, orientation, strict=True)
                ]
            )
            kinds[kind] = {
                "least": round(float(alike.min()), 3),
                "percentile_2": round(float(np.quantile(alike, 0.02)), 3),
                "most_bits": int((bits != signs(copies)).sum(axis=1).max()),
            }
        result[name] = {"pictures": len(images), "likest_ten": likest(originals), "copies": kinds}
    print(json.dumps(result, indent=2))


def likest(prints: np.ndarray, count: int = 10) -> list[float]:
    """The greatest likenesses of two different pictures."""
    best = np.full((len(prints), len(prints)), -1, np.float32)
    for number in range(8):
        turned = oriented(prints, number).reshape(len(prints), -1)
        np.maximum(best, turned @ prints.reshape(len(prints), -1).T, out=best)
    values = best[np.triu_indices(len(prints), 1)]
    return [round(float(value), 3) for value in np.sort(np.partition(values, -count)[-count:])[::-1]]


def thumbnail(image: np.ndarray) -> np.ndarray:
    return stretch(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (THUMBNAIL, THUMBNAIL))


def scaled(image: np.ndarray, factor: float) -> np.ndarray:
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    code = cv2.imencode(".jpg", np.ascontiguousarray(image, np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(code, cv2.IMREAD_COLOR)


if __name__ == "__main__":
    main()
