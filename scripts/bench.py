"""cervinet against a plain Keras recipe, side by side on this machine. Prints one JSON object.

    make bench                                     # everything, about an hour on two cores
    python scripts/bench.py --only help decode     # some rows

Pictures: the folder intel-mobileodt-512/train of $CERVINET_REAL_DATA, or phantoms where it is absent (and the result
says which). Every ratio is the median over interleaved pairs: cervinet, recipe, cervinet, recipe, …
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from peak_memory import watched

HERE = Path(__file__).parent
CERVINET = str(Path(sys.executable).with_name("cervinet"))
# What the recipe's augmentation layers do, on a black ground as there.
AUGMENT = (
    "training.augment={horizontal_flip: 0.5, vertical_flip: 0.5, rotation: 90, zoom: [0.8, 1.1], contrast: 0.2, "
    "fill: black}"
)
LIKE_THE_RECIPE = [
    "data.image_size=[256, 256]",
    "data.preprocess=[letterbox]",
    "training.schedule=constant",
    "training.loss=cross_entropy",
    "evaluation.report=false",
]
EPOCHS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()
    results: dict[str, object] = {"cores": os.cpu_count(), "pairs": arguments.pairs}
    with tempfile.TemporaryDirectory(prefix="cervinet-bench-") as folder:
        os.environ["CERVINET_CACHE"] = str(Path(folder) / "cache")
        root, results["pictures"] = pictures(Path(folder))
        for name in arguments.only:
            print(f"{name} …", file=sys.stderr, flush=True)
            results[name] = ROWS[name](root, Path(folder), arguments.pairs)
    print(json.dumps(results, indent=2))


def pictures(folder: Path) -> tuple[Path, str]:
    real = Path(os.environ.get("CERVINET_REAL_DATA", "")) / "intel-mobileodt-512" / "train"
    if real.is_dir():
        return real, "Intel & MobileODT, 1,481 pictures of 512 × 512"
    from cervinet.data.phantoms.phantom import write_phantoms

    return write_phantoms(folder / "pictures", count=1481, size=(512, 512), photographs=3, seed=1), "1,481 phantoms"


def plain(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    return against_recipe(root, folder, pairs, [], [])


def augmented(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    return against_recipe(root, folder, pairs, [AUGMENT], ["--augment"])


def against_recipe(root: Path, folder: Path, pairs: int, settings: list[str], options: list[str]) -> dict[str, object]:
    """Five epochs from scratch with the same pictures in the same splits and the same batch size."""
    split = splits_as_folders(root, folder)
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    for pair in range(pairs):
        # A cold cache: the whole process decodes and prepares every picture, as the recipe does.
        os.environ["CERVINET_CACHE"] = str(folder / f"cold-{len(settings)}-{pair}")
        run = folder / f"run-{len(settings)}-{pair}"
        start = time.perf_counter()
        train(root, run, settings)
        total = time.perf_counter() - start
        ours.append({"fit": json.loads((run / "status.json").read_text())["seconds"]["fit"], "total": total})
        start = time.perf_counter()
        recipe = [sys.executable, str(HERE / "keras_recipe.py"), str(split / "train"), str(split / "val")]
        out = quiet([*recipe, "--epochs", str(EPOCHS), *options])
        total = time.perf_counter() - start
        theirs.append({"fit": json.loads(out.splitlines()[-1])["fit"], "total": total})
    return {phase: compared([o[phase] for o in ours], [t[phase] for t in theirs]) for phase in ("fit", "total")}


def in_memory(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """The same network fitted by cervinet's loop from the store, and by `model.fit` from arrays."""
    out = quiet([sys.executable, str(HERE / "bench_input.py"), str(root), str(pairs), str(EPOCHS), *LIKE_THE_RECIPE])
    seconds = json.loads(out.splitlines()[-1])
    return {"fit": compared(seconds["store"], seconds["arrays"])}


