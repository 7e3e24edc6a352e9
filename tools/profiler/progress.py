"""How far a run is, on stderr."""

from __future__ import annotations

import sys
import time


def duration(seconds: float) -> str:
    """Such as `45 s`, `7 min`, `1 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class Progress:
    """One line, rewritten each second on a terminal and printed each minute elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._measured = 0
        # Nothing is said at first: what is compiled then says nothing about the rest.
        self._start = self._shown = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def skip(self, count: int) -> None:
        """Counts what an earlier run has measured."""
        self._done += count

    def step(self, part: str) -> None:
        """Counts one measurement of a part such as `tp1 attention`."""
        self._done += 1
        self._measured += 1
        now = time.monotonic()
        if now - self._shown < (1 if self._terminal else 60):
            return
        self._shown = now
        # Later points are larger ones, so this errs on the short side.
        left = (now - self._start) / self._measured * (self._total - self._done)
        line = f"{part}: {self._done} of {self._total}, about {duration(left)} left"
        print(
            f"\r\x1b[K{line}" if self._terminal else line,
            end="" if self._terminal else "\n",
            file=sys.stderr,
            flush=True,
        )

    def finish(self) -> None:
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr)
        print(
            f"measured {self._measured} points in {duration(time.monotonic() - self._start)}",
            file=sys.stderr,
        )
