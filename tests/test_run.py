"""A run directory is claimed by one process, never overwritten, and only whole ones are used."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cervinet import folders
from cervinet.errors import CervinetError, UsageError
from cervinet.files import sha256, write_json
from cervinet.folders import claimed_folder
from cervinet.model_card import Member, ModelCard
from cervinet.run import Run

CARD = ModelCard(
    classes=("NO", "é\n", "=1"),
    image_size=(20, 30),
    preprocess=(("clahe", {"tiles": 8}), ("letterbox", {"fill": 0})),
    architecture="skin_cnn",
    note="synthetic phantoms",
    versions={"keras": "3"},
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def finished(name="run", path=None, *, card=CARD):
    run = Run.create(path, name)
    run.model.write_bytes(b"network")
    run.write_card(card)
    run.set_status("finished")
    return run


def message(function, *arguments, kind=UsageError):
    with pytest.raises(kind) as caught:
        function(*arguments)
    assert type(caught.value) is kind
    return str(caught.value)


class TestCreate:
    def test_under_runs_by_time_and_name(self):
        run = Run.create(None, "cervix-cnn")
        assert run.path.parent == Path("runs")
        assert run.path.match("????????-??????-cervix-cnn")
        assert run.status() == "running"

    def test_several_in_one_second(self, monkeypatch):
        class Clock(folders.datetime):
            @classmethod
            def now(cls, tz=None):
                return cls(2026, 11, 20, 10, 15, 0)

        monkeypatch.setattr(folders, "datetime", Clock)
        names = [Run.create(None, "x").path.name for _ in range(3)]
        assert names == ["20261120-101500-x", "20261120-101500-x-2", "20261120-101500-x-3"]

    def test_in_a_directory_of_ones_own(self, here):
        (here / "empty").mkdir()
        for path in (here / "empty", here / "new" / "deep é"):
            assert Run.create(path, "x").path == path
            assert (path / "status.json").is_file()

    @pytest.mark.parametrize("name", ["notes.txt", ".hidden", "deep/x"])
    def test_never_over_anything(self, here, name):
        path = here / "old"
        (path / name).parent.mkdir(parents=True)
        (path / name).write_text("precious")
        assert message(Run.create, path, "x") == (
            f"{path} must be absent or empty, so that nothing is overwritten; it has files"
        )
        assert [p.name for p in path.iterdir()] == [name.split("/")[0]]
        assert (path / name).read_text() == "precious"

    def test_never_over_another_run(self):
        first = finished()
        before = {path.name: path.read_bytes() for path in first.path.iterdir()}
        message(Run.create, first.path, "x")
        assert {path.name: path.read_bytes() for path in first.path.iterdir()} == before

    def test_not_in_place_of_a_file(self, here):
        (here / "file").write_text("precious")
        assert message(Run.create, here / "file", "x") == f"the directory {here / 'file'} cannot be made: File exists"
        assert message(Run.create, here / "file" / "x", "x") == (
            f"the directory {here / 'file' / 'x'} cannot be made: Not a directory"
        )

    def test_not_where_runs_is_a_file(self, here):
        (here / "runs").touch()
        assert message(Run.create, None, "x") == "runs must be a folder, but it is a file; move it away"

    def test_not_where_nothing_can_be_written(self, monkeypatch):
        def refuse(self, *arguments, **named):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "mkdir", refuse)
        text = message(Run.create, None, "x")
        assert text.startswith("the directory runs/")
        assert text.endswith("-x cannot be made: Permission denied")

    def test_another_process_was_faster(self, here, monkeypatch):
        path = here / "new"

        def slow(folder):
            claimed_folder(folder)
            (folder / "status.json").touch()  # what the other one does between our two steps
            return folder

        monkeypatch.setattr("cervinet.run.claimed_folder", slow)
        assert message(Run.create, path, "x") == f"another run has just taken {path}; choose another --run-dir"

    def test_two_processes_never_get_one_directory(self, here):
        code = """
import sys
from pathlib import Path
from cervinet.errors import UsageError
from cervinet.run import Run
sys.stdin.readline()
for number in range(60):
    try:
        Run.create(Path(f"own/{number}"), "x")
        print(number, flush=True)
    except UsageError:
        pass
for _ in range(5):
    print(Run.create(None, "x").path, flush=True)
