"""The predictions of all folds in one table."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cervinet.crossval import Fold, Plan, calibration_of, write_out_of_fold
from cervinet.evaluation.prediction_tables import read_predictions
from cervinet.evaluation.predictions import Predictions, Unreadable, write_predictions
from cervinet.model_card import ModelCard
from cervinet.run import Run


@pytest.mark.parametrize("repeats", [1, 2])
def test_columns_are_matched_by_name_and_empty_where_a_fold_lacks_them(tmp_path, repeats):
    first = Predictions(
        images=("=1.jpg",),
        groups=("A",),
        labels=np.array([0]),
        probabilities=np.array([[0.75, 0.25]]),
        classes=("a", "b"),
        split="test",
    )
    second = replace(
        first,
        images=("2.jpg",),
        labels=np.array([1]),
        attributes={"site": ("Oslo",)},
        unreadable=(Unreadable("3.jpg", "empty"),),
    )
    folds = [Fold(number, number, SimpleNamespace(), Run(tmp_path / f"fold-{number}")) for number in (1, 2)]
    for fold, predictions in zip(folds, (first, second), strict=True):
        write_predictions(predictions, fold.run.predictions("test"))
    plan = Plan(SimpleNamespace(), repeats, Run(tmp_path))
    write_out_of_fold(plan, folds)
    found = read_predictions(plan.run.predictions("oof"))
    assert (found.images, found.split, found.unreadable) == (("=1.jpg", "2.jpg"), "out-of-fold", second.unreadable)
    assert (found.attributes, found.labels.tolist()) == ({"site": ("", "Oslo")}, [0, 1])
    assert (None if found.repeats is None else found.repeats.tolist()) == (None if repeats == 1 else [1, 2])
    lines = plan.run.predictions("oof").read_text().splitlines()
    number = "1" if repeats == 1 else "1,1"
    assert lines[1] == f"'=1.jpg,A,a,a,out-of-fold,{number},0.75,0.25,,"


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        (("vector", "vector"), "vector"),
        ((None, None), "none"),
        (("vector", None), "none or vector"),
    ],
)
def test_the_calibration_is_the_one_that_the_folds_have(tmp_path, methods, said):
    """Not the one of the config: it may have been impossible to fit."""
    folds = []
    for number, method in enumerate(methods, start=1):
        run = Run(tmp_path / f"fold-{number}")
        run.path.mkdir()
        run.model.write_bytes(b"a network")
        calibration = {"method": method, "values": {}, "n": 9} if method else {}
        run.write_card(ModelCard(("a", "b"), (8, 8), (), "planted", calibration=calibration))
        folds.append(Fold(1, number, SimpleNamespace(), run))
    assert calibration_of(folds) == said
