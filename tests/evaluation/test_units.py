"""One answer a patient: against pandas, with every exception counted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from cervinet.errors import DataError
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions, Unreadable
from cervinet.evaluation.units import by_group

HOW = Resampling(draws=0, confidence=0.95, seed=0)


def predictions(groups, labels, seed=0, **more):
    random, n = np.random.default_rng(seed), len(groups)
    return Predictions(
        images=tuple(f"{row}.jpg" for row in range(n)),
        groups=tuple(groups),
        labels=np.array(labels),
        probabilities=random.dirichlet(np.ones(3), n),
        classes=("a", "b", "c"),
        split="test",
        **more,
    )


def many():
    """60 images of 25 patients in mixed order, each patient of one class."""
    patients = np.random.default_rng(3).integers(0, 25, 60)
    return predictions([f"P{patient}" for patient in patients], patients % 3)


def test_probability_and_spread_are_means_over_the_images_of_the_group():
    given = replace(many(), spread=np.random.default_rng(4).random(60))
    found, left_out = by_group(given)
    frame = pd.DataFrame(given.probabilities).assign(spread=given.spread, label=given.labels, group=given.groups)
    expected = frame.groupby("group", sort=False).mean()
    assert left_out == 0
    assert found.groups == found.images == tuple(expected.index)
    np.testing.assert_allclose(found.probabilities, expected[[0, 1, 2]], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.spread, expected["spread"], rtol=0, atol=1e-12)
    assert found.labels.tolist() == expected["label"].tolist()
    assert (found.split, found.classes, found.logits) == ("test", given.classes, None)
    assert evaluate(found, HOW).images == len(expected) < 60


def test_logits_give_the_mean_probabilities_even_where_one_is_zero():
    given = predictions("AABB", [0, 0, 1, 1])
    table = np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0.2, 0.3, 0.5], [0.1, 0.8, 0.1]])
    given = replace(given, probabilities=table, logits=np.log(np.maximum(table, 1e-30)))
    found, _ = by_group(given)
    np.testing.assert_allclose(found.probabilities, [[0.75, 0.25, 0], [0.15, 0.55, 0.3]], rtol=0, atol=1e-15)
    assert np.isfinite(found.logits).all()
    np.testing.assert_allclose(softmax(found.logits, axis=1), found.probabilities, rtol=0, atol=1e-15)


def test_rows_that_do_not_quite_sum_to_one_weigh_as_much_as_others():
    given = predictions("AAB", [0, 0, 1])
    table = np.array([[0.6006, 0.4004, 0], [0.2, 0.8, 0], [0.1, 0.8, 0.1]])
    found, _ = by_group(replace(given, probabilities=table, logits=np.zeros((3, 3))))
    np.testing.assert_allclose(found.probabilities[0], [0.4, 0.6, 0], rtol=0, atol=1e-15)
    np.testing.assert_allclose(softmax(found.logits, axis=1), found.probabilities, rtol=0, atol=1e-15)


def test_a_group_of_several_classes_has_no_truth_and_is_counted():
    given = predictions("ABACBB", [0, 1, 2, 2, 1, 0], unreadable=(Unreadable("x.jpg", "empty"),))
    found, left_out = by_group(given)
    assert left_out == 2
    assert (found.images, found.groups, found.labels.tolist()) == (("C",), ("C",), [2])
    np.testing.assert_allclose(found.probabilities, given.probabilities[[3]], rtol=0, atol=1e-15)
    assert found.unreadable == given.unreadable


def test_where_no_group_has_one_class_nothing_is_left_to_judge():
    found, left_out = by_group(predictions("AABB", [0, 1, 1, 2], logits=np.zeros((4, 3)), spread=np.zeros(4)))
    assert (left_out, found.images, found.probabilities.shape, found.logits.shape) == (2, (), (0, 3), (0, 3))
    with pytest.raises(DataError, match=r"^there is no image to evaluate in split 'test'; 0 could not be read$"):
        evaluate(found, HOW)


@pytest.mark.parametrize("groups", [["0.jpg", "1.jpg", "2.jpg"], ["A", "B", "C"]])
def test_where_each_group_has_one_image_the_images_are_the_units(groups):
    given = predictions(groups, [0, 1, 2])
    assert by_group(given) == (given, 0)
    assert by_group(given)[0] is given


def test_subclasses_and_attributes_are_kept_where_all_images_of_the_group_agree():
    finer = np.array([[0.5, 0.3, 0.1, 0.1], [0.1, 0.3, 0.5, 0.1], [0.2, 0.2, 0.2, 0.4]])
    given = predictions(
        "AAB",
        [0, 0, 1],
        sublabels=("x", "y", "z"),
        subclasses=("x", "y", "z", "w"),
        subclass_probabilities=finer,
        attributes={"site": ("Lyon", "Lyon", "Oslo"), "age": ("31", "32", "40"), "scope": ("", "old", "")},
    )
    found, _ = by_group(given)
    assert found.sublabels == ("", "z")
    assert found.attributes == {"site": ("Lyon", "Oslo"), "age": ("", "40"), "scope": ("", "")}
    np.testing.assert_allclose(found.subclass_probabilities, [[0.3, 0.3, 0.3, 0.1], finer[2]], rtol=0, atol=1e-15)


def test_a_group_has_a_row_in_each_repeat():
    given = predictions("AABBBAAB", [0, 0, 1, 1, 1, 0, 0, 1], repeats=np.array([1, 1, 1, 1, 2, 2, 2, 2]))
    found, left_out = by_group(given)
    assert (left_out, found.groups, found.repeats.tolist()) == (0, ("A", "B", "B", "A"), [1, 1, 2, 2])
    p = given.probabilities
    expected = np.stack([p[[0, 1]].mean(0), p[[2, 3]].mean(0), p[[4, 7]].mean(0), p[[5, 6]].mean(0)])
    np.testing.assert_allclose(found.probabilities, expected, rtol=0, atol=1e-15)
    assert [rows.tolist() for rows in found.by_repeat()] == [[0, 1], [2, 3]]
    assert evaluate(found, HOW).images == 2
