"""What is asked: positive or not."""

import numpy as np
import pytest

from cervinet.errors import DataError
from cervinet.evaluation.question import Question, questions

CLASSES = ("normal", "CIN1", "CIN2+")


def test_of_two_classes_the_last_is_positive():
    assert questions(("benign", "malignant"), None) == (Question(("malignant",), (1,)),)


def test_of_more_each_is_asked_for():
    assert [one.name for one in questions(CLASSES, None)] == list(CLASSES)


def test_several_classes_are_one_question():
    (asked,) = questions(CLASSES, ["CIN2+", "CIN1"])
    assert (asked.name, asked.indices) == ("CIN2+ or CIN1", (2, 1))
    np.testing.assert_allclose(asked.scores(np.array([[0.5, 0.3, 0.2]])), [0.5])
    np.testing.assert_array_equal(asked.truth(np.array([0, 1, 2])), [False, True, True])


@pytest.mark.parametrize(
    ("positive", "message"),
    [
        (["CIN3"], "the positive class 'CIN3' must be one of normal, CIN1, CIN2+"),
        (list(CLASSES), "some but not all classes can be positive; got normal, CIN1, CIN2+"),
        ([], "some but not all classes can be positive; got none"),
    ],
)
def test_wrong_ones_are_refused(positive, message):
    with pytest.raises(DataError) as caught:
        questions(CLASSES, positive)
    assert str(caught.value) == message
