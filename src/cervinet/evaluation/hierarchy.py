"""Classes and their sub-classes: a mistake within the class is smaller than one across classes.

Reference: Kiritchenko, Matwin, Nock & Famili, Learning and evaluation in the presence of class hierarchies,
Canadian AI 2006: precision, recall and F of label sets to which every ancestor but the root was added.
"""

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Columns, Hierarchy, Sample

_TOLERANCE = 1e-5
"""How much larger than its class's a sub-class's probability can be by rounding."""


def hierarchy_of(predictions: Predictions) -> Hierarchy:
    """The class of each sub-class.

    That of the images that have it; of one that no image has, the class of the same name, or the only class whose
    probability, which is the sum of its sub-classes', is nowhere smaller. -1 where that settles nothing, or where
    images of two classes have it.
    """
    parents = np.array([_parent(predictions, index) for index in range(len(predictions.subclasses))], np.int64)
    names = np.array(predictions.classes, dtype=object)
    alone = (parents >= 0) & (names[parents] == np.array(predictions.subclasses, dtype=object))
    return Hierarchy(parents, alone)


def _parent(predictions: Predictions, index: int) -> int:
    name = predictions.subclasses[index]
    has: NDArray[np.bool_] = np.equal(np.array(predictions.sublabels, dtype=object), name)
    found = np.unique(predictions.labels[has])
    if not len(found) and name in predictions.classes:
        return predictions.classes.index(name)
    if not len(found) and predictions.subclass_probabilities is not None:
        own = predictions.subclass_probabilities[:, index, None]
        found = np.flatnonzero((own <= predictions.probabilities + _TOLERANCE).all(axis=0))
    return int(found[0]) if len(found) == 1 else -1


def overlaps(sample: Sample) -> Columns:
    """Three sums: labels that the true and the predicted set share, labels of the predicted, labels of the true sets.

    All NaN where the class of a sub-class that is true or predicted is not known. The sample has a hierarchy.
    """
    assert sample.hierarchy is not None
    true, predicted = sample.labels, sample.probabilities.argmax(axis=1)
    sizes, parents = np.where(sample.hierarchy.alone, 1.0, 2.0), sample.hierarchy.parents
    shared = np.where(true == predicted, sizes[true], np.equal(parents[true], parents[predicted]))
    values = np.stack([shared, sizes[predicted], sizes[true]])
    if len(unknown(sample)):
        values = np.full_like(values, np.nan)
    return Columns(np.broadcast_to([[0], [1], [2]], values.shape), values, 3)


def unknown(sample: Sample) -> NDArray[np.int64]:
    """The sub-classes that are true or predicted, and whose class is not known. The sample has a hierarchy."""
    assert sample.hierarchy is not None
    seen = np.union1d(sample.labels, sample.probabilities.argmax(axis=1))
    orphans: NDArray[np.int64] = seen[sample.hierarchy.parents[seen] < 0]
    return orphans
