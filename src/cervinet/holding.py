"""A run directory while a command works in it: held by one process, with a status that says how it ended."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cervinet.errors import CervinetError, TrainingError
from cervinet.interruption import Interrupted
from cervinet.run import Run


@contextmanager
def claimed(run_dir: Path | None, name: str, *, chief: bool = True) -> Iterator[Run]:
    """A new run directory, locked; a process that is not to write there has one of its own for as long as it trains.

    Args:
        run_dir: the directory, absent or empty; None for a new one under `runs/`.
        name: ends the name of a new one.
        chief: whether this process is the one that writes.
    """
    if not chief:
        with _stand_in(name) as run:
            yield run
        return
    run = Run.create(run_dir, name)
    with run.locked():
        yield run


@contextmanager
def held(run: Run, *, chief: bool = True) -> Iterator[Run]:
    """A run to go on with, locked; for a process that is not to write there, one of its own."""
    if not chief:
        with _stand_in("run") as own:
            yield own
        return
    with run.locked():
        yield run


@contextmanager
def status_kept(run: Run) -> Iterator[None]:
    """Write into the run how it ended, whatever ends it. Raises Interrupted for a signal, TrainingError for a disk."""
    run.sweep()
    run.set_status("running")
    try:
        yield
        run.set_status("finished")
    except KeyboardInterrupt as interrupted:
        run.set_status("interrupted")
        raise interrupted if isinstance(interrupted, Interrupted) else Interrupted(run.path, "Interrupted.") from None
    except BaseException as error:
        with suppress(OSError):  # a full disk, most likely what ended the run, takes no status either
            run.set_status("failed", str(error) if isinstance(error, CervinetError) else repr(error))
        if isinstance(error, OSError):
            raise TrainingError(f"the run in {run.path} could not be written: {error.strerror or error}") from error
        raise


@contextmanager
def _stand_in(name: str) -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="cervinet-") as folder:
        try:
            yield Run.create(Path(folder) / "run", name)
        except Interrupted:
            raise KeyboardInterrupt from None  # how to go on is said by the process that keeps the run
