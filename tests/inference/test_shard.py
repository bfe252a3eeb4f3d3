"""Parts of a list for job arrays: together the whole, apart from each other."""

import pytest

from cervinet.errors import UsageError
from cervinet.inference.shard import Shard


@pytest.mark.parametrize("of", [1, 2, 3, 7, 11, 50])
@pytest.mark.parametrize("items", [0, 1, 10, 11])
def test_the_parts_are_the_whole_without_anything_twice(of, items):
    whole = list(range(items))
    parts = [Shard.parse(f"{number}/{of}").part(whole) for number in range(1, of + 1)]
    assert sorted(item for part in parts for item in part) == whole
    assert all(list(part) == sorted(part) for part in parts)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "-1/2", "1/2/3", "a/b", "1.0/2", " 1/2", "٣/٤", "\u202e"])
def test_other_words_are_a_mistake(text):
    with pytest.raises(UsageError) as caught:
        Shard.parse(text)
    shown = r"\u202e" if text == "\u202e" else text
    assert str(caught.value) == (f"--shard must be a part and the number of parts, such as 1/8 to 8/8; got '{shown}'")
