"""The first signal asks, the second ends at once; what was ignored stays ignored, and threads are left alone."""

import os
import signal
import threading

import pytest

from cervinet.interruption import requests_to_end

BOTH = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers():
    before = {number: signal.getsignal(number) for number in BOTH}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("first", BOTH)
@pytest.mark.parametrize("second", BOTH)
def test_the_first_asks_and_the_second_ends(first: int, second: int) -> None:
    with requests_to_end() as asked:
        assert not asked()
        os.kill(os.getpid(), first)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), second)


def test_afterwards_all_is_as_before() -> None:
    before = [signal.getsignal(number) for number in BOTH]
    with requests_to_end():
        assert [signal.getsignal(number) for number in BOTH] != before
    assert [signal.getsignal(number) for number in BOTH] == before


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with requests_to_end() as asked:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        assert not asked()


def test_another_thread_hears_nothing_and_changes_nothing() -> None:
    found = []

    def work() -> None:
        before = [signal.getsignal(number) for number in BOTH]
        with requests_to_end() as asked:
            found.extend([asked(), [signal.getsignal(number) for number in BOTH] == before])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False, True]
