"""Groups by pattern, by name and by cluster, and all of them joined."""

import numpy as np
import pandas as pd
import pytest

from cervinet.data.groups import described, groups_by_pattern, united

IMAGES = pd.Series(["a/case_1/x.png", "a/case_1/y.png", "b/case_2/z.png", "b/other/case_/w.png"])


class TestPattern:
    def test_the_first_bracket_names_the_group(self):
        assert list(groups_by_pattern(IMAGES, r"case_(\w+)/")) == ["1", "1", "2", None]

    def test_without_a_bracket_all_that_was_found_does(self):
        assert list(groups_by_pattern(IMAGES, r"case_\d")) == ["case_1", "case_1", "case_2", None]

    def test_an_empty_name_is_none(self):
        assert list(groups_by_pattern(IMAGES, r"case_(\d*)/")) == ["1", "1", "2", None]


class TestUnited:
    def test_nothing_to_join(self):
        assert list(united(IMAGES, [])) == [None] * 4
        assert list(united(IMAGES, [np.array([-1, -1, -1, -1])])) == [None] * 4

    def test_clusters_are_named_by_their_first_picture(self):
        assert list(united(IMAGES, [np.array([-1, 5, 5, -1])])) == [
            None,
            "like a/case_1/y.png",
            "like a/case_1/y.png",
            None,
        ]

    def test_names_stay_and_lone_pictures_keep_theirs(self):
        assert list(united(IMAGES, [pd.Series(["p", "p", "q", None])])) == ["p", "p", "q", None]

    def test_a_cluster_joins_two_patients(self):
        found = united(IMAGES, [pd.Series(["p", "q", None, "p"]), np.array([-1, 0, 0, 0])])
        assert list(found) == ["p + q"] * 4

    def test_a_name_means_the_same_in_every_key(self):
        found = united(IMAGES, [pd.Series(["1", "2", None, None]), pd.Series([None, None, "2", "1"])])
        assert list(found) == ["1", "2", "2", "1"]
        found = united(IMAGES, [pd.Series(["1", "2", None, None]), pd.Series(["2", None, None, "1"])])
        assert list(found) == ["1 + 2", "1 + 2", None, "1 + 2"]

    def test_many_names_are_counted(self):
        found = united(IMAGES, [pd.Series(["p", "q", "r", None]), np.array([0, 0, 0, -1])])
        assert list(found) == ["p + 2 others"] * 3 + [None]

    @pytest.mark.parametrize("seed", range(5))
    def test_is_the_connected_components_of_all_keys(self, seed):
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        random = np.random.default_rng(seed)
        keys = [random.integers(-40, 40, 100) for _ in range(3)]
        same = [(i, j) for key in keys for i in range(100) for j in range(i) if key[i] == key[j] >= 0]
        graph = coo_matrix((np.ones(len(same)), np.transpose(same)), (100, 100))
        expected = connected_components(graph, directed=False)[1]
        names = pd.Series([f"{n}" for n in range(100)])
        found = united(names, keys).fillna(names)
        assert (pd.factorize(found)[0] == pd.factorize(expected)[0]).all()


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ((), ""),
        (("column", "pattern"), ""),
        (("near-duplicates",), "groups derived from near-duplicates"),
        (("column", "near-duplicates"), "groups joined where near-duplicates show that they belong together (derived)"),
    ],
)
def test_derived_groups_are_called_so(sources, words):
    assert described(sources) == words
