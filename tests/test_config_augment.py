"""`training.augment`: short and long forms, presets, and what is said of mistakes."""

from pathlib import Path

import pytest
import yaml

from cervinet.amount import Amount
from cervinet.config import load_config
from cervinet.config_augment import PRESETS, Augment
from cervinet.data.augment import Augmentation
from cervinet.errors import ConfigError

DATA = "data: {root: pictures}\n"


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def loaded(augment, *overrides):
        Path("x.yaml").write_text(f"{DATA}training: {{augment: {augment}}}\n", encoding="utf-8")
        return load_config(Path("x.yaml"), overrides).training.augment

    return loaded


class TestForms:
    def test_a_bare_number_is_the_strength_and_happens_always(self, load):
        augment = load("{horizontal_flip: 0.5, rotation: 90, zoom: [0.9, 1.2], brightness: 0.1, fill: black}")
        assert augment.horizontal_flip == 0.5
        assert augment.rotation == Amount(90.0, 1.0)
        assert augment.zoom == Amount((0.9, 1.2), 1.0)
        assert augment.brightness == Amount(0.1, 1.0)
        assert (augment.contrast, augment.fill) == (Amount(), "black")

    def test_a_strength_with_a_probability(self, load):
        augment = load("{rotation: {strength: 90, probability: 0.5}, zoom: {strength: [0.9, 1.2], probability: 0}}")
        assert augment.rotation == Amount(90.0, 0.5)
        assert augment.zoom == Amount((0.9, 1.2), 0.0)
        assert load("{rotation: {strength: 5}}").rotation == Amount(5.0, 1.0)

    @pytest.mark.parametrize(
        "text", ["medium", "{preset: strong, mixup: 0.2}", "{hue: {strength: 5, probability: .5}}"]
    )
    def test_the_resolved_form_is_read_back_as_the_same(self, load, text):
        augment = load(text)
        assert load(yaml.safe_dump(augment.model_dump(mode="json"), default_flow_style=True)) == augment


class TestPresets:
    @pytest.mark.parametrize("name", PRESETS)
    def test_stand_for_their_settings(self, load, name):
        augment = load(name)
        assert augment.preset == name
        assert augment == load(f"{{preset: {name}}}")
        assert augment == Augment.model_validate({**PRESETS[name], "preset": name})
        assert bool(Augmentation(**augment.changes())) == (name != "none")

    def test_own_settings_come_before_those_of_the_preset(self, load):
        medium, own = load("medium"), load("{preset: medium, rotation: 10, gamma: 0}")
        assert own.rotation == Amount(10.0)
        assert not own.gamma
        assert own.model_copy(update={"rotation": medium.rotation, "gamma": medium.gamma}) == medium

    def test_what_each_promises(self, load):
        assert load("none") == Augment()
        assert not load("medium").noise
        histology = load("histology")
        assert histology.quarter_turns == 0.75
        assert histology.horizontal_flip == 0.5
        assert histology.hue
        assert histology.saturation
        assert not any(load(name).mixup or load(name).cutmix for name in PRESETS)

    @pytest.mark.parametrize("name", ["rotation", "shift", "shear", "brightness", "contrast", "saturation", "hue"])
    def test_grow_from_light_to_strong(self, load, name):
        strengths = [getattr(load(preset), name).strength for preset in ("none", "light", "medium", "strong")]
        assert strengths == sorted(strengths)
        assert strengths[2] < strengths[3]


