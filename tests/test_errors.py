"""Each kind of error ends a command with its exit code and its sentences, never with a traceback."""

import click
import pytest
from click.testing import CliRunner

from cervinet import cli, errors
from cervinet.errors import CervinetError, ConfigError

EXIT_CODES = {
    "CervinetError": 1,
    "UsageError": 2,
    "ConfigError": 2,
    "DataError": 3,
    "ImageError": 3,
    "LeakageError": 4,
    "PredictionError": 5,
    "TrainingError": 6,
}


def test_there_are_no_others():
    found = {
        name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
    }
    assert found == set(EXIT_CODES)


@pytest.mark.parametrize(("name", "code"), EXIT_CODES.items())
def test_exit_code(name, code):
    kind = getattr(errors, name)
    assert issubclass(kind, CervinetError)
    assert kind("something").exit_code == code
    assert str(kind("one\n  two")) == "one\n  two"


def test_one_problem_or_several():
    assert ConfigError("one").problems == ["one"]
    assert ConfigError(["one", "two"]).problems == ["one", "two"]
    assert str(ConfigError(["one", "two"])) == "one\ntwo"


@pytest.fixture
def raised(monkeypatch):
    """`raised(error)`: how the command line ends when a command raises it."""

    def run(error):
        @click.command("break")
        def command():
            raise error

        monkeypatch.setitem(cli.main.commands, "break", command)
        return CliRunner().invoke(cli.main, ["break"])

    return run


@pytest.mark.parametrize(("name", "code"), EXIT_CODES.items())
def test_a_command_ends_with_the_sentence_on_stderr(raised, name, code):
    result = raised(getattr(errors, name)("the file x is broken; mend it"))
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", "Error: the file x is broken; mend it\n")


def test_every_problem_is_an_error_and_details_are_indented(raised):
    assert raised(ConfigError(["one", "two\n  detail"])).stderr == "Error: one\nError: two\n  detail\n"


def test_an_interruption_is_no_error(raised):
    result = raised(KeyboardInterrupt())
    assert (result.exit_code, result.stderr) == (130, "Interrupted.\n")


def test_a_mistake_of_ours_keeps_its_traceback(raised):
    result = raised(ZeroDivisionError("ours"))
    assert result.exit_code == 1
    assert isinstance(result.exception, ZeroDivisionError)
