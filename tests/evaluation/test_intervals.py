"""The bootstrap against literally resampled data, and its intervals against closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from cervinet.evaluation import draws as drawing
from cervinet.evaluation.draws import bootstrap, draw_counts
from cervinet.evaluation.intervals import Check, Estimate, Resampling, estimate, estimates
from cervinet.evaluation.metrics import OVERALL, PER_CLASS, measure
from cervinet.evaluation.proportions import wilson
from cervinet.evaluation.seen import look
from cervinet.evaluation.statistics import Sample

HOW = Resampling(draws=1, confidence=0.95, seed=0)
NAMES = [name for name, metric in (OVERALL | PER_CLASS).items() if metric.distance is None]


def accuracy_interval(right, members, *, draws=1000, seed=0):
    """The interval of a share of ones among images that belong to groups."""
    groups = members.max() + 1
    totals = np.stack([np.bincount(members, right, groups), np.bincount(members, minlength=groups)], axis=1)

    def share(counts):
        sums = counts @ totals
        return {"share": sums[:, :1] / sums[:, 1:]}

    drawn = bootstrap(share, groups=groups, images=len(right), draws=draws, seed=seed)["share"]
    return estimate(np.array([right.mean()]), drawn, ["nothing"], n=len(right), groups=groups, how=HOW)


@pytest.mark.parametrize("name", NAMES)
def test_counting_groups_equals_resampling_their_images(name):
    random = np.random.default_rng(3)
    labels, members = random.integers(0, 3, 90), random.integers(0, 25, 90)
    members[:25] = np.arange(25)
    probabilities = np.round(random.dirichlet(np.ones(3), 90), 1) + 0.01
    counts = draw_counts(25, range(8), seed=5)
    metric = (OVERALL | PER_CLASS)[name]
    values = metric.value(look(Sample(labels, probabilities, members, 25))(counts))
    for row, drawn in zip(values, counts, strict=True):
        images = np.concatenate([np.flatnonzero(members == group) for group in np.repeat(np.arange(25), drawn)])
        np.testing.assert_allclose(row, measure(name, labels[images], probabilities[images]), atol=1e-12)


def test_a_draw_has_as_many_groups_as_there_are():
    counts = draw_counts(17, range(50), seed=1)
    assert counts.shape == (50, 17)
    assert (counts.sum(axis=1) == 17).all()
    assert counts.dtype == np.int32


def test_draws_depend_on_the_seed_and_their_number_alone(monkeypatch):
    def itself(counts):
        return {"counts": counts.astype(float)}

    def drawn(draws, seed):
        return bootstrap(itself, groups=11, images=11, draws=draws, seed=seed)["counts"]

    whole = drawn(30, seed=4)
    monkeypatch.setattr(drawing, "_CELLS", 40)
    np.testing.assert_array_equal(drawn(30, seed=4), whole)
    np.testing.assert_array_equal(drawn(10, seed=4), whole[:10])
    assert (drawn(30, seed=5) != whole).any()


def test_width_for_independent_images_is_that_of_the_binomial():
    right = (np.arange(400) % 10 < 7).astype(float)
    found = accuracy_interval(right, np.arange(400), draws=4000)
    assert found.upper - found.lower == pytest.approx(2 * 1.96 * np.sqrt(0.7 * 0.3 / 400), rel=0.05)


def test_groups_of_four_equal_images_double_the_width():
    """Four copies of each image are no new evidence: the width is that of a quarter of the images."""
    right = np.repeat((np.arange(100) % 10 < 7).astype(float), 4)
    apart = accuracy_interval(right, np.arange(400), draws=4000)
    together = accuracy_interval(right, np.repeat(np.arange(100), 4), draws=4000)
    assert (together.upper - together.lower) / (apart.upper - apart.lower) == pytest.approx(2, rel=0.06)


def share_of(right):
    return lambda counts: {"share": counts @ right / counts.sum(axis=1)}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_coverage_of_a_proportion(method):
    """Of 500 sets of 120 images, each right with probability 0.7, about 95 % of intervals hold 0.7."""
    random = np.random.default_rng(7)
    covered = 0
    for repetition in range(500):
        right = (random.random(120) < 0.7).astype(float)
        how = Resampling(draws=300, confidence=0.95, seed=repetition, method=method)
        found = estimates(
            share_of(right), counted={"share": 120}, undefined={"share": "-"}, groups=120, images=120, how=how
        )["share"]
        covered += found.lower <= 0.7 <= found.upper
    assert 0.93 <= covered / 500 <= 0.97


def test_bca_is_that_of_scipy():
    """The same draws: those of SciPy's generator are counted into ours."""
    sample = np.random.default_rng(2).exponential(size=60)

    def mean(counts):
        return {"mean": counts @ sample / counts.sum(axis=1)}

    how = Resampling(draws=999, confidence=0.9, seed=4, method="bca")
    (found,) = estimates(mean, counted={"mean": 60}, undefined={"mean": "-"}, groups=60, images=60, how=how).values()
    rows = [np.repeat(np.arange(60), counts) for counts in draw_counts(60, range(999), seed=4)]

    class Draws(np.random.Generator):
        """What SciPy asks for indices: those of our draws."""

        def integers(self, low, high, size, **more):
            assert (low, high, size) == (0, 60, (999, 60))
            return np.array(rows)

    expected = stats.bootstrap(
        (sample,), np.mean, n_resamples=999, confidence_level=0.9, method="BCa", rng=Draws(np.random.PCG64(0))
    ).confidence_interval
    assert (found.lower, found.upper) == pytest.approx(tuple(expected), abs=1e-12)
    assert found.method == "BCa bootstrap, 999 draws of 60 groups"
    assert abs(found.lower - np.quantile([sample[row].mean() for row in rows], 0.05)) > 1e-3


