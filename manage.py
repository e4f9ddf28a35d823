#!/usr/bin/env python
"""Command line of FVStudios Dashboard."""

import logging
import os
import sys

from core.configuration.environment import ConfigurationError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fvdash.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except SystemExit as end:
        _tell_refusal(end)
        raise
    except Exception as error:
        from fvdash.runtime.unreachable import explain

        reason = explain(error)
        if reason is None:
            # Only its name: arguments may be addresses of people. Not on stdout, which may be piped somewhere.
            _kept().error("command %s failed", _command(), exc_info=error)
            raise
        print(reason, file=sys.stderr)
        sys.exit(1)


def _tell_refusal(end: SystemExit) -> None:
    """A command that ended with CommandError has printed why; the system log keeps it too."""
    from django.core.management.base import CommandError

    cause = end.__context__
    if isinstance(cause, CommandError):
        _kept().warning("command %s refused: %s", _command(), cause)


def _command() -> str:
    return sys.argv[1] if len(sys.argv) > 1 else ""


def _kept() -> logging.Logger:
    """A logger that writes to the system log alone: the terminal has the message already."""
    logger = logging.getLogger("fvdash.command")
    logger.propagate = False
    for handler in logging.getLogger().handlers:
        if handler.name == "kept":
            logger.addHandler(handler)
    return logger


if __name__ == "__main__":
    main()
