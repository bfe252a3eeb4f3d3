"""What an audit costs, as JSON: `python scripts/bench_audit.py [PICTURES]`.

Makes that many small JPEGs (100,000 unless given), of which one in fifty is a copy of another in one of the ways that
the audit looks for, and audits them in processes of their own with empty caches: without and with near-duplicates.
It is all from the folder to the divided pictures and their findings; the ratio is to reading the same files and
`cv2.imdecode` alone in as many threads.
"""

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.auditing import Audited, audited
from cervinet.config import check
from cervinet.data.audit.components import components
from cervinet.environment import cores
from cervinet.progress import Silent
from cervinet.yaml_source import Source
from peak_memory import watched

SIDE = 96
EVERY = 50
COPIES = {
    "re-encoded": lambda image: image,
    "halved": lambda image: cv2.resize(image, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "turned": lambda image: np.ascontiguousarray(np.rot90(image)),
    "brightened": lambda image: cv2.add(image, np.full_like(image, 30)),
}


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="cervinet-bench-") as folder:
        planted = generate(Path(folder) / "pictures", count)
        results = {"pictures": count, "threads": cores()}
        for name, near in (("without_near_duplicates", "0"), ("with_near_duplicates", "1")):
            command = [
                sys.executable,
                __file__,
                "audit",
                str(Path(folder) / "pictures"),
                f"{folder}/cache-{near}",
                near,
            ]
            printed, peak = watched(command)
            found = json.loads(printed)
            parts = found.pop("components")
            if near == "1":
                kinds = [kind for kind, _, _ in planted]
                hits = [parts.get(a) == parts.get(b) is not None for _, a, b in planted]
                found["recall"] = {
                    kind: round(float(np.mean([hit for k, hit in zip(kinds, hits, strict=True) if k == kind])), 4)
                    for kind in COPIES
                }
                found["pairs_not_planted"] = found["pairs"] - sum(hits)
            results[name] = found | {"peak_anonymous_mib": round(peak / 1024)}
    print(json.dumps(results, indent=2))


def generate(root: Path, count: int) -> list[tuple[str, str, str]]:
    """Write the pictures; return (kind of copy, original, copy) of those planted."""
    random = np.random.default_rng(1)
    planted = []
    last, image = "", np.empty(0, np.uint8)
    for number in range(count):
        name = f"{'ab'[number // 2 % 2]}/{number // 1000:03d}/{number:06d}.jpg"
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if number % EVERY == 1:
            kind = list(COPIES)[number // EVERY % len(COPIES)]
            planted.append((kind, last, name))
            shown, quality = COPIES[kind](image), 75
        else:
            shown = image = texture(random)
            quality = 90
        (root / name).write_bytes(cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
        last = name
    return planted


def texture(random: np.random.Generator) -> NDArray[np.uint8]:
    """Coarse and fine structure on a field that is bright in the middle, as in endoscopic pictures."""
    field = np.zeros((SIDE, SIDE, 3), np.float32)
    for cells, strength in ((4, 20.0), (12, 18.0), (32, 10.0)):
        noise = random.normal(0, strength, (cells, cells, 3)).astype(np.float32)
        field += cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    place = np.linspace(-1, 1, SIDE, dtype=np.float32)
    middle = 170 - 80 * (place[:, None] ** 2 + place[None] ** 2)
    return (field + middle[..., None]).clip(0, 255).astype(np.uint8)


def audit(root: Path, cache: Path, near: bool) -> None:
    """All that `cervinet data check` does but its page, twice: with an empty cache and from memory; one JSON line."""
    plain = timed(lambda: decode_all(sorted(root.rglob("*.jpg"))))
    data = {
        "root": str(root),
        "cache": str(cache),
        "image_size": [SIDE, SIDE],
        "check": {"near_duplicates": "group" if near else "ignore"},
    }
    config = check(Source({"data": data, "model": {"architecture": "skin_cnn"}}))
    found: list[Audited] = []
    first, again = (timed(lambda: found.append(audited(config, Silent()))) for _ in range(2))
    images = found[0].whole.table["image"]
    copies = [one.rows for one in found[0].findings if one.kind in ("duplicates", "near_duplicates", "near_conflicts")]
    parts = components(len(images), ((rows[0], other) for rows in copies for other in rows[1:]))
    joined = {row for rows in copies for row in rows}
    result = {
        "seconds": round(first, 1),
        "seconds_again": round(again, 1),
        "imdecode_seconds": round(plain, 1),
        "ratio": round(first / plain, 2),
        "pairs": len(copies),
        "findings": len(found[0].findings),
        "components": {images[row]: int(parts[row]) for row in joined},
    }
    print(json.dumps(result))


def decode_all(paths: list[Path]) -> None:
    def decode(path: Path) -> None:
        cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)

    with ThreadPoolExecutor(cores()) as pool:
        for _ in pool.map(decode, paths):
            pass


def timed(action) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    if sys.argv[1:2] == ["audit"]:
        audit(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4] == "1")
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
