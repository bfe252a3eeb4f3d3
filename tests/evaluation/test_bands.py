"""How the values of a column become parts."""

import pytest

from cervinet.errors import ConfigError, DataError
from cervinet.evaluation.bands import parts_of


def test_texts_stay_as_they_are_in_the_order_of_the_alphabet():
    assert parts_of("site", ["b", "a", "", "b"], None) == (["b", "a", "", "b"], ["a", "b"])


def test_few_numbers_are_parts_of_their_own_in_the_order_of_numbers():
    assert parts_of("age", ["10", "9", "9.0", "", "1e1"], None) == (["10", "9", "9", "", "10"], ["9", "10"])


def test_more_than_eight_numbers_are_banded_by_tertiles_of_the_distinct_ones():
    values = [str(number) for number in range(1, 10)] + ["1"] * 20
    labels, names = parts_of("age", values, None)
    assert names == ["< 4", "4–7", "≥ 7"]
    assert labels[:9] == ["< 4"] * 3 + ["4–7"] * 3 + ["≥ 7"] * 3
    assert labels[9:] == ["< 4"] * 20
    assert parts_of("age", values[:8], None)[1] == [str(number) for number in range(1, 9)]


def test_a_band_holds_its_lower_edge_and_not_its_upper():
    labels, names = parts_of("age", ["29.9", "30", "49", "50", ""], [30.0, 50.0])
    assert labels == ["< 30", "30–50", "30–50", "≥ 50", ""]
    assert names == ["< 30", "30–50", "≥ 50"]


def test_bands_without_images_are_no_parts():
    assert parts_of("age", ["31", "60"], [10, 30, 50])[1] == ["30–50", "≥ 50"]


def test_negative_and_broken_numbers_stay_readable():
    assert parts_of("z", ["-7", "0", "1"], [-5, 0.5])[1] == ["< -5", "-5 to 0.5", "≥ 0.5"]


def test_one_word_among_numbers_makes_all_of_them_texts():
    assert parts_of("age", ["30", "unknown", "nan"], None)[1] == ["30", "nan", "unknown"]


def test_one_word_among_numbers_with_edges_is_an_error():
    with pytest.raises(DataError) as caught:
        parts_of("age", ["30", "forty"], [35])
    assert str(caught.value) == (
        "the column 'age' must hold numbers, for evaluation.subgroups gives it edges; got 'forty'"
    )


@pytest.mark.parametrize(("edges", "shown"), [([50, 30], "50, 30"), ([30, 30], "30, 30"), ([], "")])
def test_edges_must_increase(edges, shown):
    with pytest.raises(ConfigError) as caught:
        parts_of("age", ["30"], edges)
    assert str(caught.value) == (
        f"the edges of 'age' in evaluation.subgroups must be increasing numbers; got [{shown}]"
    )
