"""What the input pipeline costs: cervinet's loop from the store against `model.fit` on arrays in memory.

    python scripts/bench_input.py ROOT PAIRS EPOCHS [KEY=VALUE]...

The same network, pictures, batch size and epochs, in one process, in turn. Prints one JSON line.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from cervinet import assembly, learning, pictures
from cervinet.config import load_config
from cervinet.data.augment import Augmentation
from cervinet.progress import Silent


def main() -> None:
    root, pairs, epochs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    settings = [f"data.root={root}", *sys.argv[4:]]
    config = load_config(Path(__file__).parents[1] / "configs" / "cervix_cnn.yaml", settings)
    manifest = pictures.read_manifest(config)
    device = assembly.set_up_device(config, Silent())
    images = pictures.open_images(config, manifest, Silent())
    model = learning.build_network(config, manifest, Silent())
    learner = learning.learner_of(learning.Material(config, manifest, images, device), model, config.phases()[0])

    from cervinet.data.pipeline import batches_of
    from cervinet.training.fit import Hooks, fit

    nothing = Hooks(Silent(), lambda: False, lambda state, stop: None, lambda state, best: None, lambda state: None)
    size = config.data.image_size
    train, val = (batches_of(manifest, images, split, size, 32) for split in ("train", "val"))
    arrays = {split: in_memory(batches) for split, batches in (("train", train), ("val", val))}
    start = model.get_weights()

    course = replace(learning.course_of(config, config.phases()[0]), epochs=epochs, augmentation=Augmentation())
    model.compile("adam", loss="categorical_crossentropy", metrics=["accuracy"], jit_compile=device.xla)

    def from_store() -> None:
        fit(learner, train, val, learning.first_state(config), course, nothing)

    def from_arrays() -> None:
        model.fit(*arrays["train"], validation_data=arrays["val"], epochs=epochs, batch_size=32, verbose=0)

    seconds: dict[str, list[float]] = {"store": [], "arrays": []}
    for pair in range(-1, pairs):  # the first pair traces the graphs and does not count
        for name, run in (("store", from_store), ("arrays", from_arrays)):
            model.set_weights(start)
            clock = time.perf_counter()
            run()
            if pair >= 0:
                seconds[name].append(time.perf_counter() - clock)
    print(json.dumps(seconds))


def in_memory(batches):
    """A split as two arrays: uint8 (n, h, w, 3) and one-hot float32 (n, classes)."""
    import numpy as np

    parts = [(images.numpy(), labels.numpy()) for images, labels in batches.in_order()]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


if __name__ == "__main__":
    main()
