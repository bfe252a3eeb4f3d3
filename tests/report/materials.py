"""Material of a small report, for tests: every sort of thing that a report can hold, and names that are hostile."""

from dataclasses import replace
from io import BytesIO

import numpy as np
from PIL import Image

from cervinet.evaluation.assessment import Assessment
from cervinet.evaluation.evaluate import Evaluation, evaluate
from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.localisation import Localisation, Located
from cervinet.evaluation.operating import AtPoint, OperatingPoint
from cervinet.evaluation.predictions import Predictions, Unreadable
from cervinet.evaluation.question import questions
from cervinet.evaluation.selective import Selective
from cervinet.evaluation.subgroups import Part, Subgroups
from cervinet.model_card import Member, ModelCard
from cervinet.report.material import Case, Flow, Material

ROOT = "/data/hospital-of-x/pictures"
CLASSES = ("<script>alert(1)</script>", "CIN | 2\n", "cancer\u202e")
CONFIG = f"""name: small
data:
  root: {ROOT}
  reader: table
  split:
    file: lists/division.csv
  preprocess:
  - crop:
      masks: outlines
model:
  weights: own_start.weights.h5
training:
  epochs: 3
"""


def image_name(number: int) -> str:
    return f"ward-7/mrs\n-{number:03d}\u202egpj.jpg"


def group_name(number: int) -> str:
    return f"patient-{number // 2:03d}"


def predictions(count: int = 60) -> Predictions:
    labels = np.arange(count) % 3
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(3), count) * 0.6
    probabilities[np.arange(count), labels] += 0.4
    return Predictions(
        images=tuple(map(image_name, range(count))),
        groups=tuple(map(group_name, range(count))),
        labels=labels,
        probabilities=probabilities,
        classes=CLASSES,
        split="test",
        unreadable=(Unreadable("ward-7/broken.jpg", f"{ROOT}/ward-7/broken.jpg is damaged"),),
        attributes={"site": ("ward-7",) * count},
    )


def estimate(value: float, n: int = 60) -> Estimate:
    return Estimate(value, value - 0.05, value + 0.04, n, "percentile bootstrap, 40 draws of 30 groups")


def judged(given: Predictions, draws: int = 40) -> Evaluation:
    return evaluate(given, Resampling(draws, 0.95, 0))


def assessment(count: int = 60) -> Assessment:
    given = predictions(count)
    found = judged(given)
    (question,) = questions(CLASSES, [CLASSES[2]])
    point = OperatingPoint("sensitivity at least 0.95", question.positive, 0.25, 0.96, 0.7, 20, 40)
    numbers = {name: estimate(100.0) for name in ("found", "missed", "false_alarms", "rightly_cleared")}
    at = AtPoint(point, 1 / 3, False, estimate(0.9), estimate(0.7), estimate(0.6), estimate(0.95), numbers)
    located = Located(40, estimate(0.42), 0.2, estimate(0.6), 0.2, estimate(0.3), 0.11)
    part = Part("ward-7", 40, 20, found.metrics, False)
    ones = np.ones(1)
    return Assessment(
        predictions=given,
        unit="image",
        evaluation=found,
        other=judged(replace(given, groups=given.images)),
        questions=(question,),
        choices=None,
        no_choices="",
        calibrated=None,
        points=(at,),
        sets=(),
        selective=Selective(ones, ones, ones, ones, estimate(0.1)),
        decisions=(),
        costs=(),
        subgroups=(Subgroups("site", (part,), 20, ("'ward-7' has a lower sensitivity",)),),
        localisation=Localisation("masks", located, {}, 0.01, "It looks at the lesion more than chance would."),
    )


def jpeg(width: int = 32, height: int = 24) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), (200, 90, 90)).save(file, "JPEG")
    return file.getvalue()


def case(number: int, *, picture: bytes | None = None, overlay: bytes | None = None) -> Case:
    return Case(image_name(number), "wrong and sure", CLASSES[0], CLASSES[2], 0.9321, picture, overlay)


def history(epochs: int = 3) -> list[dict[str, float]]:
    return [
        {
            "epoch": epoch,
            "loss": 1 / epoch,
            "accuracy": 0.9,
            "val_loss": 1.0 - epoch / 10,
            "val_accuracy": 0.5 + epoch / 100,
            "seconds": 30.0,
        }
        for epoch in range(1, epochs + 1)
    ]


def flow() -> Flow:
    splits = {
        split: dict.fromkeys(CLASSES, (pictures, pictures // 2))
        for split, pictures in (("train", 400), ("val", 100), ("test", 20))
    }
    return Flow(
        1570,
        (("unreadable", 7), (f"copies under {ROOT}/doubles", 3)),
        splits,
        "the data",
        (("width × height", {"train": "640 × 480", "test": "320 × 240"}),),
        {"train": 600, "val": 150, "test": 30},
    )


def card() -> ModelCard:
    return ModelCard(
        CLASSES,
        (192, 256),
        (("crop", {"masks": f"{ROOT}/outlines"}), ("stretch", {})),
        "cervix_cnn",
        hashes={"model.keras": "ab" * 32},
        members=(Member("members/1", 1.0, f"{ROOT}/runs/first"),),
        calibration={"method": "temperature", "values": {"temperature": 1.2}, "n": 100},
    )


def material(**more: object) -> Material:
    """With everything; `more` replaces attributes."""
    whole = Material(
        title="Report of small",
        assessment=assessment(),
        note="synthetic phantoms",
        flow=flow(),
        history=history(),
        config=CONFIG,
        environment={
            "versions": {"keras": "3.15.1", "python": "3.12.3"},
            "platform": "Linux-6.8",
            "git_commit": "0123abc",
            "seed": 7,
            "device": "CPU, 2 cores",
            "host": "ws-12.hospital-of-x.org",
            "user": "jdoe",
            "seconds": {"data": 75.0, "training": 3600.0},
        },
        card=card(),
        hashes={"predictions_test.csv": "cd" * 32, f"{ROOT}/splits.csv": "ef" * 32},
        explained=(case(4, picture=jpeg(), overlay=jpeg()),),
        worst=(case(3, picture=jpeg(), overlay=jpeg(8, 8)), case(6, picture=b"no picture"), case(9)),
        how=Resampling(40, 0.95, 0),
    )
    return replace(whole, **more)


def bare() -> Material:
    """Predictions of another tool, and nothing else."""
    known = replace(assessment(), other=None, points=(), no_choices="no validation predictions are known")
    return Material("Predictions", replace(known, subgroups=(), localisation=None))
