"""When an export is taken for the same network."""

import numpy as np
import pytest

from cervinet.exporters.agreement import agreements
from cervinet.exporters.export import Bound, Part
from cervinet.inference.answers import Answers

OWN = np.array([[0.2, 0.8], [0.6, 0.4]])
CALIBRATED = np.array([[0.3, 0.7], [0.55, 0.45]])
LOGITS = np.log(OWN)
FINER = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])


def part(of="max", limit=1e-3, calibrated=False, gives=()):
    return Part("one", "file", {}, dict.fromkeys(gives, ""), calibrated, Bound(of, limit, "a reason"))


def found(outputs, **of_part):
    own, calibrated = Answers(OWN, LOGITS, FINER), Answers(CALIBRATED, LOGITS, FINER)
    [one] = agreements([part(**of_part)], {"one": outputs}, own, calibrated)
    return one


def test_differences_are_those_of_the_numbers():
    one = found({"probabilities": OWN + np.array([[0.0005, -0.0005], [0, 0]])})
    assert (one.n, one.same_class, one.why_not) == (2, 2, "")
    assert (one.largest, one.mean) == pytest.approx((0.0005, 0.00025))


def test_calibrated_parts_are_compared_with_what_predict_says():
    assert found({"probabilities": CALIBRATED}, calibrated=True).largest == 0
    assert found({"probabilities": OWN}, calibrated=True).largest == pytest.approx(0.1)


def test_logits_count_too():
    """They are what the caller calibrates."""
    one = found({"probabilities": OWN, "logits": LOGITS * 2})
    assert one.why_not == "the largest difference of a probability of one is 0.14, 0.001 is allowed"


def test_sub_classes_count_too():
    right = {"probabilities": OWN, "subclass_probabilities": FINER}
    assert (found(right).largest, found(right).same_class) == (0, 2)
    swapped = found({"probabilities": OWN, "subclass_probabilities": FINER[:, ::-1]})
    assert swapped.why_not == "the largest difference of a probability of one is 0.3, 0.001 is allowed"
    lacking = found({"probabilities": OWN}, gives=["subclass_probabilities"])
    assert lacking.why_not == "one must give probabilities of shape [2, 2] and [2, 3]; it gives [2, 2] and [2, 0]"


@pytest.mark.parametrize(
    ("outputs", "why"),
    [
        ({}, "one must give probabilities of shape [2, 2]; it gives none"),
        ({"probabilities": OWN[:1]}, "one must give probabilities of shape [2, 2]; it gives [1, 2]"),
        ({"probabilities": OWN * np.nan}, "one gives numbers that are not finite"),
        (
            {"probabilities": OWN[:, ::-1]},
            "the largest difference of a probability of one is 0.6, 0.001 is allowed",
        ),
    ],
    ids=["none", "shape", "nan", "swapped"],
)
def test_what_is_another_network_is_refused(outputs, why):
    assert found(outputs).why_not == why


def test_a_mean_forgives_one_picture_but_not_all():
    some = OWN + np.array([[0.1, -0.1], [0, 0]])
    assert found({"probabilities": some}, of="mean", limit=0.05).why_not == ""
    every = found({"probabilities": np.full((2, 2), 0.5)}, of="mean", limit=0.05)
    assert every.why_not == "the mean difference of a probability of one is 0.2, 0.05 is allowed"
