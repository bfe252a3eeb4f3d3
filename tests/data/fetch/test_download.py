"""The official Kaggle client against a stand-in of Kaggle on this machine."""

import errno
import gc
import importlib
import io
import os
import shutil
import sys
import threading
import zipfile
from collections import namedtuple

import pytest
from kaggle_stand_in import KEY, SIGNATURE, TOKEN, USER, serving
from packed import seven_zipped, tree, zipped

from cervinet.data.fetch.archives import extract
from cervinet.data.fetch.download import RECORD, SOURCES, download
from cervinet.errors import CervinetError, DataError, UsageError
from cervinet.progress import Silent

NAME = "intel-mobileodt-cervical-cancer-screening"
# The client does not close a connection that was cut.
LEAVES_OPEN = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
MIB = 2**20
Usage = namedtuple("Usage", "total used free")
PAGE = f"https://www.kaggle.com/competitions/{NAME}"
RULES = f"accept the competition's rules, signed in, at {PAGE}/rules"
GET_TOKEN = (
    "create a token at https://www.kaggle.com/settings under API, and save it as ~/.kaggle/access_token with mode 600 "
    "or set KAGGLE_API_TOKEN; of the older kind, put kaggle.json at ~/.kaggle/kaggle.json with mode 600 or set "
    "KAGGLE_USERNAME and KAGGLE_KEY"
)
CUT = (
    "Kaggle cannot be reached, or the connection was cut; check the network and run the same command again, "
    "it goes on where it stopped"
)
PICTURES = {f"Type_{k}/{n}.jpg": os.urandom(500 + n) for k in (1, 2, 3) for n in range(2)}
WANTED = {
    **{f"train/{name}": data for name, data in PICTURES.items()},
    "additional_Type_1_v2/Type_1/9.jpg": b"more",
    "test/0.jpg": b"test",
    "test_stg2/1.jpg": b"stage two",
    "solution_stg1_release.csv": b"image_name,Type_1,Type_2,Type_3\n0.jpg,1,0,0\n",
    "sample_submission.csv": b"image_name\n",
    "test_stg2_7z_password.txt": b"The password is: hush\n",
}


class Remembering(Silent):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """The archives in the competition's archive."""
    box = tmp_path_factory.mktemp("box")
    labels = {"solution_stg1_release.csv": WANTED["solution_stg1_release.csv"]}
    made = [
        seven_zipped(box / "train.7z", PICTURES),  # without a folder of its own
        seven_zipped(box / "additional_Type_1_v2.7z", {"Type_1/9.jpg": b"more"}),
        seven_zipped(box / "test.7z", {"test/0.jpg": b"test"}),  # with one
        zipped(box / "solution_stg1_release.csv.zip", labels, zipfile.ZIP_DEFLATED),
        seven_zipped(box / "test_stg2.7z", {"test_stg2/1.jpg": b"stage two"}, password="hush"),
    ]
    return {path.name: path.read_bytes() for path in made}


@pytest.fixture
def parts(archives):
    """What the competition's archive held of old: 7z archives and tables."""
    return archives | {name: WANTED[name] for name in ("sample_submission.csv", "test_stg2_7z_password.txt")}


@pytest.fixture
def unpacked(parts):
    """What it holds now: Kaggle unpacked it, into folders of the archives' names, but for what has a password."""
    kept = {name: data for name, data in parts.items() if "stg" in name or name.endswith(".csv")}
    del kept["solution_stg1_release.csv.zip"]
    kept |= {f"train/train/{name}": data for name, data in PICTURES.items()}
    kept |= {"additional_Type_1_v2/Type_1/9.jpg": b"more", "test/test/0.jpg": b"test"}
    return kept | {"solution_stg1_release.csv": WANTED["solution_stg1_release.csv"]}


def packed(parts):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return memory.getvalue()


@pytest.fixture
def client(tmp_path, monkeypatch):
    """The real client in a home of the test's own, without anybody's credentials and without waiting."""
    home = tmp_path / "home"
    (home / ".kaggle").mkdir(parents=True)
    for variable in list(os.environ):
        if variable.startswith("KAGGLE_") or variable.lower().endswith("_proxy"):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("NO_PROXY", "*")
    with serving() as stand_in:
        env = importlib.import_module("kagglesdk.kaggle_env")
        monkeypatch.setitem(env._env_to_endpoint, env.KaggleEnv.PROD, stand_in.address)
        monkeypatch.setattr("sys.stdin", io.StringIO())  # the client closes it when it wants to exit
        module = importlib.import_module("kaggle.api.kaggle_api_extended")
        monkeypatch.setattr(module.KaggleApi, "config", str(home / ".kaggle/kaggle.json"))
        monkeypatch.setattr(module.KaggleApi, "config_values", {})
        monkeypatch.setattr(module.time, "sleep", lambda _: None)
        yield stand_in
    gc.collect()  # what the client left open is closed within the test that filters the warnings of it


