"""Times of decoding and preparing, as JSON: `python scripts/bench_decode.py FOLDER_OF_JPEGS`.

Each ratio is of medians over interleaved rounds in this one process. The 12-megapixel files are the folder's
pictures enlarged, without and with the grain (σ = 3 grey levels) that a camera would have added.
"""

import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from cervinet.data.decode import decode
from cervinet.data.preprocess import letterbox

SIZE = (256, 256)


def medians(tasks: list[Callable[[], object]], rounds: int) -> list[float]:
    seconds: list[list[float]] = [[] for _ in tasks]
    for _ in range(rounds):
        for spent, task in zip(seconds, tasks, strict=True):
            start = time.perf_counter()
            task()
            spent.append(time.perf_counter() - start)
    return [statistics.median(spent) for spent in seconds]


def small(files: list[bytes]) -> dict[str, float]:
    bare, whole = medians(
        [
            lambda: [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in files],
            lambda: [decode(data) for data in files],
        ],
        rounds=15,
    )
    return {
        "imdecode_ms": 1e3 * bare / len(files),
        "decode_ms": 1e3 * whole / len(files),
        "ratio": whole / bare,
    }


def large(data: bytes, grain: float) -> dict[str, float]:
    image = np.asarray(Image.open(io.BytesIO(data)).convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC))
    noise = np.random.default_rng(0).normal(0, grain, (3000, 4000, 1))
    buffer = io.BytesIO()
    Image.fromarray((image + noise).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=92)
    file = buffer.getvalue()
    full, reduced = medians(
        [lambda: letterbox(decode(file), SIZE), lambda: letterbox(decode(file, at_least=SIZE), SIZE)], rounds=7
    )
    psnr = cv2.PSNR(letterbox(decode(file), SIZE), letterbox(decode(file, at_least=SIZE), SIZE))
    return {
        "grain": grain,
        "kilobytes": len(file) // 1000,
        "full_ms": 1e3 * full,
        "reduced_ms": 1e3 * reduced,
        "ratio": reduced / full,
        "psnr_db": psnr,
    }


def main(folder: str) -> None:
    paths = sorted(Path(folder).rglob("*.jpg"))
    files = [path.read_bytes() for path in paths[:: max(1, len(paths) // 70)]]
    result = {
        "opencv": cv2.__version__,
        "small": small(files),
        "large": [large(data, grain) for data in files[::24] for grain in (0, 3)],
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main(sys.argv[1])
