"""How a command ends: its result, or one sentence and an exit code."""

import io
import sys
from typing import Any

import click

from cervinet.errors import CervinetError
from cervinet.interruption import Interrupted
from cervinet.results import next_commands, quoted


class Sentences(click.Group):
    """A user's mistake ends a command with one sentence and its exit code; there is no traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            # A name that the terminal's encoding lacks is shown by its code.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except CervinetError as error:
            for line in str(error).splitlines():
                click.echo(line if line.startswith("  ") else f"Error: {line}", err=True)
            sys.exit(error.exit_code)
        except Interrupted as interrupted:
            click.echo(interrupted.where, err=True)
            next_commands(f"train --resume {quoted(interrupted.run)}")
            sys.exit(130)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            sys.exit(130)
