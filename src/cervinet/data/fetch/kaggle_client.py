"""The official Kaggle client, kept to our manners.

On import it signs in, prints and may call `exit`; when it fails, its exceptions hold addresses that carry a signature.
Here its output is caught and only its warnings are shown, every failure becomes one sentence of ours without a word
of the client's in it, and so neither the token nor a signed address reaches a terminal, a log or a file.
"""

import contextlib
import errno
import io
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Event, Thread
from typing import Any

from cervinet.data.fetch.archive_directory import GIB
from cervinet.errors import CervinetError, DataError, UsageError
from cervinet.escape import for_terminal
from cervinet.progress import Progress

_TIMEOUT = (30.0, 300.0)  # seconds to connect, and without a byte
_PAGE = 200  # files a page of the listing
_MIB = 2**20
_GET_TOKEN = (
    "create a token at https://www.kaggle.com/settings under API, and save it as ~/.kaggle/access_token with mode 600 "
    "or set KAGGLE_API_TOKEN; of the older kind, put kaggle.json at ~/.kaggle/kaggle.json with mode 600 or set "
    "KAGGLE_USERNAME and KAGGLE_KEY"
)


@dataclass(frozen=True)
class RemoteFile:
    """A file of a competition: its name and its size in bytes."""

    name: str
    size: int


class Competition:
    """A competition's data at Kaggle, with the credentials that the client finds.

    Raises:
        UsageError: no client, no credentials, wrong ones, or rules that were not accepted.
        DataError: no connection, no such competition, a full disk; from every method.
    """

    def __init__(self, name: str, progress: Progress) -> None:
        self._name, self._progress = name, progress
        with self._in_our_words():
            self._api = _sign_in()

    def files(self) -> list[RemoteFile]:
        """What the competition announces."""
        found: dict[str, RemoteFile] = {}
        token: str | None = None
        seen: set[str | None] = set()
        while token not in seen:
            seen.add(token)
            with self._in_our_words():
                page = self._api.competition_list_files(self._name, token, _PAGE)
            found |= {file.name: RemoteFile(file.name, file.total_bytes) for file in page.files}
            token = page.next_page_token or None
        return list(found.values())

    def download(self, folder: Path, size: int) -> Path:
        """All files as one zip archive in `folder`; what an interrupted call left there is continued.

        Args:
            folder: for the archive and the client's notes about how far it came.
            size: about how many bytes will come, for the bar.
        """
        archive = folder / f"{self._name}.zip"
        try:
            with _watched(archive, size, self._progress), self._in_our_words():
                self._api.competition_download_files(self._name, path=str(folder), quiet=True)
        except _SizeError:
            # The client writes an error page of the server over the archive and would go on behind it next time.
            for left in folder.glob(f"{self._name}.*"):
                left.unlink()
            raise DataError(
                f"the download of {self._name} ended with another size than announced; run the same command again"
            ) from None
        if not archive.is_file():
            raise DataError(f"Kaggle sent no zip archive for {self._name}; update the client: pip install -U kaggle")
        return archive

    @contextlib.contextmanager
    def _in_our_words(self) -> Iterator[None]:
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), _without_addresses():
                yield
        except (CervinetError, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # the client's wish to exit the process among them
            raise _explained(error, self._name) from None
        finally:
            for line in dict.fromkeys(said.getvalue().splitlines()):
                if line.startswith("Warning: "):
                    self._progress.say(f"Kaggle: {line.removeprefix('Warning: ')}")


@contextlib.contextmanager
def _without_addresses() -> Iterator[None]:
    """urllib3 logs each address at its debug level, and Kaggle's hold a signature that is as good as a token."""
    log = logging.getLogger("urllib3")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


class _SizeError(DataError):
    """A ValueError of the client: in a download, what it wrote has not the announced size."""


def _sign_in() -> Any:
    """A signed-in client; one that finds no credentials exits."""
    try:
        module = import_module("kaggle.api.kaggle_api_extended")
    except ImportError:
        raise UsageError(
            "Kaggle's data come through its client, which is not installed: pip install 'cervinet[kaggle]'"
        ) from None
    api = module.KaggleApi()
    # With VERBOSE set the client prints each request with its token, and reads a whole archive to print it.
    api.args = [argument for argument in api.args if argument != "--verbose"]
    # The client waits for ever for a server that has gone silent.
    build = api.build_kaggle_client
    api.build_kaggle_client = lambda: _with_timeout(build())
    api.authenticate()
    return api


def _with_timeout(client: Any) -> Any:
    http = client.http_client()
    with contextlib.suppress(AttributeError):  # no public way; without it all works but for the timeout
        http._init_session()
        http._session.send = partial(http._session.send, timeout=_TIMEOUT)
    return client


@contextlib.contextmanager
def _watched(archive: Path, size: int, progress: Progress) -> Iterator[None]:
    """A bar in MiB that follows the growing file; the client's own bar would be drawn where there is no terminal."""
    steps = progress.steps(max(size // _MIB, 1), "Downloading (MiB)")
    done = Event()

    def watch() -> None:
        shown = 0
        while not done.wait(0.5):
            now = archive.stat().st_size // _MIB if archive.exists() else 0
            for _ in range(shown, now):
                steps.advance("")
            shown = max(shown, now)

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        steps.close()


def check_space(folder: Path, needed: int, what: str) -> None:
    """Raises DataError where the disk has not room for so many bytes."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"{what} needs {needed / GIB:.1f} GiB under {for_terminal(folder)}, which has {free / GIB:.1f} GiB free; "
            "name a folder on a larger disk"
        )


def _explained(error: BaseException, name: str) -> CervinetError:
    """One sentence that quotes nothing of the client's, for that may hold the token or a signed address."""
    requests = import_module("requests.exceptions")
    if not isinstance(error, Exception):  # the client exits where it finds no credentials
        return UsageError(f"there are no credentials that Kaggle accepts: {_GET_TOKEN}; then {_accept(name)}")
    if isinstance(error, requests.HTTPError):
        return _refused(_status(error.response), name)
    if isinstance(error, requests.RequestException):
        return DataError(
            "Kaggle cannot be reached, or the connection was cut; check the network and run the same command again, it "
            "goes on where it stopped"
        )
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = "the disk is full; make room" if full else f"{error.strerror}; mend it"
        return DataError(f"what Kaggle sends cannot be written: {what} and run the same command again")
    kind = _SizeError if isinstance(error, ValueError) else DataError
    return kind(f"the Kaggle client failed ({type(error).__name__}); update it: pip install -U kaggle")


def _refused(status: int, name: str) -> CervinetError:
    """What an HTTP status means here."""
    if status == 401:
        return UsageError(f"Kaggle does not accept these credentials: {_GET_TOKEN}")
    if status == 403:
        return UsageError(f"Kaggle refuses {name} to this account; {_accept(name)}")
    if status == 404:
        return DataError(f"Kaggle has no competition {name}, or its data were taken away; look at {_page(name)}")
    if status == 429:
        return DataError("Kaggle had too many requests from this account; run the same command again in an hour")
    return DataError(f"Kaggle answered with the HTTP status {status}; run the same command again later")


def _status(response: Any) -> int:
    """The status, which Kaggle may also give inside of an answer that calls itself a success."""
    status = int(getattr(response, "status_code", 0))
    if status < 400:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            status = int(response.json()["code"])
    return status


def _page(name: str) -> str:
    return f"https://www.kaggle.com/competitions/{name}"


def _accept(name: str) -> str:
    return f"accept the competition's rules, signed in, at {_page(name)}/rules"
