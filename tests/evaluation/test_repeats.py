"""Predictions of a repeated cross-validation, and what constants would give."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, roc_auc_score

from cervinet.errors import DataError
from cervinet.evaluation.constants import prior_log_losses, uniform_log_loss
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.prediction_tables import read_predictions
from cervinet.evaluation.predictions import Predictions

N = 90


def drawn(draws=2000, seed=0):
    return Resampling(draws=draws, confidence=0.95, seed=seed)


def predictions(repeats, same=False):
    """N images in groups of three, each predicted in every repeat, in another order."""
    random = np.random.default_rng(0)
    labels, rows, probabilities = np.arange(N) % 3, [], []
    for number in range(repeats):
        order = np.arange(N) if same else random.permutation(N)
        drawn = np.random.default_rng(0 if same else number).dirichlet(np.ones(3), N) * 0.6
        drawn[np.arange(N), labels[order]] += 0.4
        rows.append(order)
        probabilities.append(drawn)
    rows = np.concatenate(rows)
    return Predictions(
        images=tuple(f"{row}.jpg" for row in rows),
        groups=tuple(f"{row // 3}" for row in rows),
        labels=labels[rows],
        probabilities=np.concatenate(probabilities),
        classes=("a", "b", "c"),
        split="out-of-fold",
        repeats=np.repeat(np.arange(1, repeats + 1), N),
    )


def test_a_metric_is_the_mean_over_the_repeats():
    given = predictions(3)
    found = evaluate(given, drawn(50))
    parts = [np.arange(N) + number * N for number in range(3)]
    area = [roc_auc_score(given.labels[p], given.probabilities[p], multi_class="ovr") for p in parts]
    f1 = [f1_score(given.labels[p], given.predicted[p], average="macro") for p in parts]
    loss = [log_loss(given.labels[p], given.probabilities[p]) for p in parts]
    assert len(set(area)) == len(set(f1)) == 3
    assert found.metrics["auroc_macro"].value == pytest.approx(np.mean(area), abs=1e-12)
    assert found.metrics["f1_macro"].value == pytest.approx(np.mean(f1), abs=1e-12)
    assert found.metrics["log_loss"].value == pytest.approx(np.mean(loss), abs=1e-12)
    assert (found.images, found.groups, found.repeats, found.metrics["accuracy"].n) == (N, N // 3, 3, N)
    assert found.support.tolist() == [30, 30, 30]
    assert found.per_class["a"]["sensitivity"].n == 30
    assert found.confusion.sum() == 3 * N
    written = found.to_json()
    assert (written["repeats"], written["per_class"]["a"]["images"]) == (3, 30)


def test_repeats_that_agree_say_no_more_than_one():
    """A draw takes the same groups in every repeat; to draw them apart would make the intervals shorter."""
    once, thrice = evaluate(predictions(1, same=True), drawn(200)), evaluate(predictions(3, same=True), drawn(200))
    for name, value in once.metrics.items():
        other = thrice.metrics[name]
        assert (other.value, other.lower, other.upper) == pytest.approx((value.value, value.lower, value.upper))
        assert other.method == value.method


def test_one_repeat_is_like_none():
    given = predictions(1)
    assert evaluate(given, drawn(20)).to_json() == evaluate(replace(given, repeats=None), drawn(20)).to_json()


def test_a_table_may_name_an_image_once_in_each_repeat(tmp_path):
    path = tmp_path / "oof.csv"
    path.write_text("image,label,repeat,p_a,p_b\nx,a,1,0.9,0.1\nx,a,2,0.6,0.4\n")
    found = read_predictions(path)
    assert found.repeats.tolist() == [1, 2]
    assert [rows.tolist() for rows in found.by_repeat()] == [[0], [1]]
    path.write_text("image,label,repeat,p_a,p_b\nx,a,2,0.9,0.1\nx,a,2,0.6,0.4\n")
    with pytest.raises(DataError, match=r"oof.csv:3 repeats the image 'x' of line 2$"):
        read_predictions(path)


def test_constants_are_what_scikit_learn_says_of_them():
    train, labels = ["a"] * 5 + ["b"] * 3 + ["c"] * 2, ["a", "c", "c", "b"]
    shares = np.tile([0.5, 0.3, 0.2], (4, 1))
    assert prior_log_losses(train, labels).mean() == pytest.approx(log_loss(labels, shares, labels=["a", "b", "c"]))
    assert uniform_log_loss(3) == pytest.approx(log_loss(labels, np.full((4, 3), 1 / 3), labels=["a", "b", "c"]))
    assert prior_log_losses(["a", "b"], ["c"])[0] == pytest.approx(-np.log(1e-15))
