"""An epoch of two processes on this machine, which share its cores, against an epoch of one.

    python scripts/bench_workers.py ROOT PAIRS

Seconds are those of `history.csv`, the median over all epochs but the first, which compiles. Prints one JSON line.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CONFIG = Path(__file__).parents[1] / "configs" / "cervix_cnn.yaml"
CERVINET = str(Path(sys.executable).with_name("cervinet"))
SETTINGS = ["training.epochs=3", "training.augment={}", "data.image_size=[192, 192]"]


def main() -> None:
    root, pairs = sys.argv[1], int(sys.argv[2])
    seconds: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory(prefix="cervinet-bench-") as folder:
        os.environ["CERVINET_CACHE"] = str(Path(folder) / "cache")
        for pair in range(pairs):
            for count, found in seconds.items():
                found.append(epoch(root, Path(folder) / f"run-{count}-{pair}", count, 12_340 + 4 * pair))
    ratio = statistics.median(two / one for one, two in zip(seconds[1], seconds[2], strict=True))
    print(json.dumps({"one_seconds": seconds[1], "two_seconds": seconds[2], "ratio": round(ratio, 3)}))


def epoch(root: str, run: Path, count: int, port: int) -> float:
    cluster = {"worker": [f"127.0.0.1:{port + number}" for number in range(count)]}
    command = [CERVINET, "train", "--config", str(CONFIG), "--run-dir", str(run), "--quiet", f"data.root={root}"]
    started = []
    for number in range(count):
        config = {"cluster": cluster, "task": {"type": "worker", "index": number}}
        environment = os.environ | {"TF_CONFIG": json.dumps(config)}
        started.append(subprocess.Popen([*command, *SETTINGS], env=environment, stdout=subprocess.DEVNULL))
    codes = [process.wait() for process in started]
    if any(codes):
        raise SystemExit(f"training with {count} processes failed")
    rows = (run / "history.csv").read_text().splitlines()
    return statistics.median(float(row.rpartition(",")[2]) for row in rows[2:])


if __name__ == "__main__":
    main()