@pytest.fixture
def kaggle(client, parts, monkeypatch):
    """The same with credentials and the competition's data."""
    monkeypatch.setenv("KAGGLE_USERNAME", USER)
    monkeypatch.setenv("KAGGLE_KEY", KEY)
    client.archive = packed(parts)
    client.files = {name: len(data) for name, data in parts.items()}
    return client


@pytest.fixture
def large(kaggle, parts):
    """The same with an archive that the client, which writes a MiB at a time, needs several writes for."""
    kaggle.archive = packed(parts | {"large.bin": os.urandom(5 * MIB // 2)})
    kaggle.files["large.bin"] = 5 * MIB // 2
    return kaggle


@pytest.fixture
def fetch(tmp_path):
    """`fetch()` downloads and returns the folder; `fetch.error(kind)` returns the message it fails with."""

    def run(progress=None, **options):
        return download("kaggle-cervix", tmp_path / "data", progress or Silent(), **options)

    def error(kind):
        with pytest.raises(CervinetError) as caught:
            run()
        assert type(caught.value) is kind
        return str(caught.value)

    run.error = error
    return run


@pytest.mark.parametrize("form", ["parts", "unpacked"])
def test_a_competition_becomes_the_layout_that_the_reader_knows(kaggle, fetch, request, form):
    kaggle.archive = packed(request.getfixturevalue(form))
    progress = Remembering()
    folder = fetch(progress)
    found = tree(folder)
    del found[RECORD]
    assert found == WANTED
    assert progress.said == [f"{len(WANTED)} files in {folder}, each checked; read them with data.reader=kaggle_cervix"]
    assert len(kaggle.asked("ListDataFiles")) == len(kaggle.files) // 2 + len(kaggle.files) % 2


def test_a_finished_download_is_not_repeated_and_a_damaged_one_is(kaggle, fetch, tmp_path):
    folder, progress = fetch(), Remembering()
    asked = len(kaggle.calls)
    fetch(progress)
    assert (len(kaggle.calls), progress.said) == (asked, [f"{folder} is complete; nothing to do"])
    (folder / "test/0.jpg").write_bytes(b"")
    fetch()
    assert (folder / "test/0.jpg").read_bytes() == b"test"


def test_the_archive_is_kept_on_demand(kaggle, fetch):
    assert (fetch(keep_archive=True) / f"{NAME}.zip").read_bytes() == kaggle.archive


def test_an_archive_from_a_browser_needs_no_credentials_and_stays(client, parts, fetch, tmp_path):
    (tmp_path / "data").mkdir()
    given = tmp_path / "data" / f"{NAME}.zip"
    given.write_bytes(packed(parts))
    assert set(tree(fetch())) == {*WANTED, RECORD, given.name}
    assert not client.calls


@pytest.mark.parametrize("note", [b"nothing of use", b""])
def test_what_is_protected_without_its_password_stays_packed_and_is_said(kaggle, parts, fetch, tmp_path, note):
    kaggle.archive = packed(parts | {"test_stg2_7z_password.txt": note})
    progress = Remembering()
    found = tree(fetch(progress))
    assert "test_stg2/1.jpg" not in found
    assert "test_stg2.7z" in found
    assert progress.said[0] == (
        f"{tmp_path}/data/test_stg2.7z is protected by a password that is not among the files; it was left packed"
    )


@LEAVES_OPEN
def test_a_cut_connection_is_continued_by_the_client_itself(large, fetch):
    large.body_limit = 3 * MIB // 2
    assert set(WANTED) < set(tree(fetch()))
    ranges = [headers.get("Range") for _, headers, _ in large.asked("archive.zip")]
    assert ranges == [None, f"bytes={MIB}-", f"bytes={2 * MIB}-"]


@LEAVES_OPEN
def test_the_next_call_continues_a_download_that_was_given_up(large, fetch, tmp_path, monkeypatch):
    large.body_limit, large.dead_after = 3 * MIB // 2, 1
    assert fetch.error(DataError) == CUT
    assert (tmp_path / "data/.cervinet-download" / f"{NAME}.zip").stat().st_size == MIB
    large.body_limit, large.dead_after, large.calls = None, None, []
    # What is there already needs no more room.
    inner = sum(size for name, size in large.files.items() if name.endswith((".7z", ".zip")))
    room = 2 * sum(large.files.values()) + inner - MIB
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2 * room, room, room))
    assert set(WANTED) < set(tree(fetch()))
    # The client asks for the archive, learns that it is the same one, and goes on behind what it has.
    assert [headers.get("Range") for _, headers, _ in large.asked("archive.zip")] == [None, f"bytes={MIB}-"]


@LEAVES_OPEN
def test_an_error_page_written_over_the_archive_is_not_continued(large, fetch, tmp_path):
    large.body_limit, large.valid_for = 3 * MIB // 2, 1
    assert fetch.error(DataError) == (
        f"the download of {NAME} ended with another size than announced; run the same command again"
    )
    assert not tree(tmp_path / "data")
    large.body_limit, large.valid_for, large.calls = None, None, []
    assert set(WANTED) < set(tree(fetch()))
    assert [headers.get("Range") for _, headers, _ in large.asked("archive.zip")] == [None]


def test_unpacking_that_was_interrupted_needs_no_second_download(kaggle, fetch, tmp_path, monkeypatch):
    calls = iter(range(100))

    def interrupted(*arguments, **options):
        if next(calls) == 4:  # the second of the archives in the archive, out of it and not yet unpacked
            raise KeyboardInterrupt
        return extract(*arguments, **options)

    monkeypatch.setattr("cervinet.data.fetch.download.extract", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch()
    assert set(tree(tmp_path / "data/.cervinet-download/inner")) == {"additional_Type_1_v2.7z"}
    kaggle.calls = []
    assert set(WANTED) < set(tree(fetch()))
    assert not kaggle.calls


REFUSALS = {
    401: (UsageError, f"Kaggle does not accept these credentials: {GET_TOKEN}"),
    403: (UsageError, f"Kaggle refuses {NAME} to this account; {RULES}"),
    404: (DataError, f"Kaggle has no competition {NAME}, or its data were taken away; look at {PAGE}"),
    429: (DataError, "Kaggle had too many requests from this account; run the same command again in an hour"),
    503: (DataError, "Kaggle answered with the HTTP status 503; run the same command again later"),
}


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("call", ["ListDataFiles", "DownloadDataFiles"])
@pytest.mark.parametrize("how", ["status", "hidden_status"])
def test_each_refusal_is_explained(kaggle, fetch, status, call, how):
    getattr(kaggle, how)[call] = status
    kind, message = REFUSALS[status]
    assert fetch.error(kind) == message


def test_wrong_credentials(kaggle, fetch, monkeypatch):
    monkeypatch.setenv("KAGGLE_KEY", "of somebody else")
    assert fetch.error(UsageError) == REFUSALS[401][1]


@pytest.mark.parametrize("token", ["", "KGAT_expired"])
def test_no_credentials_says_where_to_get_them(client, fetch, monkeypatch, token):
    monkeypatch.setenv("KAGGLE_API_TOKEN", token)
    assert fetch.error(UsageError) == f"there are no credentials that Kaggle accepts: {GET_TOKEN}; then {RULES}"
    assert not client.asked("ListDataFiles")


def test_every_place_that_the_message_names_is_read(kaggle, fetch, tmp_path, monkeypatch):
    monkeypatch.delenv("KAGGLE_USERNAME")
    monkeypatch.delenv("KAGGLE_KEY")
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    shutil.rmtree(fetch())
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    token = tmp_path / "home/.kaggle/access_token"
    token.write_text(TOKEN)
    shutil.rmtree(fetch())
    token.unlink()
    file = tmp_path / "home/.kaggle/kaggle.json"
    file.write_text(f'{{"username": "{USER}", "key": "{KEY}"}}')
    file.chmod(0o644)
    progress = Remembering()
    fetch(progress)
    assert progress.said[0] == (
        "Kaggle: Your Kaggle API key is readable by other users on this system! "
        f"To fix this, you can run 'chmod 600 {file}'"
    )
    assert len(progress.said) == 2


def test_nobody_listens(kaggle, fetch, monkeypatch):
    env = importlib.import_module("kagglesdk.kaggle_env")
    monkeypatch.setitem(env._env_to_endpoint, env.KaggleEnv.PROD, "http://127.0.0.1:9")
    assert fetch.error(DataError) == CUT


@LEAVES_OPEN
def test_a_silent_server_is_not_waited_for_for_ever(kaggle, fetch, monkeypatch):
    monkeypatch.setattr("cervinet.data.fetch.kaggle_client._TIMEOUT", (0.2, 0.2))
    monkeypatch.setattr("kaggle_stand_in._Handler._list", lambda self, request: threading.Event().wait(2))
    assert fetch.error(DataError) == CUT


def test_too_little_space_is_said_before_the_download(kaggle, fetch, tmp_path, monkeypatch):
    kaggle.files = {"train.7z": 30 * 2**30, "labels.csv": 2**30}
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 2**39, 91 * 2**30))
    assert fetch.error(DataError) == (
        f"downloading and unpacking {NAME} needs 92.0 GiB under {tmp_path}/data, which has 91.0 GiB free; "
        "name a folder on a larger disk"
    )
    assert not kaggle.asked("DownloadDataFiles")


