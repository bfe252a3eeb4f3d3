"""Distances to the pictures of training: against scikit-learn, on other pictures, and from files that are broken."""

import pickle

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances
from sklearn.preprocessing import StandardScaler

from cervinet.data.look import LOOK, look
from cervinet.errors import CervinetError
from cervinet.inference.likeness import CENTRES, Likeness, Space

SHARE = 0.02


def vectors(seed, n=600, k=6, moved=0.0):
    random = np.random.default_rng(seed)
    kinds = np.random.default_rng(99).normal(size=(3, k)) * 8
    found = kinds[random.integers(0, 3, n)] + random.normal(size=(n, k)) + moved
    return (found * 10.0 ** np.arange(k)).astype(np.float32)


def pictures(seed, n=40, colour=(180, 90, 80)):
    noise = np.random.default_rng(seed).normal(0, 20, (n, 16, 16, 3))
    return np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def space():
    return Space.fit(vectors(0), vectors(1, 300), SHARE)


@pytest.fixture(scope="module")
def likeness():
    training, validation = pictures(0, 80), pictures(1)
    return Likeness.fit(
        {"look": look(training), "embedding": vectors(0, 80)},
        {"look": look(validation), "embedding": vectors(1, 40)},
        SHARE,
    )


class TestSpace:
    def test_the_distance_to_the_nearest_centre_in_standard_deviations(self, space):
        given = vectors(2, 50)
        scaled = StandardScaler().fit(vectors(0).astype(float)).transform(given.astype(float))
        nearest = pairwise_distances(scaled, space.centres.astype(float)).min(axis=1) / np.sqrt(6)
        np.testing.assert_allclose(space.score(given) * space.threshold, nearest, rtol=1e-3)
        assert 3 <= len(space.centres) <= CENTRES

    def test_the_threshold_flags_the_share_of_validation_and_of_new_pictures(self, space):
        assert np.count_nonzero(space.score(vectors(1, 300)) > 1) == 5  # ⌊0.02 × 301⌋ = 6: the sixth lies on it
        assert 0.005 < (space.score(vectors(3, 4000)) > 1).mean() < 0.04

    def test_what_is_elsewhere_is_flagged(self, space):
        assert (space.score(vectors(4, moved=6.0)) > 1).all()

    def test_the_further_the_higher(self, space):
        away = np.array([np.full(6, step) * 10.0 ** np.arange(6) for step in (30, 60, 120, 1e6)], np.float32)
        scores = space.score(away)
        assert (np.diff(scores) > 0).all()
        assert scores[0] > 1

    def test_a_picture_does_not_depend_on_its_company(self, space):
        given = vectors(5, 40)
        np.testing.assert_array_equal(space.score(given), [space.score(one[None])[0] for one in given])

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_what_is_not_finite_is_unlike_anything(self, space, value):
        given = vectors(6, 2)
        given[1, 3] = value
        assert (space.score(given)[0] < 2, space.score(given)[1]) == (True, np.inf)

    def test_values_that_never_differ_have_no_part_in_it(self):
        """As of a unit of the network that is always 0."""

        def wider(values, constant):
            return np.hstack([values, np.full((len(values), 2), constant, np.float32)])

        found = Space.fit(wider(vectors(0), 0.1), wider(vectors(1, 300), 0.1), SHARE)
        np.testing.assert_array_equal(found.score(wider(vectors(2, 20), 0.1)), found.score(wider(vectors(2, 20), 7)))

    def test_few_pictures_are_few_kinds(self):
        assert len(Space.fit(vectors(0, 25), vectors(1, 10), SHARE).centres) == 2
        assert len(Space.fit(vectors(0, 3), vectors(1, 3), SHARE).centres) == 1

    def test_few_validation_pictures_flag_no_crowds(self):
        """The largest of ten distances would be exceeded by one new picture in eleven."""
        beyond = [
            (Space.fit(vectors(seed, 200), vectors(seed + 100, 10), 0.01).score(vectors(7, 500)) > 1).mean()
            for seed in range(20)
        ]
        assert np.mean(beyond) < 0.03

    def test_pictures_that_are_all_the_same(self):
        same = np.ones((20, 3), np.float32)
        found = Space.fit(same, same, SHARE)
        np.testing.assert_array_equal(found.score(same), 0)


