#!/usr/bin/env python
"""Command line of FVStudios Dashboard."""

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
    except Exception as error:
        from fvdash.runtime.unreachable import explain

        reason = explain(error)
        if reason is None:
            raise
        print(reason, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