"""
        environment = os.environ | {"PYTHONPATH": str(Path(folders.__file__).parents[1])}
        processes = [
            subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                             env=environment)
            for _ in range(2)
        ]  # fmt: skip
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        taken = [line for process in processes for line in process.communicate(timeout=60)[0].split()]
        assert len(taken) == len(set(taken)) == 60 + 10


class TestOpen:
    def test_the_newest_finished_one(self):
        runs = [finished(f"r{n}") for n in range(3)]
        for age, run in enumerate(runs):
            os.utime(run.status_file, ns=(10**18 + age, 10**18 + age))
        assert Run.open(None).path == runs[2].path
        os.utime(runs[0].status_file, ns=(10**18 + 9, 10**18 + 9))
        assert Run.open(None).path == runs[0].path

    @pytest.mark.parametrize("state", ["running", "failed", "interrupted"])
    def test_unfinished_ones_are_skipped(self, state):
        whole = finished("whole")
        os.utime(whole.status_file, ns=(1, 1))
        finished("newer").set_status(state)
        assert Run.open(None).path == whole.path

    @pytest.mark.parametrize("content", ["", "{", "[]", "{}", '"finished"', '{"state": null}', "\ufffd"])
    def test_one_with_a_broken_status_is_skipped(self, here, content):
        whole = finished("whole")
        (here / "runs/zzz").mkdir()
        (here / "runs/zzz/status.json").write_text(content)
        (here / "runs/file").touch()
        assert Run.open(None).path == whole.path

    def test_a_process_killed_while_it_ran_does_not_count(self, child, here):
        code = """