def second_run(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """Preparing again what is prepared: no picture is decoded."""
    os.environ["CERVINET_CACHE"] = str(folder / "second")
    seconds = []
    for attempt in range(2):
        train(root, folder / f"second-{attempt}", ["training.epochs=1"])
        status = json.loads((folder / f"second-{attempt}" / "status.json").read_text())
        seconds.append(status["seconds"]["prepare"])
    return {"prepare_first_seconds": seconds[0], "prepare_again_seconds": seconds[1]}


def decode(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """12-megapixel JPEGs to 256 × 256, against full decode and resize; 512-pixel ones against bare imdecode."""
    return json.loads(quiet([sys.executable, str(HERE / "bench_decode.py"), str(root)]))


def augment(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """Every preset on stored pictures, against decoding the same pictures; on one thread and on two."""
    return json.loads(quiet([sys.executable, str(HERE / "bench_augment.py"), str(root)]))


def pixel_table(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """Reading as many rows and columns of pixels as HAM10000 has, plain and gzipped."""
    import numpy as np
    import pandas as pd

    pixels = np.random.default_rng(0).integers(0, 256, (10_015, 2352))
    table = pd.DataFrame(pixels, columns=[f"pixel{number:04}" for number in range(2352)]).assign(label=0)
    read = (
        "import sys, time; from pathlib import Path; from cervinet.data.readers.pixel_table import pixel_table\n"
        "start = time.perf_counter(); pixel_table(Path(sys.argv[1])); print(time.perf_counter() - start)"
    )
    found: dict[str, object] = {"rows": len(table), "pixel_columns": pixels.shape[1]}
    for name in ("pixels.csv", "pixels.csv.gz"):
        table.to_csv(folder / name, index=False)
        seconds, peak = watched([sys.executable, "-c", read, str(folder / name)])
        found[name] = {"seconds": round(float(seconds), 2), "peak_anonymous_mib": round(peak / 1024)}
    return found


def audit(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """Reading and auditing 100,000 small JPEGs, without and with the search for near-duplicates."""
    return json.loads(quiet([sys.executable, str(HERE / "bench_audit.py")]))


def two_workers(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """An epoch of two processes that share this machine's cores, against an epoch of one."""
    return json.loads(quiet([sys.executable, str(HERE / "bench_workers.py"), str(root), str(pairs)]))


def intervals(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """Every metric with its interval of 100,000 generated predictions of 3 classes, each its own group; 2,000 draws."""
    out, peak = watched([sys.executable, str(HERE / "bench_intervals.py"), "100000", "3"])
    return json.loads(out) | {"peak_anonymous_mib": round(peak / 1024)}


def start_up(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """`cervinet --help`, and whether it imports anything heavy."""
    seconds = [timed(lambda: quiet([CERVINET, "--help"])) for _ in range(10)]
    listed = subprocess.run(
        [sys.executable, "-X", "importtime", CERVINET, "--help"], capture_output=True, text=True, check=True
    ).stderr
    heavy = [
        name for name in ("tensorflow", "keras", "pandas", "matplotlib", "cv2") if re.search(rf"\| +{name}\n", listed)
    ]
    return {"seconds": round(statistics.median(seconds), 3), "heavy_imports": heavy}


def memory(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """Peak anonymous memory (RssAnon) of training on 1,000 and on 10,000 generated pictures."""
    os.environ["CERVINET_CACHE"] = str(folder / "memory")
    peaks = {}
    for count in (1_000, 10_000):
        run = folder / f"memory-{count}"
        reader = f"data.reader={{phantom: {{count: {count}, size: 96, photographs: 2}}}}"
        settings = ["data.image_size=[96, 96]", "model.architecture=skin_cnn", "training.epochs=2", "data.split={}"]
        command = [CERVINET, "train", "--config", str(HERE.parent / "configs" / "demo.yaml"), "--run-dir", str(run)]
        peaks[count] = watched([*command, "--quiet", reader, *settings])[1]
    return {"mib": {str(n): round(p / 1024) for n, p in peaks.items()}, "ratio": round(peaks[10_000] / peaks[1_000], 3)}


def frozen(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """Ten epochs of a frozen ResNet50 at random weights: a first run, then one at another learning rate.

    Whole processes, from the pictures to the judged test split. A pair takes about forty minutes on two cores.
    """
    split = splits_as_folders(root, folder)
    seconds: dict[str, list[float]] = {"first": [], "second": [], "recipe": []}
    settings = ["model.weights=none", "training.epochs=10", "training.early_stopping="]
    for pair in range(pairs):
        os.environ["CERVINET_CACHE"] = str(folder / f"frozen-{pair}")
        for name, rate in (("first", "1e-3"), ("second", "3e-3")):
            run, changed = folder / f"frozen-{name}-{pair}", [*settings, f"training.learning_rate={rate}"]
            seconds[name].append(timed(lambda run=run, changed=changed: train(root, run, changed, "cervix_resnet50")))
        recipe = [sys.executable, str(HERE / "keras_recipe.py"), str(split / "train"), str(split / "val"), "--frozen"]
        seconds["recipe"].append(timed(lambda recipe=recipe: quiet([*recipe, str(split / "test"), "--epochs", "10"])))
    return {name: compared(seconds[name], seconds["recipe"]) for name in ("first", "second")}


def predict_cold(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """One picture, whole processes, against `keras_recipe.py predict` on the same network."""
    image = sorted(root.rglob("*.jpg"))[0]
    script = [sys.executable, str(HERE / "bench_predict.py"), "cold", str(network(root, folder)), str(image)]
    return json.loads(quiet([*script, str(max(pairs, 5))]))


def predict_folder(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """3,000 pictures, against decoding alone and the network alone."""
    files, many = sorted(root.rglob("*.jpg")), folder / "three-thousand"
    many.mkdir(exist_ok=True)
    for number in range(3000):
        (many / f"{number:04}.jpg").symlink_to(files[number % len(files)].resolve())
    script = [sys.executable, str(HERE / "bench_predict.py"), "folder", str(network(root, folder)), str(many)]
    return json.loads(quiet([*script, str(pairs)]))


def network(root: Path, folder: Path) -> Path:
    """A run of the seed CNN in its default size, trained for an epoch: what it costs does not depend on its weights."""
    run = folder / "network"
    if not run.exists():
        config = str(HERE.parent / "configs" / "cervix_cnn.yaml")
        fixed = [f"data.root={root}", "training.epochs=1", "evaluation.report=false", "evaluation.draws=100"]
        quiet([CERVINET, "train", "--config", config, "--run-dir", str(run), "--quiet", *fixed])
    return run


def serve(root: Path, folder: Path, pairs: int) -> dict[str, object]:
    """A served run with 32 clients for a minute, against its Predictor alone; the network need not be good."""
    return json.loads(quiet([sys.executable, str(HERE / "load_serve.py"), str(network(root, folder)), str(root)]))


def train(root: Path, run: Path, settings: list[str], config: str = "cervix_cnn") -> None:
    command = [CERVINET, "train", "--config", str(HERE.parent / "configs" / f"{config}.yaml"), "--run-dir", str(run)]
    fixed = [f"data.root={root}", f"training.epochs={EPOCHS}", "training.augment={}", "training.learning_rate=1e-3"]
    quiet([*command, "--quiet", *fixed, *(LIKE_THE_RECIPE if config == "cervix_cnn" else []), *settings])


def splits_as_folders(root: Path, folder: Path) -> Path:
    """The split that cervinet makes, as train/ and val/ folders of links for the recipe."""
    target = folder / "split"
    if not target.exists():
        from cervinet.config import load_config
        from cervinet.pictures import read_manifest

        manifest = read_manifest(load_config(HERE.parent / "configs" / "cervix_cnn.yaml", [f"data.root={root}"]))
        for row in manifest.table.itertuples():
            link = target / str(row.split) / str(row.label) / Path(str(row.image)).name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(manifest.root / str(row.image))
    return target


def compared(ours: list[float], theirs: list[float]) -> dict[str, object]:
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return {
        "cervinet_seconds": [round(s, 2) for s in ours],
        "recipe_seconds": [round(s, 2) for s in theirs],
        "ratio": round(statistics.median(ratios), 3),
    }


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def quiet(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


ROWS = {
    "help": start_up,
    "plain": plain,
    "augmented": augmented,
    "frozen": frozen,
    "in_memory": in_memory,
    "second_run": second_run,
    "decode": decode,
    "augment": augment,
    "memory": memory,
    "pixel_table": pixel_table,
    "audit": audit,
    "two_workers": two_workers,
    "intervals": intervals,
    "predict_cold": predict_cold,
    "predict_folder": predict_folder,
    "serve": serve,
}

if __name__ == "__main__":
    main()
