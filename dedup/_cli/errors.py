"""How a command ends when something goes wrong: a line in the command line's words, and code 2."""

import os
import re
import sys
import traceback
from collections.abc import Iterator
from typing import NoReturn

import click

from dedup._base.text import printable, reason_of
from dedup.errors import DedupError

__all__ = ["FAILED", "Commands", "Failure", "kept_if_interrupted", "summary"]

FAILED = 2
_INTERRUPTED = 130  # as shells say it: 128 + SIGINT
_KEPT = "dedup.kept"

# An argument of the Python API, as messages name it: index=, cache=False, device='tpu'. Not part
# of a path, before which there is neither a space nor a bracket.
_ARGUMENT = re.compile(
    r"""(?<![^\s(])(?P<name>\w+)=(?P<value>'[^']*'|"[^"]*"|\([^()]*\)|[\w.-]*)"""
)
_FUNCTION = re.compile(r"(?<![^\s(])(?P<of>dedup|index)\.(?P<name>\w+)(\(\w*\))?")


class Failure(click.ClickException):
    """What ends a command with exit code 2."""

    exit_code = FAILED


class Commands(click.Group):
    """Commands of which none ends with another exit code than its help says."""

    def invoke(self, context: click.Context) -> object:
        """Run one; an error is a line on standard error, a fault of our own has its traceback."""
        try:
            return super().invoke(context)
        except click.exceptions.Exit:
            raise
        except click.UsageError as error:  # may hold what the shell made of a pattern
            message = error.format_message()
            if _in_lines(message) == message:
                raise
            raise click.UsageError(_in_lines(message), error.ctx) from error
        except Failure:
            raise
        except DedupError as error:
            raise Failure(_in_lines(self.in_options(str(error)))) from error
        except (KeyboardInterrupt, click.Abort):
            kept = context.meta.get(_KEPT, "")
            click.echo(printable(f"interrupted{kept and f': {kept}'}"), err=True)
            sys.exit(_INTERRUPTED)
        except BrokenPipeError:
            _end_unheard()
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise Failure(printable(f"{where}{reason_of(error)}")) from error
        except MemoryError as error:
            raise Failure("out of memory") from error
        except Exception as error:
            click.echo(_in_lines(traceback.format_exc()), err=True)
            text = printable(f"{type(error).__name__}: {error}")
            raise Failure(f"{text} (a fault of dedup itself: please report it)") from error

    def in_options(self, message: str) -> str:
        """A message of the Python API, said with the options that stand for its arguments."""
        options = {option.name: option.opts[-1] for option in _options(self)}

        def option(found: re.Match[str]) -> str:
            name, value = found["name"], found["value"].strip("'\"")
            if value.startswith("("):  # several, which the command line parts by commas
                value = re.sub(r"""[()'" ]""", "", value).rstrip(",")
            switch = options.get(f"no_{name}")
            if switch is not None and value in ("True", "False"):
                return switch if value == "False" else f"no {switch}"
            if name not in options:
                return found[0]
            return options[name] if value in ("", "True") else f"{options[name]} {value}"

        def command(found: re.Match[str]) -> str:
            of: click.Command | None = self
            words = "dedup"
            if found["of"] == "index":
                of, words = self.commands.get("index"), "dedup index"
            known = isinstance(of, click.Group) and found["name"] in of.commands
            return f"{words} {found['name']}" if known else found[0]

        return _FUNCTION.sub(command, _ARGUMENT.sub(option, message))


def kept_if_interrupted(what: str) -> None:
    """Let Ctrl-C say what stays of the work, so that the next run goes on."""
    click.get_current_context().meta[_KEPT] = what


def summary(result: object) -> str:
    """The `repr` of a result, without where the Python API has the rest."""
    return printable(re.sub(r" \(see \.\w+\)", "", repr(result)))


def _options(command: click.Command) -> Iterator[click.Option]:
    yield from (option for option in command.params if isinstance(option, click.Option))
    if isinstance(command, click.Group):
        for one in command.commands.values():
            yield from _options(one)


def _in_lines(text: str) -> str:
    return "\n".join(map(printable, text.splitlines()))


def _end_unheard() -> NoReturn:
    """Nobody reads any more: nothing is left to say, and Python must not try to when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(FAILED)
