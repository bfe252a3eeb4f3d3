"""What a user names on the command line → pictures: files, folders, patterns."""

import os

import pytest

from cervinet.errors import UsageError
from cervinet.inference.inputs import pictures_named


@pytest.fixture
def root(pictures, monkeypatch):
    root = pictures(["a/2.png", "a/10.png", "a/deep/1.png", "b é/1.jpg", "3.png", "[x].png"])
    for name in ("a/notes.txt", "a/.hidden.png", "a/._2.png", "Thumbs.db"):
        (root / name).touch()
    (root / "empty").mkdir()
    monkeypatch.chdir(root)
    return root


def named(*names):
    return [os.fspath(picture.path) for picture in pictures_named(names)]


def test_files_as_they_are_in_order(root):
    assert named("3.png", "a/2.png") == ["3.png", "a/2.png"]
    assert named(f"{root}/3.png") == [f"{root}/3.png"]


def test_a_file_that_is_missing_or_no_picture_is_kept_for_its_prediction_to_say_so(root):
    assert named("gone.png", "a/notes.txt") == ["gone.png", "a/notes.txt"]


def test_folders_with_their_subfolders_without_what_is_no_picture(root):
    assert named("a") == ["a/10.png", "a/2.png", "a/deep/1.png"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a/*.png", ["a/10.png", "a/2.png"]),
        ("**/1.*", ["a/deep/1.png", "b é/1.jpg"]),
        ("a/?.png", ["a/2.png"]),
        ("[x].png", ["[x].png"]),
        ("[0-9].png", ["3.png"]),
    ],
)
def test_patterns(root, pattern, found):
    assert named(pattern) == found


def test_each_picture_once(root):
    assert named("a/2.png", "a", "a/*.png") == ["a/2.png", "a/10.png", "a/deep/1.png"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("empty", "the folder empty has no pictures in it; name another"),
        ("*.gif", "no file matches *.gif; check the pattern and the folder it is run in"),
        ("\u202e*", r"no file matches \u202e*; check the pattern and the folder it is run in"),
    ],
)
def test_nothing_found_is_a_mistake(root, name, sentence):
    with pytest.raises(UsageError) as caught:
        named("3.png", name)
    assert str(caught.value) == sentence
