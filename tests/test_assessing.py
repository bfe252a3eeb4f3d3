"""Finished runs judged by the choices that they were finished with, without a network."""

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from cervinet import assessing, deciding, settling
from cervinet.assembly import with_whole_paths
from cervinet.assessing import Extras, assessed, choices_of, judge
from cervinet.data.manifest import Manifest, table_of
from cervinet.errors import CervinetError, ConfigError, DataError
from cervinet.evaluation.choices import Choices, corrected
from cervinet.evaluation.prediction_tables import read_predictions
from cervinet.evaluation.predictions import Unreadable, write_predictions
from cervinet.evaluation.units import by_group
from cervinet.progress import Silent
from written_runs import CLASSES, card_of, config_of, finished, planted, without_choices

pytestmark = pytest.mark.usefixtures("blank_figures", "no_onnx")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run, its card and its test predictions; no test changes them."""
    return finished(tmp_path_factory.mktemp("runs") / "run", config_of(), planted(), planted(1, "test"))


@pytest.fixture
def own(tmp_path):
    """The same for one test, to be changed."""
    return finished(tmp_path / "run", config_of(), planted(), planted(1, "test"))


def manifest_of(*parts):
    rows = [
        {"image": image, "group": group, "label": one.classes[label], "split": one.split}
        for one in parts
        for image, group, label in zip(one.images, one.groups, one.labels, strict=True)
    ]
    return Manifest(table_of(rows), assessing.Path("."), CLASSES, groups_from=("column",))


def judged(made, folder, extras=assessing.NOTHING_MORE, **evaluation):
    run, card, test = made
    return judge(config_of(**evaluation), run, card, manifest_of(test), test, folder, "planted", Silent(), extras)


NONE_READ = planted(images=0, unreadable=(Unreadable("val-000.jpg", "cut off"),))


class TestChoicesOf:
    def test_the_locked_ones_where_settings_are_the_same(self, own):
        run, card, _ = own
        run.predictions("val").unlink()  # they are not looked at
        found, why = choices_of(run, card, config_of(prevalence=0.1, draws=300, report=True).evaluation)
        assert (found, why) == (Choices.from_json(card.choices), "")

    def test_anew_on_the_calibrated_validation_predictions_where_others_are_asked_for(self, made):
        run, card, _ = made
        asked = config_of(positive=["CIN1", "CIN2+"]).evaluation
        found, why = choices_of(run, card, asked)
        assert (found, why) == (deciding.chosen(asked, read_predictions(run.predictions("val"), CLASSES)), "")
        assert {point.positive for point in found.points} == {("CIN1", "CIN2+")}
        assert found.points != deciding.chosen(asked, planted()).points  # before calibration

    def test_by_group_where_that_is_asked_for(self, made):
        run, card, _ = made
        found, _ = choices_of(run, card, config_of(unit="group").evaluation)
        assert found.unit == "group"
        assert {point.positives + point.negatives for point in found.points} == {30}

    def test_never_on_the_test_predictions(self, own):
        run, card, _ = own
        before = choices_of(run, card, config_of(coverage=0.8).evaluation)
        write_predictions(planted(7, "test"), run.predictions("test"))
        assert choices_of(run, card, config_of(coverage=0.8).evaluation) == before

    @pytest.mark.parametrize("predictions", [None, NONE_READ])
    def test_none_without_validation_predictions(self, own, predictions):
        run, card, _ = own
        run.predictions("val").unlink()
        if predictions:
            write_predictions(predictions, run.predictions("val"))
        asked = config_of(positive=["CIN1"]).evaluation
        reason = "the run has no validation predictions to choose thresholds on"
        assert choices_of(run, card, asked) == (None, reason)
        assert choices_of(run, replace(card, choices={}), config_of().evaluation) == (None, reason)

    def test_a_card_that_was_damaged_is_named(self, own):
        run, card, _ = own
        with pytest.raises(CervinetError) as error:
            choices_of(run, replace(card, choices={"unit": "image"}), config_of().evaluation)
        assert str(error.value) == (
            f"the choices in {run.card} must be those that a run was finished with; they cannot be read: "
            "KeyError('points')"
        )


class TestAnOlderRun:
    """Whose model.json knows neither calibration nor choices."""

    def test_is_judged_with_thresholds_from_its_own_validation_predictions(self, tmp_path):
        run, _, test = finished(tmp_path / "run", config_of(calibration="none"), planted(), planted(1, "test"))
        without_choices(run)
        card = run.read_card()
        assert (card.calibration, card.choices) == ({}, {})
        found = judged((run, card, test), tmp_path / "out").assessment
        assert found.choices == deciding.chosen(config_of().evaluation, planted())
        assert found.calibrated.method == "none"
        assert len(found.points) == 9

    def test_without_validation_predictions_it_is_judged_without_thresholds(self, tmp_path):
        run, _, test = finished(tmp_path / "run", config_of(calibration="none"), planted(), planted(1, "test"))
        without_choices(run)
        run.predictions("val").unlink()
        found = judged((run, run.read_card(), test), tmp_path / "out").assessment
        assert (found.choices, found.points, found.sets) == (None, (), ())
        metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
        assert metrics["no_choices"] == "the run has no validation predictions to choose thresholds on"
        assert metrics["metrics"]["accuracy"]["value"] == (test.predicted == test.labels).mean()


class TestJudge:
    @pytest.mark.usefixtures("drawn_figures")
    def test_writes_metrics_and_plots_and_applies_the_locked_thresholds(self, made, tmp_path):
        run, card, test = made
        found = judged(made, tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {"metrics.json", "plots"}
        metrics = json.loads((tmp_path / "metrics.json").read_text())
        assert metrics["note"] == "planted"
        assert metrics["choices"] == json.loads(run.card.read_text())["choices"]
        locked = Choices.from_json(card.choices).points
        assert tuple(one.point for one in found.assessment.points) == locked
        for one in found.assessment.points:
            index = CLASSES.index(one.point.positive[0])
            truth, called = test.labels == index, test.probabilities[:, index] >= one.point.threshold
            assert one.sensitivity.value == pytest.approx(called[truth].mean(), abs=1e-12)
            assert one.specificity.value == pytest.approx((~called[~truth]).mean(), abs=1e-12)
        assert (found.run, found.folder, found.note) == (run.path, tmp_path, "planted")
        assert found.evaluation is found.assessment.evaluation

    def test_before_calibration_are_the_logits_and_after_it_the_probabilities(self, made, tmp_path):
        found = judged(made, tmp_path).assessment.calibrated
        test = planted(1, "test")
        row = np.arange(len(test.labels))
        assert found.method == "temperature"
        loss = -np.log(test.probabilities[row, test.labels]).mean()
        assert found.metrics["before"]["log_loss"].value == pytest.approx(loss, abs=1e-9)
        loss = -np.log(made[2].probabilities[row, test.labels]).mean()
        assert found.metrics["after"]["log_loss"].value == pytest.approx(loss, abs=1e-9)

    def test_groups_as_the_unit_are_judged_by_choices_on_groups(self, made, tmp_path):
        found = judged(made, tmp_path, unit="group").assessment
        groups = by_group(made[2])[0]
        assert (found.unit, found.evaluation.images, found.other.images) == ("group", 30, 90)
        assert found.choices.unit == "group"
        assert found.evaluation.metrics["accuracy"].value == pytest.approx(
            (groups.predicted == groups.labels).mean(), abs=1e-12
        )
        for one in found.points:
            index = CLASSES.index(one.point.positive[0])
            truth, called = groups.labels == index, groups.probabilities[:, index] >= one.point.threshold
            assert one.sensitivity.value == pytest.approx(called[truth].mean(), abs=1e-12)

    def test_another_site_is_compared_with_the_runs_own_test_predictions(self, made, tmp_path):
        run, card, _ = made
        other = corrected(planted(5, "external", images=60), deciding.Calibration.from_json(card.calibration), ())
        folder = tmp_path / "out"
        found = judge(
            config_of(), run, card, manifest_of(other), other, folder, "", Silent(), Extras(external=True)
        ).assessment
        assert found.shift is not None
        assert tuple(one.point for one in found.points) == Choices.from_json(card.choices).points
        assert judged(made, tmp_path / "own").assessment.shift is None

    @pytest.mark.parametrize("views", [None, 4])
    def test_damaged_pictures_are_judged_by_the_views_that_were_asked_for(self, views, made, tmp_path, monkeypatch):
        """None: each member of an ensemble has its own, which its card cannot say for all."""
        from cervinet import perturbing
        from cervinet.inference.predictor import Predictor

        monkeypatch.setattr(Predictor, "load", staticmethod(lambda run, views=None: (run, views)))
        given = []
        monkeypatch.setattr(perturbing, "perturbed", lambda network, *others: given.append(network))
        judged(made, tmp_path / "out", Extras(perturb=True, views=views))
        assert given == [(made[0], views)]

    def test_another_site_of_a_run_without_test_predictions_is_not_compared(self, own, tmp_path):
        own[0].predictions("test").unlink()
        assert judged(own, tmp_path / "out", Extras(external=True)).assessment.shift is None


class TestSubgroups:
    def test_columns_of_a_file_by_image_and_bands(self, made, tmp_path):
        test = made[2]
        ages = np.random.default_rng(0).integers(20, 70, 90)
        file = tmp_path / "women.csv"
        women = pd.DataFrame({"image": test.images, "age": ages, "clinic": ["A", "B"] * 45})
        women[::-1].to_csv(file, index=False)
        asked = [{"column": "age", "edges": [30.0, 50.0]}, {"column": "clinic"}]
        config = config_of(subgroups=asked, subgroup_file=str(file))
        found = assessed(config, test, None, "none", "temperature").subgroups
        assert [one.column for one in found] == ["age", "clinic"]
        assert [(part.value, part.images) for part in found[0].parts] == [
            ("< 30", (ages < 30).sum()),
            ("30–50", ((ages >= 30) & (ages < 50)).sum()),
            ("≥ 50", (ages >= 50).sum()),
        ]
        young = test.take(np.flatnonzero(ages < 30))
        assert found[0].parts[0].metrics["accuracy"].value == pytest.approx(
            (young.predicted == young.labels).mean(), abs=1e-12
        )

    def test_of_groups_where_they_are_the_unit(self, made, tmp_path):
        file = tmp_path / "women.csv"
        names = sorted(set(made[2].groups))
        pd.DataFrame({"group": names, "age": np.arange(30) + 20}).to_csv(file, index=False)
        config = config_of(unit="group", subgroups=[{"column": "age", "edges": [30]}], subgroup_file=str(file))
        (found,) = assessed(config, made[2], None, "none", "none").subgroups
        assert [part.images for part in found.parts] == [10, 20]

    def test_site_and_width_by_themselves_where_they_differ(self, made):
        sites = {"site": ("Oslo", "Bergen", "") * 30, "width": ("640",) * 90, "height": ("480", "481", "482") * 30}
        found = assessed(config_of(), replace(made[2], attributes=sites), None, "none", "none").subgroups
        assert [(one.column, one.unknown) for one in found] == [("site", 30)]
        assert assessed(config_of(), made[2], None, "none", "none").subgroups == ()

    def test_a_column_that_nothing_knows_is_one_sentence(self, made):
        with pytest.raises(DataError) as error:
            assessed(config_of(subgroups=[{"column": "age"}]), made[2], None, "none", "none")
        assert str(error.value) == (
            "nothing says the 'age' of the images (known: none); name a CSV with this column by "
            "--subgroups or evaluation.subgroup_file"
        )

    def test_a_subgroup_file_holds_from_any_folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        config = with_whole_paths(config_of(subgroup_file="women.csv"))
        assert config.evaluation.subgroup_file == tmp_path / "women.csv"
        assert with_whole_paths(config_of()).evaluation.subgroup_file is None


class TestGroupsOfSeveralClasses:
    """As of women whose two pictures show two stages."""

    @pytest.fixture
    def mixed(self):
        return planted(1, "test", labels=np.arange(90) % 3)

    def test_images_are_judged_where_no_group_has_a_single_class(self, mixed):
        found = assessed(config_of(), mixed, None, "none", "none")
        assert (found.evaluation.images, found.other, found.mixed_groups) == (90, None, 30)

    def test_groups_cannot_be(self, mixed):
        with pytest.raises(DataError) as error:
            assessed(config_of(unit="group"), mixed, None, "none", "none")
        assert str(error.value) == (
            "no group of the test images is of one class, so that none of the 30 can be judged as one; correct the "
            "groups, or set evaluation.unit to image"
        )

    def test_choices_on_groups_of_which_there_are_none_are_remarks(self, mixed):
        found = deciding.chosen(config_of(unit="group").evaluation, mixed)
        assert (found.points, len(found.remarks)) == ((), 3)


class Planted:
    """In place of a predictor: it says what was planted for each split, after the calibration of its card."""

    def __init__(self, parts, card=None):
        self.parts, self.card = parts, card or card_of()

    def with_card(self, card):
        return Planted(self.parts, card)

    def said(self, split):
        if not self.card.calibration:
            return self.parts[split]
        return corrected(self.parts[split], deciding.Calibration.from_json(self.card.calibration), ())


@pytest.mark.parametrize("unit", ["image", "group"])
def test_what_a_run_settles_does_not_depend_on_its_test_pictures(unit, tmp_path, monkeypatch):
    from cervinet.inference import collect

    monkeypatch.setattr(collect, "predict_rows", lambda predictor, manifest, images, split: predictor.said(split))
    monkeypatch.setattr(settling.gating, "gated", lambda config, manifest, images, predictor, run, progress: predictor)
    monkeypatch.setattr(settling.onnx_files, "written", lambda config, manifest, predictor, run, progress: predictor)
    cards = []
    for seed in (1, 2):
        parts = {"val": planted(), "test": planted(seed, "test")}
        run, _, _ = finished(tmp_path / f"run-{seed}", config_of(unit=unit), *parts.values())
        without_choices(run)
        manifest = manifest_of(*parts.values())
        found = settling.settle_and_judge(config_of(unit=unit), manifest, None, Planted(parts), run, Silent())
        cards.append(run.read_card())
        assert found.assessment.choices == Choices.from_json(cards[-1].choices)
        calibration = deciding.Calibration.from_json(cards[-1].calibration)
        for split, name in (("val", "val"), ("test", "test")):
            written = read_predictions(run.predictions(name))
            expected = calibration.apply(parts[split].logits)
            np.testing.assert_allclose(written.probabilities, expected, rtol=1e-12)
    assert asdict(cards[0]) == asdict(cards[1])
    assert cards[0].choices["unit"] == unit


def test_edges_that_do_not_rise_are_refused_with_the_config():
    with pytest.raises(ConfigError):
        config_of(subgroups=[{"column": "age", "edges": [3, 2]}])
