"""One part of a list of pictures, for jobs that share the work."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from cervinet.errors import UsageError
from cervinet.escape import for_terminal

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shard:
    """Part `number`, from 1, of `of` parts."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """`2/8` is the second of eight. Raises UsageError where it is no such pair."""
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(
                f"--shard must be a part and the number of parts, such as 1/8 to 8/8; got '{for_terminal(text)}'"
            )
        return cls(int(found[1]), int(found[2]))

    def part(self, items: Sequence[Item]) -> Sequence[Item]:
        """Every `of`-th item, so that parts differ in length by one at most; all parts together are the whole."""
        return items[self.number - 1 :: self.of]
