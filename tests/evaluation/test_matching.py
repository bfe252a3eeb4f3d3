"""Predictions that are compared must be of the same images; what else they are is said."""

from dataclasses import replace

import numpy as np
import pytest

from cervinet.errors import DataError
from cervinet.evaluation.matching import Entrant, matched
from cervinet.evaluation.predictions import Predictions, Unreadable

WHAT_TO_DO = (
    "judge both on the same pictures (cervinet evaluate RUN --data FOLDER), or train both with one division "
    "(data.split.file)"
)


def predictions(images=("1.jpg", "2.jpg", "3.jpg", "4.jpg"), labels="AABB", *, groups=("p", "p", "q", "r"), seed=0):
    random = np.random.default_rng(seed)
    return Predictions(
        images=tuple(images),
        groups=tuple(groups),
        labels=np.array(["AB".index(label) for label in labels]),
        probabilities=random.dirichlet([1, 1], len(images)),
        classes=("A", "B"),
        split="test",
    )


def refusal(first, second, *, digests=({}, {})):
    with pytest.raises(DataError) as caught:
        matched([Entrant("cnn", first, digests[0]), Entrant("vgg", second, digests[1])])
    return str(caught.value)


def test_images_and_classes_are_brought_into_the_order_of_the_first():
    first = predictions(seed=1)
    turned = predictions(seed=2)
    order = np.array([2, 0, 3, 1])
    other = replace(
        turned,
        images=tuple(turned.images[row] for row in order),
        groups=tuple(turned.groups[row] for row in order),
        labels=1 - turned.labels[order],
        probabilities=turned.probabilities[order][:, ::-1],
        classes=("B", "A"),
    )
    found = matched([Entrant("cnn", first), Entrant("vgg", other)])
    assert found.remarks == ()
    for one, expected in zip(found.predictions, (first, turned), strict=True):
        assert (one.images, one.groups, one.classes) == (first.images, first.groups, ("A", "B"))
        np.testing.assert_array_equal(one.labels, first.labels)
        np.testing.assert_array_equal(one.probabilities, expected.probabilities)


def test_three_classes_in_a_turned_order_keep_their_labels():
    labels = np.array([0, 1, 2, 2])
    first = replace(predictions(), labels=labels, probabilities=np.eye(3)[labels] * 0.7 + 0.1, classes=("A", "B", "C"))
    # B, C, A: column 0 is B.
    other = replace(first, labels=np.array([2, 0, 1, 1]), probabilities=first.probabilities[:, [1, 2, 0]])
    other = replace(other, classes=("B", "C", "A"))
    _, found = matched([Entrant("cnn", first), Entrant("vgg", other)]).predictions
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_array_equal(found.probabilities, first.probabilities)


def test_images_under_other_names_are_found_by_their_content():
    first = predictions(seed=1)
    other = replace(predictions(seed=2), images=("x/4", "x/3", "x/2", "x/1"), groups=tuple("abcc"))
    other = replace(other, labels=other.labels[::-1])
    digests = [dict(zip(first.images, "wxyz", strict=True)), dict(zip(other.images, "zyxw", strict=True))]
    found = matched([Entrant("cnn", first, digests[0]), Entrant("vgg", other, digests[1])]).predictions[1]
    assert found.images == first.images
    assert found.groups == first.groups
    np.testing.assert_array_equal(found.probabilities, other.probabilities[::-1])


def test_copies_of_one_content_are_told_apart_by_name():
    first = predictions(labels="AAAA", groups="pppp")
    other = replace(first, images=("b/1", "b/2", "b/3", "b/4"), probabilities=first.probabilities[::-1])
    digests = [dict(zip(one.images, "wwyy", strict=True)) for one in (first, other)]
    found = matched([Entrant("cnn", first, digests[0]), Entrant("vgg", other, digests[1])]).predictions[1]
    np.testing.assert_array_equal(found.probabilities, other.probabilities)


