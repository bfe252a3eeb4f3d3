"""What every registered function promises, whoever wrote it: a reader reads the sample it writes itself."""

import json

import numpy as np
import pandas as pd
import pytest

from cervinet import registry
from cervinet.data.manifest import BOX_COLUMNS, TEXT_COLUMNS, table_of
from cervinet.data.manifest_checks import check_files, check_links, checked
from cervinet.errors import DataError

READERS = registry.available("reader")


def test_readers_are_found():
    assert len(READERS) >= 7


@pytest.mark.parametrize("name", READERS)
class TestReaders:
    @pytest.fixture
    def entry(self, name):
        return READERS[name]

    @pytest.fixture
    def sample(self, entry, tmp_path):
        root = tmp_path / "sample é"
        root.mkdir()
        return entry.traits["sample"](root)

    def read(self, entry, sample):
        """With the options as a config would hand them over."""
        options = entry.options.model_validate_json(json.dumps(sample.options), strict=True).model_dump(mode="json")
        return entry.function(sample.root, **options)

    def test_a_reader_reads_the_sample_it_writes(self, entry, sample):
        found, expected = self.read(entry, sample), table_of(sample.rows)
        assert len(expected) >= 3
        assert list(found.table.columns) == list(expected.columns)
        for column in (*TEXT_COLUMNS, "masks"):
            assert [v if v else None for v in found.table[column]] == [v if v else None for v in expected[column]]
        np.testing.assert_array_equal(found.table[list(BOX_COLUMNS)], expected[list(BOX_COLUMNS)])
        assert (found.table.index == pd.RangeIndex(len(expected))).all()

    def test_the_pictures_are_there_and_can_be_read(self, entry, sample):
        found = self.read(entry, sample)
        check_files(found)
        check_links(found)
        for row, picture in enumerate(found.pictures()):
            pixels = picture.read()
            assert (pixels.dtype, pixels.ndim, pixels.shape[2]) == (np.uint8, 3, 3)
            assert all(mask.is_file() for mask in picture.masks)
            if sample.pixels is not None:
                np.testing.assert_array_equal(pixels, sample.pixels[row])

    def test_it_passes_the_checks_unless_it_has_no_labels(self, entry, sample):
        found = self.read(entry, sample)
        if entry.traits.get("labelled", True):
            settled = checked(found, None)
            assert set(settled.classes) == {row["label"] for row in sample.rows}
        else:
            assert set(found.table["label"]) == {None}
            with pytest.raises(DataError, match=rf"^{len(found)} pictures have no label, the first is "):
                checked(found, None)

    def test_it_reads_the_same_again(self, entry, sample):
        first, second = self.read(entry, sample), self.read(entry, sample)
        pd.testing.assert_frame_equal(first.table, second.table)
        pd.testing.assert_frame_equal(first.ignored, second.ignored)

    def test_it_says_what_it_reads(self, entry):
        assert entry.summary.endswith(".")