def test_proportions_that_never_vary_get_wilsons_interval():
    def shares(counts):
        return {name: np.ones(len(counts)) for name in ("all", "plain")}

    names = {"all": 40, "plain": 40}
    found = estimates(
        shares,
        counted=names,
        undefined=dict.fromkeys(names, "-"),
        groups=20,
        images=40,
        how=Resampling(50, 0.95, 0),
        proportions={"all": 20},
    )
    why = "every bootstrap draw gives the same value, which says nothing of its uncertainty"
    method = f"Wilson, each of 20 groups counted as one image: {why}"
    assert found["all"] == Estimate(1.0, pytest.approx(1 / (1 + 1.959963984540054**2 / 20)), 1.0, 40, method)
    assert found["plain"].reason == why
    assert found["plain"].lower is None


def test_a_proportion_of_few_groups_has_wilsons_interval_and_of_one_none():
    given = {"n": 9, "groups": 30, "how": HOW}
    two = estimate(np.array([0.5]), values(100, undefined=14), ["-"], counting=2, **given)
    assert (two.lower, two.upper) == wilson(0.5, 2, 0.95)
    why = "undefined in 14 of 100 bootstrap draws: too few groups count towards it"
    assert two.method == f"Wilson, each of 2 groups counted as one image: {why}"
    one = estimate(np.array([0.5]), values(100, undefined=37), ["-"], counting=1, **given)
    assert (one.lower, one.reason) == (None, why.replace("14", "37"))


def test_rounding_is_no_variation():
    found = estimate(np.array([0.3]), 0.3 + np.arange(9)[:, None] * 1e-17, ["-"], n=9, groups=30, how=HOW)
    assert found.reason == "every bootstrap draw gives the same value, which says nothing of its uncertainty"


def test_bca_that_cannot_be_computed_says_so():
    """Every draw lies above the value: no normal deviate belongs to that."""
    found = estimate(
        np.array([-1.0]), values(100), ["-"], n=9, groups=30, how=replace(HOW, method="bca"), left_out=values(30)
    )
    assert found.method == "percentile (BCa cannot be computed) bootstrap, 100 draws of 30 groups"


def test_a_check_stands_beside_the_interval():
    found = estimate(np.array([0.5]), values(101), ["-"], n=9, groups=30, how=HOW, check=Check("other", 0.1, 0.9))
    assert found.to_json()["check"] == {"method": "other", "lower": 0.1, "upper": 0.9}
    assert list(replace(found, check=None).to_json()) == ["value", "lower", "upper", "n", "method"]


def values(draws, *, undefined=0):
    drawn = np.linspace(0, 1, draws)[:, None]
    drawn[:undefined] = np.nan
    return drawn


def test_an_interval_holds_the_middle_share_of_the_draws():
    found = estimate(np.array([0.5]), values(2001), ["x"], n=9, groups=30, how=replace(HOW, confidence=0.9))
    assert found == Estimate(
        0.5, pytest.approx(0.05), pytest.approx(0.95), 9, "percentile bootstrap, 2001 draws of 30 groups"
    )


def test_draws_without_a_value_are_left_out_and_counted():
    found = estimate(np.array([0.5]), values(100, undefined=10), ["x"], n=9, groups=30, how=HOW)
    assert found.method == "percentile bootstrap, 100 draws of 30 groups, 10 undefined left out"
    assert found.lower == pytest.approx(np.quantile(np.linspace(0, 1, 100)[10:], 0.025))


@pytest.mark.parametrize(
    ("drawn", "groups", "reason"),
    [
        (
            values(100, undefined=11),
            30,
            "undefined in 11 of 100 bootstrap draws: too few groups count towards it",
        ),
        (values(0), 1, "there is one group only: what varies between groups cannot be seen"),
        (values(0), 30, "no interval was asked for"),
        (
            np.ones((9, 1)),
            30,
            "every bootstrap draw gives the same value, which says nothing of its uncertainty",
        ),
    ],
)
def test_a_value_without_an_interval_says_why(drawn, groups, reason):
    found = estimate(np.array([0.5]), drawn, ["x"], n=9, groups=groups, how=HOW)
    assert found == Estimate(0.5, None, None, 9, "none", reason)


def test_a_macro_mean_is_undefined_if_one_class_is():
    found = estimate(np.array([np.nan, 0.5]), np.ones((9, 2)), ["no image is of 'a'", "no b"], n=9, groups=30, how=HOW)
    assert found == Estimate(None, None, None, 9, "none", "no image is of 'a'")
    assert found.to_json()["value"] is None


def test_of_many_reasons_three_are_told():
    found = estimate(np.full(5, np.nan), np.ones((9, 5)), list("abcde"), n=9, groups=30, how=HOW)
    assert found.reason == "a; b; c; and 2 more"


def test_a_macro_mean_of_many_classes_has_an_interval_if_each_class_has():
    """Each of four classes is missing from another tenth of the draws: 40 % in all, but none is too rare."""
    drawn = np.tile(values(100), 4)
    for column in range(4):
        drawn[column * 10 : column * 10 + 10, column] = np.nan
    found = estimate(np.full(4, 0.5), drawn, list("abcd"), n=9, groups=30, how=HOW)
    assert found.method == "percentile bootstrap, 100 draws of 30 groups, 40 undefined left out"
