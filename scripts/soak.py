"""Kill trainings at random moments, go on each time, and compare them with the same training in one piece.

    python scripts/soak.py [KILLS] [SEED]

Three of four kills are SIGKILL, the others SIGTERM, each of a process of its own, up to a second after it has saved
something; a training that is through before all kills are spent is followed by another. Prints a line a kill, then a
summary as JSON. Exit code 1 where weights, history or state differ in a single bit.
"""

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np

CONFIG = """\
name: soak
data: {reader: {phantom: {count: 160, size: 64, photographs: 2}}, image_size: [28, 28], cache: cache}
model: {architecture: skin_cnn}
training:
  epochs: 40
  batch_size: 4
  accumulate: 3
  ema: 0.9
  imbalance: oversample
  augment: {horizontal_flip: 0.5, rotation: 20}
  checkpoint: {every: 10 steps}
evaluation: {draws: 100}
"""
PROGRAM = [sys.executable, "-c", "import sys; sys.argv[0] = 'cervinet'; from cervinet.cli import main; main()", "train"]
NEW = ["--quiet", "--config", "soak.yaml", "--run-dir"]
ENDS = (0, 130, -signal.SIGKILL, -signal.SIGTERM)


def main() -> None:
    kills, seed = (int(word) for word in [*sys.argv[1:], *("30", "0")[len(sys.argv) - 1 :]])
    chance, done, runs, different = random.Random(seed), 0, 0, []
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1] / "src")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("soak.yaml").write_text(CONFIG)
        subprocess.run([*PROGRAM, *NEW, "whole"], check=True, capture_output=True)
        expected = result_of(Path("whole"))
        while done < kills:
            run = Path(f"run-{runs}")
            done += killed_until_finished(run, kills - done, chance)
            found = result_of(run)
            different += [f"{run}: {name}" for name in expected if found[name] != expected[name]]
            runs += 1
        os.chdir("/")
    print(json.dumps({"kills": done, "trainings": runs, "different": different}))
    sys.exit(bool(different))


def killed_until_finished(run: Path, kills: int, chance: random.Random) -> int:
    """Train with at most so many kills; how many there were."""
    done, code = 0, None
    while code != 0:
        begun = (run / "config.yaml").exists()
        command = [*PROGRAM, "--quiet", "--resume", str(run)] if begun else [*PROGRAM, *NEW, str(run)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done < kills:
            how = signal.SIGTERM if chance.random() < 0.25 else signal.SIGKILL
            wait_until_saved(process, run)
            time.sleep(chance.random())
            process.send_signal(how)
        _, said = process.communicate()
        code = process.returncode
        if code not in ENDS:
            sys.exit(f"exit code {code}: {said}")
        if code != 0:
            done += 1
            print(f"{done:3d} {run} {how.name}: exit code {code}, {newest(run)}", flush=True)
    return done


def wait_until_saved(process: "subprocess.Popen[str]", run: Path) -> None:
    before = newest(run)
    while process.poll() is None and newest(run) == before:
        time.sleep(0.01)


def newest(run: Path) -> str:
    return max((path.name for path in (run / "checkpoints").glob("step-*")), default="nothing saved")


def result_of(run: Path) -> dict[str, object]:
    """All that two equal trainings must have alike; only clocks may differ."""
    with (run / "history.csv").open(newline="") as file:
        history = [{name: cell for name, cell in row.items() if name != "seconds"} for row in csv.DictReader(file)]
    (folder,) = (run / "checkpoints").glob("step-*")
    state = json.loads((folder / "state.json").read_text())["state"]
    for row in state["history"]:
        del row["seconds"]
    with np.load(folder / "variables.npz") as arrays:
        variables = {name: arrays[name].tobytes() for name in arrays.files}
    texts = {
        name: (run / name).read_bytes() for name in ("predictions_test.csv", "predictions_val.csv", "metrics.json")
    }
    return {"history": history, "state": state, "variables": variables, "weights": saved_weights(run), **texts}


def saved_weights(run: Path) -> dict[str, bytes]:
    """What stands in model.keras, by its place in the file."""
    found = {}

    def keep(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = np.asarray(item).tobytes()

    with zipfile.ZipFile(run / "model.keras") as packed:
        weights = io.BytesIO(packed.read("model.weights.h5"))
    with h5py.File(weights) as file:
        file.visititems(keep)
    return found


if __name__ == "__main__":
    main()
