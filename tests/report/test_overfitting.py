"""The sentence on over-fitting, with the two results of the breast project that it is for."""

import pytest

from cervinet.report.overfitting import LIMIT, overfitting


def said(train, val, pictures=None):
    return overfitting({"accuracy": train, "val_accuracy": val}, pictures)


def test_before_augmentation_and_dropout():
    assert said(0.99, 0.81) == (
        "Over-fitting: at the best epoch accuracy is 0.99 in training and 0.81 in validation, a gap of 0.18; "
        "augmentation, dropout, weight decay or more pictures narrow it."
    )


def test_with_augmentation_and_dropout():
    assert said(0.80, 0.78) == (
        "No sign of over-fitting: at the best epoch accuracy is 0.80 in training and 0.78 in validation, a gap of 0.02."
    )


def test_better_in_validation_there_is_no_gap():
    assert said(0.78, 0.804) == (
        "No sign of over-fitting: at the best epoch accuracy is 0.78 in training and 0.80 in validation."
    )


@pytest.mark.parametrize(("train", "called"), [(0.85, "No sign of over-fitting"), (0.86, "Over-fitting")])
def test_the_limit_itself_is_no_sign(train, called):
    assert LIMIT == 0.05
    assert said(train, 0.8).partition(":")[0] == called


def test_the_gap_is_that_of_the_numbers_shown():
    """0.8449 − 0.7951 is 0.0498, but what is shown is 0.84 and 0.80; then 0.8551 − 0.7949, shown as 0.86 and 0.79."""
    assert "a gap of 0.04." in said(0.8449, 0.7951)
    assert "a gap of 0.07;" in said(0.8551, 0.7949)


@pytest.mark.parametrize(("pictures", "called"), [(40, "No clear over-fitting"), (400, "Over-fitting")])
def test_few_validation_pictures_make_a_gap_by_chance(pictures, called):
    """Of 40 pictures 0.8 is known to ± 0.124, of 400 to ± 0.039 (normal approximation, 95 %)."""
    assert said(0.92, 0.8, pictures).partition(":")[0] == called


def test_chance_is_named_with_the_number_of_pictures():
    assert said(0.92, 0.8, 40) == (
        "No clear over-fitting: at the best epoch accuracy is 0.92 in training and 0.80 in validation, a gap of 0.12, "
        "which chance alone may make with 40 validation pictures."
    )
