"""How well scores tell other kinds of pictures from those of a run: the table of docs/decisions/0022-input-gate.md.

    python scripts/compare_unlike.py RUN FOLDER...

Scores are fitted on training pictures of the run, their limits for 1 % are of its validation pictures. For each folder,
without masks (NAME_mask.png): the share beyond the limit, and the AUROC against the validation pictures. "Halves" is
the share of one half of the validation pictures beyond the limit of the other, the mean of 20 divisions.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.special import logsumexp
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from cervinet import Predictor
from cervinet.data.decoding import decode_all
from cervinet.data.look import look
from cervinet.data.picture import Picture
from cervinet.errors import ImageError
from cervinet.gating import sampled
from cervinet.inference.inputs import pictures_named
from cervinet.inference.likeness import Space
from cervinet.inference.limits import upper_limit
from cervinet.pictures import config_of, own_pictures
from cervinet.progress import Silent
from cervinet.run import Run

SHARE, BATCH = 0.01, 32
Vectors = dict[str, np.ndarray]
Score = Callable[[np.ndarray], np.ndarray]


def mahalanobis(training: np.ndarray) -> Score:
    scaler = StandardScaler().fit(training)
    fitted = LedoitWolf().fit(scaler.transform(training))
    return lambda given: np.sqrt(fitted.mahalanobis(scaler.transform(given)))


def residual(training: np.ndarray) -> Score:
    scaler = StandardScaler().fit(training)
    space = PCA(0.95, svd_solver="full").fit(scaler.transform(training))

    def score(given: np.ndarray) -> np.ndarray:
        scaled = scaler.transform(given)
        return np.linalg.norm(scaled - space.inverse_transform(space.transform(scaled)), axis=1)

    return score


def neighbour(training: np.ndarray) -> Score:
    scaler = StandardScaler().fit(training)
    fitted = NearestNeighbors(n_neighbors=5).fit(scaler.transform(training))
    return lambda given: fitted.kneighbors(scaler.transform(given))[0][:, -1]


def centre(training: np.ndarray) -> Score:
    return Space.fit(training, training[:2], SHARE).score


SCORES = {
    "Mahalanobis with Ledoit–Wolf shrinkage": mahalanobis,
    "residual outside the subspace of 95 %": residual,
    "5th nearest neighbour": neighbour,
    "nearest of at most 32 centres": centre,
}


def vectors(predictor: Predictor, pictures: list[Picture]) -> Vectors:
    images = [one[0] for _, one in decode_all(pictures, predictor.measured) if not isinstance(one, ImageError)]
    batches = [np.stack(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    answers = [predictor.engine(batch) for batch in batches]
    seen = np.concatenate([look(batch) for batch in batches])
    embedding = np.concatenate([one.embedding for one in answers])
    logits = np.concatenate([one.logits for one in answers])
    return {"embedding": embedding, "look": seen, "both": np.hstack([seen, embedding]), "logits": logits}


def main(arguments: list[str]) -> None:
    run = Run.open(Path(arguments[0]))
    predictor, config = Predictor.load(run), config_of(run, None, ())
    manifest = own_pictures(config, run, Silent())
    parts = [manifest.take(sampled(manifest, split, config.seed)).pictures() for split in ("train", "val")]
    training, validation = (vectors(predictor, part) for part in parts)
    others = [vectors(predictor, pictures_named([one], mask_suffix="_mask").pictures) for one in arguments[1:]]
    print(f"{len(training['look'])} training and {len(validation['look'])} validation pictures\n")
    print(f"| score | halves | {' | '.join(Path(folder).name for folder in arguments[1:])} |")
    print(f"| --- | --- |{' --- |' * len(others)}")
    for space in ("embedding", "look", "both"):
        for name, fit in SCORES.items():
            score = fit(training[space])
            _print(f"{space}, {name}", *(np.log(score(one[space])) for one in (validation, *others)))
    _print("energy of the logits", *(-logsumexp(one["logits"], axis=1) for one in (validation, *others)))


def _print(name: str, validation: np.ndarray, *others: np.ndarray) -> None:
    random, halves = np.random.default_rng(0), []
    for _ in range(20):
        one, other = np.array_split(random.permutation(validation), 2)
        halves.append((one > upper_limit(other, SHARE)).mean())
    limit, cells = upper_limit(validation, SHARE), []
    for given in others:
        truth = np.repeat([0, 1], [len(validation), len(given)])
        auroc = roc_auc_score(truth, np.concatenate([validation, given]))
        cells.append(f"{100 * (given > limit).mean():.0f} % ({auroc:.2f})")
    print(f"| {name} | {100 * np.mean(halves):.1f} % | {' | '.join(cells)} |")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1:])
