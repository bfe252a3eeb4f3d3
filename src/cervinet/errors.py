"""Everything that can go wrong in a way a user can mend.

    CervinetError                1   something unexpected that still has a clear sentence
    ├── UsageError               2   a command was called wrongly
    ├── ConfigError              2   a setting is wrong; carries every problem found
    ├── DataError                3   the pictures, tables or folders are not as they must be
    │   └── ImageError           3   one picture cannot be read
    ├── LeakageError             4   the same group or picture stands in two splits
    ├── PredictionError          5   some pictures could not be predicted; the others were
    └── TrainingError            6   not-a-number, out of memory, disk full

The number is the exit code of the command line. A message is one sentence that names the file, line or
key, what was expected, what was found and what to do; it is printed without a traceback.
"""

from collections.abc import Sequence


class CervinetError(Exception):
    exit_code = 1


def first_line(error: Exception) -> str:
    """What another library says of its error, in one line; the kind of error where it says nothing."""
    said = str(error).strip()
    return said.splitlines()[0] if said else type(error).__name__


class UsageError(CervinetError):
    exit_code = 2


class ConfigError(CervinetError):
    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class DataError(CervinetError):
    exit_code = 3


class ImageError(DataError):
    pass


class LeakageError(CervinetError):
    exit_code = 4


class PredictionError(CervinetError):
    exit_code = 5


class TrainingError(CervinetError):
    exit_code = 6