@LEAVES_OPEN
def test_a_disk_that_fills_up_during_the_download(kaggle, fetch, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    api = importlib.import_module("kaggle.api.kaggle_api_extended").KaggleApi
    monkeypatch.setattr(api, "download_file", full)
    assert fetch.error(DataError) == (
        "what Kaggle sends cannot be written: the disk is full; make room and run the same command again"
    )


@pytest.mark.parametrize("name", ["../evil", "/evil", "train/../../evil"])
def test_a_hostile_archive_writes_nothing(kaggle, parts, fetch, tmp_path, name):
    kaggle.archive = packed(parts | {name: b"evil"})
    archive = tmp_path / "data/.cervinet-download/whole.zip"
    assert fetch.error(DataError) == (
        f"{archive} is refused: its entry '{name}' lies outside the folder it is unpacked to"
    )
    assert set(tree(tmp_path / "data")) == {".cervinet-download/whole.zip"}


def test_a_damaged_archive_in_the_archive(kaggle, parts, fetch, tmp_path):
    kaggle.archive = packed(parts | {"train.7z": parts["train.7z"][:-40]})
    message = fetch.error(DataError)
    archive = tmp_path / "data/.cervinet-download/inner/train.7z"
    assert message == f"{archive} is damaged (Bad7zFile); remove it and fetch it again"


@LEAVES_OPEN
def test_the_token_is_nowhere(kaggle, fetch, tmp_path, monkeypatch, capfd, caplog):
    """Not in files, on the terminal, in logs or in errors, even with the client's verbose mode on."""
    caplog.set_level("DEBUG")
    api = importlib.import_module("kaggle.api.kaggle_api_extended").KaggleApi
    monkeypatch.setattr(api, "args", ["--verbose"])
    progress, shown = Remembering(), []
    monkeypatch.setattr("kagglesdk.kaggle_http_client.KaggleHttpClient._print", lambda _, text: shown.append(text))
    for status in (200, *REFUSALS):
        kaggle.hidden_status = {} if status == 200 else {"DownloadDataFiles": status}
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        try:
            fetch(progress)
        except CervinetError as error:
            shown += [str(error), repr(error), repr(error.__cause__)]
    kaggle.hidden_status, kaggle.body_limit = {}, 10
    shown.append(fetch.error(DataError))
    captured = capfd.readouterr()
    assert captured.out == ""
    everything = [*shown, *progress.said, captured.err, *(record.getMessage() for record in caplog.records)]
    everything += [repr(item) for item in tree(tmp_path).items()]
    for secret in (KEY, SIGNATURE):
        assert not [text for text in everything if secret in text]


def test_unknown_names_and_missing_libraries(client, tmp_path, fetch, monkeypatch):
    with pytest.raises(UsageError) as caught:
        download("kaggle-cervics", tmp_path, Silent())
    assert str(caught.value) == ("there is no data set 'kaggle-cervics' to download (did you mean 'kaggle-cervix'?)")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "py7zr", None)
        assert fetch.error(UsageError).startswith("7z archives are read by py7zr, which is not installed: ")
        assert not client.calls
    monkeypatch.setitem(sys.modules, "kaggle.api.kaggle_api_extended", None)
    assert fetch.error(UsageError) == (
        "Kaggle's data come through its client, which is not installed: pip install 'cervinet[kaggle]'"
    )
    assert set(SOURCES) == {"kaggle-cervix"}


def test_a_folder_that_cannot_be_made(client, tmp_path, fetch):
    (tmp_path / "data").write_bytes(b"")
    assert fetch.error(DataError) == f"{tmp_path}/data cannot be written: Not a directory; name another folder"


@pytest.mark.slow
def test_a_process_without_credentials_prints_nothing_of_the_clients(child, tmp_path, monkeypatch):
    """The client signs in and prints on import, which only a new process shows."""
    for variable in [v for v in os.environ if v.startswith("KAGGLE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    code = """
from pathlib import Path
from cervinet.data.fetch.download import download
from cervinet.errors import UsageError
from cervinet.progress import Silent
try:
    download("kaggle-cervix", Path("data"), Silent())
except UsageError as error:
    print(error)
"""
    done = child(code, cwd=tmp_path)
    expected = f"there are no credentials that Kaggle accepts: {GET_TOKEN}; then {RULES}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")
