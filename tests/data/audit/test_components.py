"""Which rows hang together when some are joined."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cervinet.data.audit.components import Components, components


def test_are_those_of_the_graph():
    pairs = np.random.default_rng(0).integers(0, 500, (300, 2))
    labels = components(500, pairs.tolist())
    _, expected = connected_components(coo_array((np.ones(300), pairs.T), (500, 500)), directed=False)
    # The same parts, each called by its smallest row.
    smallest = {part: np.flatnonzero(expected == part)[0] for part in set(expected)}
    assert labels.tolist() == [smallest[part] for part in expected]


def test_joining_says_whether_anything_was_joined():
    found = Components(4)
    assert [found.join(3, 1), found.join(1, 0), found.join(0, 3), found.join(2, 2)] == [True, True, False, False]
    assert [found.root(row) for row in range(4)] == [0, 0, 2, 0]


def test_of_no_rows():
    assert components(0, []).tolist() == []