import os, signal
from cervinet.run import Run
Run.create(None, "x")
os.kill(os.getpid(), signal.SIGKILL)
"""
        assert child(code, cwd=here).returncode == -signal.SIGKILL
        assert len(list((here / "runs").iterdir())) == 1
        assert message(Run.open, None) == (
            "there is no finished run under runs/; train one, or name the directory of one"
        )

    def test_cross_validation_has_no_network_of_its_own(self):
        whole = finished("whole")
        os.utime(whole.status_file, ns=(1, 1))
        Run.create(None, "crossval").set_status("finished")
        assert Run.open(None).path == whole.path

    def test_cross_validation_by_name(self, here):
        run = Run.create(here / "x", "x")
        run.config.touch()
        run.crossval.touch()
        assert message(Run.open, run.path) == (
            f"{run.path} is a cross-validation, which has no network of its own; name a fold in it"
        )
        assert message(Run.unfinished, run.path) == (
            f"{run.path} is a cross-validation; start the command again that began it"
        )

    def test_an_ensemble_is_not_gone_on_with(self, here):
        run = Run.create(here / "x", "x")
        run.config.touch()
        run.member("members").path.mkdir()
        assert message(Run.unfinished, run.path) == (
            f"{run.path} is an ensemble, which is not trained; make it anew by `cervinet ensemble`"
        )

    def test_none_at_all(self):
        assert message(Run.open, None).startswith("there is no finished run under runs/; ")

    def test_a_given_one_needs_a_model(self, here):
        run = Run.create(here / "x", "x")
        assert (
            message(Run.open, run.path) == f"{run.path} must be the directory of a finished run; it has no model.json"
        )
        assert message(Run.open, here / "nowhere") == f"there is no run directory {here / 'nowhere'}"
        assert Run.open(finished().path).status() == "finished"


class TestStatus:
    def test_says_state_process_time_phases_and_reason(self):
        run = Run.create(None, "x")
        run.mark("prepare")
        run.set_status("failed", "the disk is full")
        status = json.loads(run.status_file.read_text())
        assert (status["state"], status["pid"], status["reason"]) == ("failed", os.getpid(), "the disk is full")
        assert list(status["seconds"]) == ["prepare"]
        assert status["time"][-5] in "+-"
        run.set_status("finished")
        assert "reason" not in json.loads(run.status_file.read_text())

    def test_evaluations_never_overwrite_each_other(self):
        run = finished()
        folders = [run.new_evaluation("test") for _ in range(3)]
        assert len(set(folders)) == 3
        assert all(folder.parent == run.path / "evaluations" for folder in folders)


class TestCard:
    def test_comes_back(self):
        run = finished()
        card = run.read_card()
        assert card.hashes == {"model.keras": sha256(run.model)}
        assert ModelCard(**vars(card) | {"hashes": {}}) == CARD

    def test_one_from_before_views_subclasses_and_ensembles(self):
        run = finished()
        values = json.loads(run.card.read_text())
        for name in ("views", "subclasses", "members", "average"):
            del values[name]
        run.card.write_text(json.dumps(values))
        assert ModelCard(**vars(run.read_card()) | {"hashes": {}}) == CARD

    def test_with_subclasses_comes_back(self):
        card = replace(CARD, subclasses=(("fine\n", "NO"), ("é\n", "é\n")))
        assert finished(card=card).read_card().subclasses == card.subclasses

    def test_of_a_run_from_before_there_were_subclasses_has_none(self):
        run = finished()
        values = json.loads(run.card.read_text())
        del values["subclasses"]
        write_json(run.card, values)
        assert run.read_card().subclasses == ()

    def test_a_changed_model_is_refused(self):
        run = finished()
        run.model.write_bytes(b"Network")
        assert message(run.verified, run.read_card(), run.model, kind=CervinetError) == (
            f"{run.model} is not the file that this run saved (its SHA-256 is not the one in model.json); "
            "bring the original back, or train again"
        )

    def test_a_missing_model(self):
        run = finished()
        run.model.unlink()
        assert message(run.verified, run.read_card(), run.model, kind=CervinetError) == (
            f"{run.model} is not there; the run is incomplete: train again"
        )

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"classes": None}, "'NoneType' object is not iterable"),
            ({"image_size": 5}, "'int' object is not iterable"),
            ({"preprocess": ["letterbox"]}, "too many values to unpack (expected 2)"),
            ({"surprise": 1}, "ModelCard.__init__() got an unexpected keyword argument 'surprise'"),
            ({"hashes": 5}, "'int' object is not iterable"),
        ],
    )
    def test_a_broken_one(self, change, reason):
        run = finished()
        write_json(run.card, json.loads(run.card.read_text(encoding="utf-8")) | change)
        assert message(run.read_card, kind=CervinetError) == (
            f"{run.card} must be the card of a model; it cannot be read as one: {reason}"
        )

    @pytest.mark.parametrize("key", ["classes", "image_size", "preprocess", "architecture", "hashes"])
    def test_one_that_lacks_something(self, key):
        run = finished()
        values = json.loads(run.card.read_text(encoding="utf-8"))
        del values[key]
        write_json(run.card, values)
        start = f"{run.card} must be the card of a model; it cannot be read as one: "
        assert message(run.read_card, kind=CervinetError).startswith(start)

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"5", b"\xff\xfe"])
    def test_one_that_is_no_json_object(self, content):
        run = finished()
        run.card.write_bytes(content)
        start = f"{run.card} must be the card of a model; it cannot be read as one: "
        assert message(run.read_card, kind=CervinetError).startswith(start)

    @pytest.mark.parametrize("hashes", [{}, [], {"model.keras": ""}, {"other": "x"}])
    def test_one_without_the_hash(self, hashes):
        run = finished()
        write_json(run.card, json.loads(run.card.read_text(encoding="utf-8")) | {"hashes": hashes})
        assert "is not the file that this run saved" in message(
            run.verified, run.read_card(), run.model, kind=CervinetError
        )

    def test_has_every_file_that_the_run_is_used_by(self):
        run = finished()
        for file in (run.onnx, run.heat, run.likeness):
            file.write_bytes(file.name.encode())
        run.write_card(CARD)
        files = (run.model, run.onnx, run.heat, run.likeness)
        assert run.read_card().hashes == {file.name: sha256(file) for file in files}

    def test_an_old_one_has_one_view_and_no_members(self):
        run = finished()
        values = json.loads(run.card.read_text(encoding="utf-8"))
        write_json(run.card, {name: value for name, value in values.items() if name not in ("views", "members")})
        assert (run.read_card().views, run.read_card().members) == (1, ())


class TestCardOfAnEnsemble:
    @pytest.fixture
    def made(self):
        run = Run.create(None, "together")
        for number in (1, 2):
            member = run.member(f"members/{number}")
            member.path.mkdir(parents=True)
            member.model.write_bytes(b"network %d" % number)
            member.write_card(CARD)
        members = (Member("members/1", 0.25, "a"), Member("members/2", 0.75, "b"))
        run.write_card(dataclasses.replace(CARD, architecture="ensemble", members=members, average="logit"))
        return run

    def test_comes_back(self, made):
        card = made.read_card()
        assert card.members == (Member("members/1", 0.25, "a"), Member("members/2", 0.75, "b"))
        assert card.average == "logit"
        files = [made.member(one.folder).card for one in card.members]
        assert card.hashes == {file.relative_to(made.path).as_posix(): sha256(file) for file in files}

    @pytest.mark.parametrize("name", ["model.json", "model.keras"])
    def test_a_changed_member_is_refused(self, made, name):
        file = made.path / "members" / "2" / name
        file.write_bytes(file.read_bytes() + b" ")

        def use():
            member = made.verified_member(made.read_card(), "members/2")
            member.verified(member.read_card(), member.model)

        assert message(use, kind=CervinetError) == (
            f"{file} is not the file that this run saved (its SHA-256 is not the one in model.json); "
            "bring the original back, or make the ensemble again"
        )

    def test_a_missing_member(self, made):
        file = made.path / "members" / "1" / "model.keras"
        file.unlink()
        member = made.verified_member(made.read_card(), "members/1")
        assert message(member.verified, member.read_card(), member.model, kind=CervinetError) == (
            f"{file} is not there; the run is incomplete: make the ensemble again"
        )


def test_json_is_written_for_people(here):
    write_json(here / "x.json", {"class": "é", "n": 0.1})
    assert (here / "x.json").read_bytes() == '{\n  "class": "é",\n  "n": 0.1\n}\n'.encode()


def test_sha256_of_the_empty_file(here):
    (here / "x").touch()
    assert sha256(here / "x") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