class TestLikeness:
    def test_the_highest_of_both(self, likeness):
        given, embedding = look(pictures(2, 10)), vectors(2, 10)
        scores = [likeness.spaces["look"].score(given), likeness.spaces["embedding"].score(embedding)]
        np.testing.assert_array_equal(likeness.score(given, embedding), np.maximum(*scores))

    def test_another_kind_of_picture_is_unlike_whatever_the_network_makes_of_it(self, likeness):
        assert (likeness.score(look(pictures(3, 10)), vectors(2, 10)) <= 1).mean() > 0.8
        assert (likeness.score(look(pictures(3, 10, colour=(90, 90, 90))), vectors(2, 10)) > 1).all()

    def test_so_is_one_that_only_the_network_finds_odd(self, likeness):
        assert (likeness.score(look(pictures(3, 10)), vectors(4, 10, moved=9.0)) > 1).all()

    def test_a_network_without_embeddings(self):
        found = Likeness.fit({"look": look(pictures(0))}, {"look": look(pictures(1))}, SHARE)
        assert found.score(look(pictures(2, 3)), None).shape == (3,)

    def test_both_together_flag_no_more_than_the_share(self):
        """Two thresholds of the whole share each would flag nearly twice as many."""

        def both(seed, n):
            return {"look": vectors(seed, n), "embedding": vectors(seed + 50, n)}

        found = Likeness.fit(both(0, 600), both(1, 400), 0.05)
        new = both(2, 4000)
        beyond = np.max([found.spaces[name].score(new[name]) for name in new], axis=0) > 1
        assert 0.03 < beyond.mean() < 0.07

    def test_a_file_gives_the_same_back(self, likeness, tmp_path):
        likeness.save(tmp_path / "likeness.npz")
        again = Likeness.load(tmp_path / "likeness.npz")
        given = look(pictures(2, 5)), vectors(2, 5)
        np.testing.assert_array_equal(again.score(*given), likeness.score(*given))
        assert [path.name for path in tmp_path.iterdir()] == ["likeness.npz"]

    def test_no_row_of_it_is_a_picture_of_training(self):
        """Also not one that lies apart from all others, which k-means alone would make a centre of its own."""
        training = np.concatenate([pictures(0, 78), pictures(0, 2, colour=(20, 200, 90))])
        seen = look(training)
        space = Space.fit(seen, look(pictures(1)), SHARE)
        away = np.abs((seen - space.mean) * space.weight - space.centres[:, None]).max(axis=2)
        assert away.min() > 0.3


class Bomb:
    def __reduce__(self):
        return (open, ("exploded", "w"))


TWO = {"look.centres": np.zeros((2, LOOK))}


class TestBrokenFiles:
    @pytest.fixture
    def arrays(self, likeness, tmp_path):
        likeness.save(tmp_path / "whole.npz")
        with np.load(tmp_path / "whole.npz") as file:
            return dict(file)

    def refused(self, path):
        with pytest.raises(CervinetError) as caught:
            Likeness.load(path)
        start = f"{path} must hold the distances by which pictures are compared with those of training; it cannot be "
        assert str(caught.value).startswith(start + "read: ")
        assert str(caught.value).endswith("; train again")
        return str(caught.value).removeprefix(start + "read: ").removesuffix("; train again")

    def test_a_pickle_is_never_opened(self, arrays, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        odd = np.empty(1, object)
        odd[0] = Bomb()
        np.savez(tmp_path / "a.npz", **arrays | {"look.mean": odd})
        assert self.refused(tmp_path / "a.npz") == ("Object arrays cannot be loaded when allow_pickle=False")
        (tmp_path / "b.npz").write_bytes(pickle.dumps(Bomb()))
        assert self.refused(tmp_path / "b.npz") == "it is not a whole npz file"
        np.save(tmp_path / "c.npy", odd)
        assert self.refused(tmp_path / "c.npy") == "it is not a whole npz file"
        assert not (tmp_path / "exploded").exists()

    def test_a_file_that_was_cut_off(self, likeness, tmp_path):
        path = tmp_path / "a.npz"
        likeness.save(path)
        data = path.read_bytes()
        for length in (0, 3, 200, len(data) // 2, len(data) - 5):
            path.write_bytes(data[:length])
            self.refused(path)

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"look.mean": np.zeros(4)} | TWO, f"its arrays do not fit each other: (4,), ({LOOK},), (2, {LOOK})"),
            (
                {"look.centres": np.zeros((0, LOOK))},
                f"its arrays do not fit each other: ({LOOK},), ({LOOK},), (0, {LOOK})",
            ),
            ({"look.threshold": np.float64(0)}, "it has numbers that are none, or a threshold that is not positive"),
            (
                {"look.threshold": np.float64(np.nan)},
                "it has numbers that are none, or a threshold that is not positive",
            ),
            (
                {"look.weight": np.full(LOOK, np.inf)},
                "it has numbers that are none, or a threshold that is not positive",
            ),
            ({"look.mean": None}, "look.mean is not a file in the archive"),
            ({"smell.mean": np.zeros(2)}, "smell.weight is not a file in the archive"),
        ],
    )
    def test_arrays_that_are_not_those(self, arrays, tmp_path, changed, reason):
        found = {name: value for name, value in (arrays | changed).items() if value is not None}
        np.savez(tmp_path / "a.npz", **found)
        assert self.refused(tmp_path / "a.npz") == reason

    def test_without_the_space_that_all_have(self, arrays, tmp_path):
        np.savez(tmp_path / "a.npz", **{key: one for key, one in arrays.items() if key.startswith("embedding")})
        assert self.refused(tmp_path / "a.npz") == "its spaces are embedding"
