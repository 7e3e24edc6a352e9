"""The one way in which the tools refuse: a message for the user and exit code 2."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


class ToolError(Exception):
    """Something that the user can mend: a file, an argument, or what is installed."""


def run(main: Callable[[], None]) -> None:
    """Runs a tool; a `ToolError` ends it with one line on stderr and exit code 2, Ctrl-C with
    130."""
    try:
        main()
    except ToolError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head` has. What is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)
