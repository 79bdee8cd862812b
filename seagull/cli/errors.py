"""From exceptions to exit codes: one line on stderr, never a traceback unless asked for.

0 done, 1 a fault of Seagull's own, 2 something to put right in the input, 4 all was compared and a
limit that was asked for is broken, 130 interrupted,
141 the reader of the output has gone (what a shell reports for SIGPIPE).
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from typing import Any

import typer
from typer.core import TyperGroup

from seagull.files.streams import drop, guarded, prepare_streams

BAD_INPUT = 2
FAULT = 1
LIMIT_BROKEN = 4
INTERRUPTED = 130
DEBUG_OPTION = "--debug"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""Numbers of the operating system for a full disk."""


class FriendlyGroup(TyperGroup):
    """A command group whose failures are one line and an exit code.

    ``--debug`` is understood anywhere on the command line and adds the traceback.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs the command line and exits with its code (or returns it, not standalone)."""
        prepare_streams()
        given = list(sys.argv[1:] if args is None else args)
        debug = DEBUG_OPTION in given
        given = [word for word in given if word != DEBUG_OPTION]
        line = "%(levelname)s %(name)s: %(message)s" if debug else "seagull: %(message)s"
        logging.basicConfig(format=line, stream=sys.stderr)
        logging.getLogger("seagull").setLevel(logging.DEBUG if debug else logging.WARNING)
        # Connections that are tried again: the one that fails for good is an error of ours.
        logging.getLogger("urllib3").setLevel(logging.DEBUG if debug else logging.ERROR)
        try:
            name = prog_name or "seagull"
            run = partial(super().main, given, name, complete_var, False, windows_expand_args)
            result = guarded(partial(run, **extra))
            code = result if isinstance(result, int) else 0
        except BaseException as error:
            code = _report(error, debug)
        if standalone_mode:
            sys.exit(code)
        return code


def is_debugging() -> bool:
    """Whether the command line asked for tracebacks."""
    return logging.getLogger("seagull").level == logging.DEBUG


def complain(message: str) -> None:
    """Writes one line to stderr, if anybody reads it."""
    try:
        typer.echo(f"seagull: {' '.join(message.split())}", err=True)
    except OSError:
        drop(sys.stderr)


def _report(error: BaseException, debug: bool) -> int:
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else FAULT
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        complain("interrupted")
        return INTERRUPTED
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    if (usage := getattr(error, "format_message", None)) is not None:
        complain(f"{usage()} {_help_hint(error)}")
        return int(getattr(error, "exit_code", BAD_INPUT))
    if isinstance(error, (ValueError, OSError)) and str(error):
        complain(reason_of(error))
        return BAD_INPUT
    if _is_full_disk(error):
        complain(f"weights cannot be written, the disk is full; make room ({_short(error)})")
        return BAD_INPUT
    hint = "" if debug else f" (run it again with {DEBUG_OPTION} for the traceback)"
    complain(failure_text(error) + hint)
    return FAULT


def _help_hint(error: BaseException) -> str:
    context = getattr(error, "ctx", None)
    return "" if context is None else f"(help: {context.command_path} --help)"


def _is_full_disk(error: BaseException) -> bool:
    """Whether safetensors or torch could not write a file: their errors are types of their own."""
    words = ("No space left on device", "Disk quota exceeded", "PytorchStreamWriter failed")
    return any(word in str(error) for word in (*words, "iostream error"))


def _short(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:200]


def reason_of(error: Exception) -> str:
    """The error in words; the number that the operating system has for it helps nobody."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    name = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
    hint = "; make room on the disk" if error.errno in NO_ROOM else ""
    return f"{name}{error.strerror}{hint}"


def failure_text(error: BaseException) -> str:
    """What ended a run, in words, whether it is the input's fault or Seagull's own."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, (ValueError, OSError)) and str(error):
        return reason_of(error)
    return f"unexpected {type(error).__name__}: {str(error)[:300] or 'no message'}"
