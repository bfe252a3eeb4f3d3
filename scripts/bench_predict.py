"""Predicting with a finished run, as JSON.

    python scripts/bench_predict.py cold RUN IMAGE PAIRS     # whole processes, against scripts/keras_recipe.py predict
    python scripts/bench_predict.py folder RUN FOLDER PAIRS  # against decoding alone and the network alone

RUN has one network, a model.keras and a model.onnx. The memory of a whole process is the most that it had in pages of
any kind (ru_maxrss), that of the folder the anonymous one (RssAnon). On a busy machine the ratios of processor time are
the steadier ones.
"""

import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
TARGETS = {"cold": {"wall_ratio": 1 / 8, "memory_ratio": 1 / 3}, "folder": {"share_of_bound": 0.85}}


def cold(run: Path, image: Path, pairs: int) -> dict[str, object]:
    """One picture, from the start of the process to its end: cervinet, recipe, cervinet, recipe, …"""
    # The console script is in the way where the package is run from a clone by PYTHONPATH.
    ours = [sys.executable, "-c", "from cervinet.cli import main; main()", "predict"]
    commands = {
        "cervinet": [*ours, str(image), "--run", str(run), "--json"],
        "recipe": [sys.executable, str(HERE / "keras_recipe.py"), "predict", str(run / "model.keras"), str(image)],
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for pair in range(pairs + 1):
        for name, command in commands.items():
            seen = whole_process(command)
            if pair:  # the first has files read from the disk and byte code written
                found[name].append(seen)
    ratios = {
        f"{what}_ratio": round(
            statistics.median(one[key] / other[key] for one, other in zip(*found.values(), strict=True)), 4
        )
        for what, key in (("wall", "seconds"), ("cpu", "cpu_seconds"), ("memory", "peak_mib"))
    }
    return found | ratios | {"targets": TARGETS["cold"]}


def whole_process(command: list[str]) -> dict[str, float]:
    """Wall time, processor time and peak memory of a process that must end well."""
    start = time.perf_counter()
    child = os.fork()
    if not child:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execvp(command[0], command)
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return {
        "seconds": round(seconds, 3),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 3),
        "peak_mib": round(used.ru_maxrss / 1024, 1),
    }


def folder(run: Path, root: Path, pairs: int) -> dict[str, object]:
    """The rate of `Predictor.pictures` on a folder, against 1 / (1 / d + 1 / n), in this one process.

    d is the rate of reading, decoding and preparing the same files in as many threads as there are cores, n that of the
    network on batches in memory. Each is measured `pairs` times in turn.
    """
    import numpy as np

    from cervinet.data.decoding import decode_all
    from cervinet.environment import cores
    from cervinet.inference.inputs import pictures_named
    from cervinet.inference.predicting import BATCH
    from cervinet.inference.predictor import Predictor

    predictor = Predictor.load(run)
    pictures = pictures_named([root]).pictures
    prepare = predictor.prepare
    batch = np.stack([found.images[0] for _, found in decode_all(pictures[:BATCH], prepare)])
    memory: list[int] = []

    def whole() -> None:
        tenth = len(pictures) // 10
        for number, _ in enumerate(predictor.pictures(pictures), start=1):
            if number in (tenth, len(pictures)):
                memory.append(anonymous_kib())

    tasks: dict[str, Callable[[], object]] = {
        "decoding": lambda: sum(1 for _ in decode_all(pictures, prepare)),
        "network": lambda: [predictor.engine(batch) for _ in range(round(len(pictures) / BATCH))],
        "whole": whole,
    }
    rounds = [{name: spent(task) for name, task in tasks.items()} for _ in range(pairs)]
    shares = {
        kind: [(one["decoding"][n] + one["network"][n]) / one["whole"][n] for one in rounds]
        for n, kind in enumerate(("wall", "cpu"))
    }
    rates = {name: round(len(pictures) / statistics.median(one[name][0] for one in rounds), 1) for name in tasks}
    return {
        "pictures": len(pictures),
        "cores": cores(),
        "engine": predictor.engine.name,
        "pictures_per_second": rates,
        "shares_of_bound": [round(share, 3) for share in shares["wall"]],
        "share_of_bound": round(statistics.median(shares["wall"]), 3),
        "share_of_bound_in_cpu_time": round(statistics.median(shares["cpu"]), 3),
        "anonymous_mib_at_10_and_100_percent": [round(kib / 1024, 1) for kib in memory[:2]],
        "targets": TARGETS["folder"],
    }


def spent(task: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    task()
    return time.perf_counter() - wall, time.process_time() - cpu


def anonymous_kib() -> int:
    found = re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found.group(1)) if found else 0


if __name__ == "__main__":
    what, run, target, pairs = sys.argv[1:]
    print(json.dumps({"cold": cold, "folder": folder}[what](Path(run), Path(target), int(pairs)), indent=2))
