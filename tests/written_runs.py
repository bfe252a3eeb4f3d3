"""Run directories as training leaves them, with planted predictions in place of a network's."""

from dataclasses import asdict

import numpy as np

from cervinet.config import check
from cervinet.data.manifest import table_of
from cervinet.data.split_file import write_splits
from cervinet.deciding import settled
from cervinet.evaluation.choices import corrected
from cervinet.evaluation.predictions import Predictions, write_predictions
from cervinet.files import write_json
from cervinet.model_card import ModelCard
from cervinet.progress import Silent
from cervinet.run import Run
from cervinet.yaml_source import Source

CLASSES = ("normal", "CIN1", "CIN2+")


def planted(seed=0, split="val", *, images=90, classes=CLASSES, labels=None, **more):
    """Predictions of an over-confident network: logits 2.5 times too large; three images a patient."""
    random = np.random.default_rng(seed)
    of_group = random.integers(0, len(classes), images)[np.arange(images) // 3 * 3]
    truth = of_group if labels is None else np.asarray(labels)
    logits = 2.5 * (random.normal(size=(len(truth), len(classes))) + 1.5 * np.eye(len(classes))[truth])
    powers = np.exp(logits)
    names = [f"{split}-{number:03}" for number in range(len(truth))]
    return Predictions(
        images=tuple(f"{name}.jpg" for name in names),
        groups=tuple(f"{split}-patient-{number // 3}" for number in range(len(truth))),
        labels=truth.astype(np.int64),
        probabilities=powers / powers.sum(axis=1, keepdims=True),
        classes=tuple(classes),
        split=split,
        logits=logits,
        **more,
    )


def config_of(classes=CLASSES, **evaluation):
    """A config with few draws and no report."""
    settings = {"draws": 100, "report": False} | evaluation
    return check(Source({"name": "planted", "classes": list(classes), "data": {"root": "."}, "evaluation": settings}))


def card_of(classes=CLASSES, **more):
    return ModelCard(tuple(classes), (8, 8), (), "planted", **more)


def finished(folder, config, validation, test):
    """The run, its card, and the test predictions as they were written: what `workflow.train` does after learning."""
    run = Run(folder)
    folder.mkdir()
    run.config.write_text(config.to_yaml())
    run.model.write_bytes(b"a network")
    found = settled(config.evaluation, card_of(config.classes), validation, Silent())
    card = found.on(card_of(config.classes))
    run.write_card(card)
    parts = {"val": validation, "test": test}
    for split, one in parts.items():
        if found.calibration.method != "none":
            one = corrected(one, found.calibration, ())
        write_predictions(one, run.predictions(split))
        parts[split] = one
    rows = [
        {"image": image, "label": one.classes[label], "group": group, "split": split, "digest": f"digest of {image}"}
        for split, one in parts.items()
        for image, group, label in zip(one.images, one.groups, one.labels, strict=True)
    ]
    write_splits(table_of(rows), run.splits)
    write_json(run.data, {"groups_from": ["column"], "characteristics": []})
    return run, run.read_card(), parts["test"]


def without_choices(run):
    """As an older version wrote the card, which knew neither calibration nor choices."""
    card = asdict(run.read_card())
    write_json(run.card, {name: value for name, value in card.items() if name not in ("calibration", "choices")})