@pytest.mark.parametrize(
    ("augment", "sentences"),
    [
        ("medum", ["`training.augment` names an unknown preset 'medum' (did you mean 'medium'?) (x.yaml:2)"]),
        ("5", ["`training.augment` must be a preset (none, light, medium, strong, histology), or hold `key: value` "
               "lines; got 5 (x.yaml:2)"]),
        ("{preset: medum}", ["`training.augment.preset` must be 'none', 'light', 'medium', 'strong' or 'histology'; "
                             "got 'medum' (x.yaml:2)"]),
        ("{rotation: {strength: 500}}",
         ["`training.augment.rotation.strength` must be less than or equal to 180; got 500 (x.yaml:2)"]),
        ("{rotation: 500}", ["`training.augment.rotation` must be less than or equal to 180; got 500 (x.yaml:2)"]),
        ("{rotation: '5'}", ["`training.augment.rotation` must be a valid number; got '5' (x.yaml:2)"]),
        ("{rotation: true}", ["`training.augment.rotation` must be a valid number; got True (x.yaml:2)"]),
        ("{rotation: .nan}", ["`training.augment.rotation` must be a finite number; got nan (x.yaml:2)"]),
        ("{rotation: }", ["`training.augment.rotation` must be a valid number (x.yaml:2)"]),
        ("{rotation: {probability: 0.5}}", ["`training.augment.rotation.strength` is missing (x.yaml:2)"]),
        ("{rotation: {strength: 5, probability: 2}}",
         ["`training.augment.rotation.probability` must be less than or equal to 1; got 2 (x.yaml:2)"]),
        ("{rotation: {strenght: 5}}",
         ["`training.augment.rotation.strength` is missing (x.yaml:2)",
          "`training.augment.rotation.strenght` is not a setting (did you mean 'strength'?) (x.yaml:2)"]),
        ("{zoom: {strength: 1.2}}",
         ["`training.augment.zoom.strength` must be two factors, smallest and largest, as in [0.9, 1.2]; got 1.2 "
          "(x.yaml:2)"]),
        ("{zoom: {strength: [0, -1]}}",
         ["`training.augment.zoom.strength` must be two factors, smallest and largest, as in [0.9, 1.2]; got [0, -1] "
          "(x.yaml:2)"]),
        ("{zoom: [1.2, 0.9]}",
         ["`training.augment.zoom` must be two factors, smallest and largest, as in [0.9, 1.2]; got [1.2, 0.9] "
          "(x.yaml:2)"]),
        ("{horizontal_flip: 1.5}",
         ["`training.augment.horizontal_flip` must be less than or equal to 1; got 1.5 (x.yaml:2)"]),
        ("{mixup: 0}", ["`training.augment.mixup` must be greater than 0; got 0 (x.yaml:2)"]),
        ("{mixup: 0.2, cutmix: 1}",
         ["`training.augment` mixes a picture by `mixup` or by `cutmix`, not by both: their probabilities must sum to "
          "at most 1; got 1 and 1 (x.yaml:2)"]),
        ("{preset: medium, rotaton: 5, noise: 2}",
         ["`training.augment.noise` must be less than or equal to 1; got 2 (x.yaml:2)",
          "`training.augment.rotaton` is not a setting (did you mean 'rotation'?) (x.yaml:2)"]),
    ],
)  # fmt: skip
def test_mistakes_are_whole_sentences(load, augment, sentences):
    with pytest.raises(ConfigError) as error:
        load(augment)
    assert error.value.problems == sentences


@pytest.mark.parametrize(
    ("imbalance", "sentence"),
    [
        ("oversampel", "`training.imbalance` names an unknown imbalance 'oversampel' (did you mean 'oversample'?)"),
        ("{class_weights: {by: balance}}",
         "`training.imbalance.class_weights.by` must be 'balanced' or 'effective_number'; got 'balance'"),
        ("{class_weights: {by: effective_number, beta: 1}}",
         "`training.imbalance.class_weights.beta` must be less than 1; got 1"),
        ("given", "`training.imbalance.given.weights` is missing"),
        ("{given: {weights: {a: -1}}}",
         "`training.imbalance.given.weights.a` must be greater than or equal to 0; got -1"),
        ("{given: {weights: {a: .inf}}}", "`training.imbalance.given.weights.a` must be a finite number; got inf"),
    ],
)  # fmt: skip
def test_mistakes_in_the_imbalance_too(load, imbalance, sentence):
    with pytest.raises(ConfigError) as error:
        load("none", f"training.imbalance={imbalance}")
    assert [one.removesuffix(" (command line)") for one in error.value.problems] == [sentence]


def test_an_override_of_one_setting_keeps_the_preset_of_the_file(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(f"{DATA}training: {{augment: medium}}\n")
    medium = load_config(path).training.augment
    changed = load_config(path, ["training.augment.rotation=3"]).training.augment
    assert changed.rotation == Amount(3)
    assert changed.model_copy(update={"rotation": medium.rotation}) == medium
    path.write_text(f"{DATA}training: {{augment: mediun}}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert "mediun" in str(caught.value)
    assert f"({path}:2)" in str(caught.value)