def test_repeats_are_each_brought_into_order():
    first = predictions()
    twice = Predictions(
        images=(*first.images[::-1], *first.images),
        groups=(*first.groups[::-1], *first.groups),
        labels=np.concatenate([first.labels[::-1], first.labels]),
        probabilities=np.concatenate([first.probabilities[::-1], first.probabilities]),
        classes=first.classes,
        split="out-of-fold",
        repeats=np.array([1, 1, 1, 1, 2, 2, 2, 2]),
    )
    found = matched([Entrant("cnn", first), Entrant("folds", twice)]).predictions[1]
    assert found.images == first.images * 2
    np.testing.assert_array_equal(found.probabilities, np.tile(first.probabilities, (2, 1)))
    np.testing.assert_array_equal(found.repeats, twice.repeats)


def test_an_image_that_a_repeat_lacks_is_refused():
    first = predictions()
    assert refusal(first, replace(first, repeats=np.array([1, 1, 2, 1]))) == (
        "'vgg' must predict each of its 4 images in every repeat; one repeat has 3"
    )


def test_other_images_are_refused():
    other = predictions(images=("1.jpg", "2.jpg", "8.jpg", "9.jpg"))
    assert refusal(predictions(), other) == (
        "'cnn' and 'vgg' must be judged on the same images to be compared; only in 'cnn': 2 images, the first is "
        f"'3.jpg'; only in 'vgg': 2 images, the first is '8.jpg'; in common: 2; {WHAT_TO_DO}"
    )


def test_an_image_that_one_could_not_read_is_refused_and_said():
    whole = predictions()
    other = predictions(images=("1.jpg", "2.jpg", "3.jpg"), labels="AAB", groups="ppq")
    other = replace(other, unreadable=(Unreadable("4.jpg", "broken"),))
    assert refusal(other, whole) == (
        "'cnn' and 'vgg' must be judged on the same images to be compared; only in 'vgg': 1 image, the first is "
        f"'4.jpg'; in common: 3; {WHAT_TO_DO}; 'cnn' could not read 1 image"
    )


def test_other_content_under_the_same_names_is_refused():
    first = predictions()
    digests = dict(zip(first.images, "wxyz", strict=True))
    assert refusal(first, first, digests=(digests, digests | {"2.jpg": "v"})) == (
        "'cnn' and 'vgg' must be judged on the same images to be compared; only in 'cnn': 1 image, the first is "
        "'2.jpg'; only in 'vgg': 1 image, the first is '2.jpg'; 1 image of the same name differs in content; "
        f"in common: 3; {WHAT_TO_DO}"
    )


def test_other_labels_are_refused():
    assert refusal(predictions(), predictions(labels="ABBA")) == (
        "'cnn' and 'vgg' label 2 of 4 images differently, the first is '2.jpg' ('A' in 'cnn', 'B' in 'vgg'); "
        "correct the labels and judge both anew"
    )


def test_other_groups_are_refused_whatever_their_names():
    named_otherwise = predictions(groups=("x", "x", "p", "q"))
    matched([Entrant("cnn", predictions()), Entrant("vgg", named_otherwise)])
    assert refusal(predictions(), predictions(groups=("p", "q", "q", "r"))) == (
        "'cnn' and 'vgg' group 3 of 4 images differently, the first is '1.jpg' (with 1 other in 'cnn', with 0 in "
        "'vgg'); train both with one division (data.split.file), or correct the column 'group'"
    )


def test_other_classes_are_refused():
    other = replace(predictions(), classes=("B", "C"))
    assert refusal(predictions(), other) == (
        "'cnn' and 'vgg' must have the same classes to be compared; only 'cnn' has 'A'; only 'vgg' has 'C'"
    )


def test_one_without_groups_takes_those_of_the_other():
    alone = predictions(groups=("1.jpg", "2.jpg", "3.jpg", "4.jpg"))
    found = matched([Entrant("cnn", alone), Entrant("vgg", predictions())])
    assert [one.groups for one in found.predictions] == [("p", "p", "q", "r")] * 2
    assert found.remarks == ("no groups are known of 'cnn': those of 'vgg' are used",)


def test_what_none_could_read_is_counted():
    broken = replace(predictions(), unreadable=(Unreadable("5.jpg", "broken"), Unreadable("6.jpg", "broken")))
    assert matched([Entrant("cnn", broken), Entrant("vgg", predictions())]).remarks == (
        "'cnn' has 2 more images that could not be read, counted in no figure here",
    )
