"""The files of a run as material of its report."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cervinet.assessing import assessed, resampling
from cervinet.csv_table import escape, write_table
from cervinet.data.audit.issues import COLUMNS
from cervinet.data.manifest import Manifest, table_of
from cervinet.data.split_file import write_splits
from cervinet.evaluation.predictions import Unreadable
from cervinet.files import sha256, write_json
from cervinet.model_card import Member
from cervinet.report.html import write_page
from cervinet.report.sections.flow import flow_section
from cervinet.reporting import flow_of_others, flow_of_run, material_of
from cervinet.run import Run
from written_runs import CLASSES, config_of, finished, planted

ROWS = [
    ("1.jpg", "normal", "A", "train"),
    ("2.jpg", "normal", "A", "train"),
    ("3.jpg", "cancer", "A", "train"),
    ("4.jpg", "cancer", "B", "train"),
    ("5.jpg", "normal", "", "val"),
    ("6.jpg", "normal", "", "val"),
    ("7.jpg", "cancer", "C", "val"),
    ("8.jpg", "cancer", "D", "test"),
    ("=9.jpg", "normal", "E", "excluded"),
    ("10.jpg", "cancer", "E", "excluded"),
    ("11.jpg", "unclear", "F", "excluded"),
    ("12.jpg", "cancer", "F", "excluded"),
]
ISSUES = [
    ("unreadable", "exclude", "=9.jpg", "", "cut off"),
    ("duplicates", "exclude", "10.jpg", "4.jpg", ""),
    ("blurred", "exclude", "10.jpg", "", "0.2"),
    ("blurred", "warn", "12.jpg", "", "0.1"),
    ("blurred", "exclude", "1.jpg", "", "0.1"),
    ("ignored", "exclude", "11.jpg", "", "hidden"),
    ("imbalance", "warn", "", "", ""),
]


@pytest.fixture
def run(tmp_path):
    """What `train` writes of its pictures before it learns."""
    names = ("image", "label", "group", "split")
    table = table_of([dict(zip(names, row, strict=True)) for row in ROWS])
    table.loc[table["split"] == "excluded", "split"] = None
    write_splits(table, tmp_path / "splits.csv")
    rows = [[kind, action, escape(image), "", "", of, detail] for kind, action, image, of, detail in ISSUES]
    write_table(tmp_path / "data_issues.csv", [COLUMNS, *rows])
    sides = ["size", {"train": "640 × 480", "test": "320 × 240"}]
    write_json(tmp_path / "data.json", {"groups_from": ["column", "near-duplicates"], "characteristics": [sides]})
    return Run(tmp_path)


def shown(flow, folder):
    write_page(folder / "page.html", "title", [flow_section(flow)])
    return (folder / "page.html").read_text(encoding="utf-8")


class TestFlowOfRun:
    def test_counts_pictures_and_groups_of_each_class_and_split(self, run):
        found = flow_of_run(run)
        assert found.found == 12
        assert found.splits == {
            "train": {"cancer": (2, 2), "normal": (2, 1)},
            "val": {"cancer": (1, 1), "normal": (2, 2)},
            "test": {"cancer": (1, 1), "normal": (0, 0)},
        }
        assert list(found.splits) == ["train", "val", "test"]

    def test_a_group_with_pictures_of_two_classes_is_one(self, run):
        assert flow_of_run(run).groups == {"train": 2, "val": 3, "test": 1}

    def test_says_of_each_excluded_picture_the_first_reason_and_no_warning(self, run):
        assert flow_of_run(run).excluded == (
            ("left out by the division", 2),
            ("Unreadable pictures", 1),
            ("The same picture twice", 1),
        )

    def test_without_a_list_of_issues_the_division_left_them_out(self, run):
        run.issues.unlink()
        assert flow_of_run(run).excluded == (("left out by the division", 4),)

    def test_says_where_groups_come_from_and_what_the_splits_are_like(self, run):
        found = flow_of_run(run)
        assert found.groups_from == "column and near-duplicates"
        assert found.characteristics == (("size", {"train": "640 × 480", "test": "320 × 240"}),)

    def test_without_what_the_data_were_an_older_run_still_has_a_flow(self, run):
        run.data.unlink()
        found = flow_of_run(run)
        assert (found.found, found.groups_from, found.characteristics) == (12, "", ())

    def test_adds_up(self, run, tmp_path):
        page = shown(flow_of_run(run), tmp_path)
        assert "12 pictures found, 4 left out, 8 used: 4 training, 3 validation, 1 test" in page
        assert "do not add up" not in page

    def test_of_a_cross_validation_is_none(self, run):
        """Its folds divide the pictures in their own ways."""
        run.splits.unlink()
        assert flow_of_run(run) is None


def other_site(unreadable=()):
    """Eight pictures of three patients, two of whose pictures may be unreadable."""
    rows = [{"image": f"{number}.jpg", "group": f"P{number // 3}", "label": CLASSES[number % 2]} for number in range(8)]
    manifest = Manifest(table_of(rows), Path("nowhere"), CLASSES, groups_from=("column",))
    read = [number for number in range(8) if f"{number}.jpg" not in unreadable]
    given = replace(
        planted(labels=[number % 2 for number in read]),
        images=tuple(f"{number}.jpg" for number in read),
        groups=tuple(f"P{number // 3}" for number in read),
        split="external",
        unreadable=tuple(Unreadable(name, "cut off") for name in unreadable),
    )
    return manifest, given


class TestFlowOfOthers:
    @pytest.mark.parametrize("unit", ["image", "group"])
    def test_all_pictures_of_every_class_and_those_that_could_not_be_read(self, unit, tmp_path):
        manifest, given = other_site(["7.jpg"])
        config = config_of(unit=unit)
        found = flow_of_others(manifest, assessed(config, given, None, "none", "none"))
        assert (found.found, found.excluded) == (8, (("could not be read", 1),))
        assert found.splits == {"external": {"normal": (4, 3), "CIN1": (3, 2), "CIN2+": (0, 0)}}
        assert (found.groups, found.groups_from) == ({"external": 3}, "column")
        page = shown(found, tmp_path)
        assert "8 pictures found, 1 left out, 7 used: 7 external" in page
        assert "do not add up" not in page

    def test_nothing_is_left_out_where_all_were_read(self):
        manifest, given = other_site()
        found = flow_of_others(manifest, assessed(config_of(), given, None, "none", "none"))
        assert (found.excluded, found.splits["external"]["normal"]) == ((), (4, 3))


class TestMaterialOf:
    @pytest.fixture
    def made(self, tmp_path):
        config = config_of()
        run, card, test = finished(tmp_path / "run", config, planted(), planted(1, "test"))
        run.history.write_text("epoch,loss,val_loss,seconds\n1,1.0,1.1,2.5\n2,0.9,1.2,2.0\n")
        write_json(run.environment, {"seed": 1})
        write_json(run.status_file, {"state": "running", "seconds": {"fit": 4.5}})
        return run, card, assessed(config, test, None, "none", "temperature"), resampling(config)

    def test_of_a_run(self, made):
        run, card, found, how = made
        material = material_of(run, found, "phantoms", how)
        assert (material.title, material.note) == ("planted: test pictures", "phantoms")
        assert material.history == (
            {"epoch": 1, "loss": 1.0, "val_loss": 1.1, "seconds": 2.5},
            {"epoch": 2, "loss": 0.9, "val_loss": 1.2, "seconds": 2.0},
        )
        assert (material.monitor, material.card, material.how) == ("val_loss", card, how)
        assert material.environment == {"seed": 1, "fit (seconds)": 4.5}
        assert material.hashes == {file.name: sha256(file) for file in (run.config, run.splits, run.model)}
        assert material.config == run.config.read_text()
        assert material.flow == flow_of_run(run)
        assert (material.explained, material.worst, material.heat, material.remarks) == ((), (), None, ())

    def test_of_another_site_the_training_is_not_shown_and_the_flow_is_its_own(self, made):
        run, _, _, how = made
        manifest, given = other_site()
        found = assessed(config_of(), given, None, "none", "none")
        material = material_of(run, found, "", how, external=manifest)
        assert (material.title, material.history) == ("planted: external pictures", ())
        assert material.flow == flow_of_others(manifest, found)

    def test_of_an_ensemble_there_is_no_network_of_its_own_and_no_history(self, made):
        run, card, found, how = made
        member = run.member("members/1")
        member.path.mkdir(parents=True)
        run.model.rename(member.model)
        member.write_card(card)
        run.write_card(replace(card, architecture="ensemble", members=(Member("members/1", 1.0, "there"),)))
        run.history.unlink()
        material = material_of(run, found, "", how)
        assert (set(material.hashes), material.history) == ({"config.yaml", "splits.csv"}, ())
        assert set(material.card.hashes) == {"members/1/model.json"}
        assert material.flow.splits["train"] == {"normal": (0, 0), "CIN1": (0, 0), "CIN2+": (0, 0)}

    def test_of_a_cross_validation_there_is_neither_card_nor_flow(self, made):
        run, _, found, how = made
        for file in (run.card, run.model, run.splits, run.history, run.data, run.environment):
            file.unlink()
        material = material_of(run, found, "2 repeats", how)
        assert (material.card, material.flow, material.history) == (None, None, ())
        assert (material.environment, set(material.hashes)) == ({"fit (seconds)": 4.5}, {"config.yaml"})
        json.dumps(material.assessment.to_json(), allow_nan=False)
