"""Limits of the gate, its flags, and a card in which something else stands."""

import json
from pathlib import Path

import numpy as np
import pytest

from cervinet.data.quality import Quality
from cervinet.errors import CervinetError
from cervinet.inference.gate import FLAGS, Gate, gate_of
from cervinet.model_card import ModelCard

GATE = Gate(40.0, 200.0, 15.0, 2.5, ("dark", "unlike"), 0.01, 200, {"spaces": ["look"]})
GOOD = Quality(100.0, 50.0, 1.0)


def qualities(n, seed=0):
    random = np.random.default_rng(seed)
    numbers = zip(random.normal(120, 15, n), random.lognormal(4, 0.8, n), random.uniform(0.3, 1.5, n), strict=True)
    return [Quality(*map(float, one)) for one in numbers]


class TestFlags:
    @pytest.mark.parametrize(
        ("quality", "unlike", "expected"),
        [
            (GOOD, 0.5, ()),
            (GOOD, None, ()),
            (Quality(40.0, 15.0, 2.5), 1.0, ()),  # each upon its limit
            (Quality(200.0, 15.0, 2.5), 1.0, ()),
            (Quality(39.9, 50.0, 1.0), None, ("dark",)),
            (Quality(200.1, 50.0, 1.0), None, ("bright",)),
            (Quality(100.0, 14.9, 1.0), None, ("blurred",)),
            (Quality(100.0, 50.0, 2.6), None, ("small",)),
            (GOOD, 1.001, ("unlike",)),
            (GOOD, np.inf, ("unlike",)),
            (Quality(0.0, 0.0, 99.0), 9.0, ("dark", "blurred", "small", "unlike")),
        ],
    )
    def test_in_their_order(self, quality, unlike, expected):
        assert GATE.flags(quality, unlike) == expected


class TestFit:
    def test_each_limit_flags_the_share_of_validation_pictures(self):
        """⌊0.05 × 201⌋ = 10: nine lie beyond the tenth."""
        given = qualities(200)
        gate = Gate.fit(given, 0.05, [])
        flags = [gate.flags(one, None) for one in given]
        assert [sum(name in one for one in flags) for name in FLAGS] == [9, 9, 9, 0, 0]
        assert (gate.share, gate.n, gate.refuse, gate.unlike) == (0.05, 200, (), {})

    def test_ten_validation_pictures_do_not_flag_others_in_masses(self):
        """The darkest of ten would flag 9 % of new pictures, and three such limits a quarter of them."""
        new = qualities(500, seed=1000)
        flagged = [
            np.mean([bool(gate.flags(one, None)) for one in new])
            for gate in (Gate.fit(qualities(10, seed), 0.01, []) for seed in range(40))
        ]
        assert np.mean(flagged) < 0.05

    def test_limits_of_brightness_stay_within_what_a_picture_can_have(self):
        gate = Gate.fit([Quality(30.0, 50.0, 1.0), Quality(220.0, 60.0, 1.0)], 0.01, [])
        assert (gate.darkest, gate.brightest) == (0.0, 255.0)
        assert json.loads(json.dumps(gate.to_json(), allow_nan=False)) == gate.to_json()

    def test_small_is_more_than_any_and_at_least_doubled(self):
        few = qualities(5)
        assert Gate.fit(few, 0.01, []).most_enlarged == 2.0
        assert Gate.fit([*few, Quality(100, 50, 3.5)], 0.01, []).most_enlarged == 3.5

    def test_where_plain_pictures_are_usual_none_is_blurred(self):
        gate = Gate.fit([Quality(100.0, 0.0, 1.0)] * 20, 0.01, [])
        assert gate.flags(Quality(100.0, 0.0, 1.0), None) == ()

    def test_flags_to_refuse_stand_in_the_order_of_all(self):
        assert Gate.fit(qualities(9), 0.01, ["unlike", "dark"]).refuse == ("dark", "unlike")


class TestCard:
    def test_json_gives_the_same_back(self):
        assert Gate.from_json(json.loads(json.dumps(GATE.to_json()))) == GATE

    def test_without_a_distance_it_says_nothing_of_one(self):
        gate = Gate.fit(qualities(9), 0.01, [])
        assert "unlike" not in gate.to_json()
        assert Gate.from_json(gate.to_json()) == gate

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"darkest": None}, "TypeError('limits must be numbers; got (None, 200.0, 15.0, 2.5, 0.01, 200)')"),
            ({"n": True}, "TypeError('limits must be numbers; got (40.0, 200.0, 15.0, 2.5, 0.01, True)')"),
            (
                {"brightest": float("nan")},
                "TypeError('limits must be numbers; got (40.0, nan, 15.0, 2.5, 0.01, 200)')",
            ),
            (
                {"refuse": ["ugly"]},
                f"ValueError(\"refuse must name flags of {FLAGS}; got 'ugly'\")",
            ),
            ({"refuse": 3}, "TypeError(\"'int' object is not iterable\")"),
            ({"unlike": {}}, "TypeError('unlike must hold facts of a distance; got {}')"),
            ({"unlike": 3}, "TypeError('unlike must hold facts of a distance; got 3')"),
        ],
    )
    def test_something_else_in_its_place_is_one_sentence(self, changed, reason):
        card = ModelCard(("a", "b"), (8, 8), (), "planted", gate=GATE.to_json() | changed)
        with pytest.raises(CervinetError) as caught:
            gate_of(card, Path("run/model.json"))
        assert str(caught.value) == (
            "the gate in run/model.json must be the one that the run was finished with; it cannot be read: "
            f"{reason}; bring the original back, or train again"
        )

    @pytest.mark.parametrize("gate", [{"refuse": []}, GATE.to_json() | {"more": 1}])
    def test_nor_may_it_have_fewer_or_other_values(self, gate):
        card = ModelCard(("a", "b"), (8, 8), (), "planted", gate=gate)
        with pytest.raises(CervinetError, match="it cannot be read: TypeError"):
            gate_of(card, Path("model.json"))

    def test_a_card_without_a_gate(self):
        assert gate_of(ModelCard(("a", "b"), (8, 8), (), "planted"), Path("model.json")) is None
