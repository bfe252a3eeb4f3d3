"""How near the splits come to 70/15/15 in each class; for docs/decisions/0006-splits.md.

    python scripts/measure_splits.py

Two hundred data sets of three unequal classes, one to `most` pictures a group and one class a group, divided by
cervinet's rule and by scikit-learn's StratifiedGroupKFold of 20 folds, of which 3 are val, 3 test and 14 train.
Prints the deviation from a split's share of a class, in percentage points: mean and worst over the data sets.
"""

import json
import warnings

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from cervinet.data.splits import divide

FRACTIONS = {"train": 0.7, "val": 0.15, "test": 0.15}
FOLDS, HELD_OUT, DATA_SETS = 20, 3, 200
CLASS_SHARES = (0.17, 0.53, 0.30)


def main() -> None:
    warnings.filterwarnings("ignore", message="The least populated class")
    for groups, most in ((50, 3), (300, 3), (50, 20), (300, 20)):
        found: dict[str, list[float]] = {"cervinet": [], "StratifiedGroupKFold": []}
        for seed in range(DATA_SETS):
            labels, members = data_set(groups, most, seed)
            found["cervinet"].append(deviation(labels, divide(labels, members, FRACTIONS, seed)))
            found["StratifiedGroupKFold"].append(deviation(labels, by_folds(labels, members, seed)))
        row = {name: [round(float(np.mean(v)), 1), round(max(v), 1)] for name, v in found.items()}
        print(json.dumps({"groups": groups, "most pictures a group": most, "mean and worst": row}))


def data_set(groups: int, most: int, seed: int) -> tuple[pd.Series, pd.Series]:
    random = np.random.default_rng(seed)
    sizes = random.integers(1, most + 1, groups)
    classes = random.choice(len(CLASS_SHARES), groups, p=CLASS_SHARES)
    return pd.Series(np.repeat(classes, sizes)), pd.Series(np.repeat(np.arange(groups), sizes))


def by_folds(labels: pd.Series, members: pd.Series, seed: int) -> np.ndarray:
    split = np.full(len(labels), "train", object)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(labels, labels, members)
    for fold, (_, rows) in enumerate(folds):
        if fold < 2 * HELD_OUT:
            split[rows] = "val" if fold < HELD_OUT else "test"
    return split


def deviation(labels: pd.Series, split: np.ndarray) -> float:
    """The largest distance of any class's share in any split from what was asked, in percentage points."""
    shares = pd.crosstab(labels, split, normalize="index").reindex(columns=list(FRACTIONS), fill_value=0)
    return float(100 * (shares - pd.Series(FRACTIONS)).abs().to_numpy().max())


if __name__ == "__main__":
    main()
