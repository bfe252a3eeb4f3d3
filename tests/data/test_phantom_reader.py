"""The reader of the built-in data: drawn once, kept in the cache, said to be synthetic."""

import pytest

from cervinet.data.readers.phantom import NOTE, phantom
from cervinet.errors import DataError

SETTINGS = {"count": 12, "size": 16, "photographs": 2, "seed": 3}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CERVINET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_draws_into_the_cache_and_reads_it_back(cache):
    found = phantom(None, **SETTINGS)
    assert cache in found.root.parents
    assert len(found) == 12
    assert all(path.is_file() for path in found.paths())
    assert set(found.table["label"]) == {"Type_1", "Type_2", "Type_3"}
    assert found.has_groups()
    assert found.table.groupby("group")["label"].nunique().max() == 1
    assert found.table["split"].isna().all()


def test_says_that_it_is_synthetic(cache):
    found = phantom(None, **SETTINGS)
    assert found.note == NOTE == "synthetic phantoms"
    assert "SYNTHETIC" in (found.root / "README.txt").read_text(encoding="utf-8")


def test_is_drawn_once(cache, monkeypatch):
    first = phantom(None, **SETTINGS)
    monkeypatch.setattr("cervinet.data.phantoms.phantom.draw_photograph", None)
    assert phantom(None, **SETTINGS).table.equals(first.table)


@pytest.mark.parametrize("other", [{"count": 13}, {"size": 17}, {"photographs": 3}, {"seed": 4}])
def test_other_settings_are_another_folder(cache, other):
    assert phantom(None, **SETTINGS).root != phantom(None, **SETTINGS | other).root


def test_a_folder_of_ones_own(tmp_path):
    assert phantom(tmp_path / "mine", **SETTINGS).root == tmp_path / "mine"


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "precious.txt").touch()
    with pytest.raises(DataError) as caught:
        phantom(tmp_path, **SETTINGS)
    assert str(caught.value) == (
        f"'{tmp_path}' holds something other than the phantoms asked for; delete it or name another folder"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]
