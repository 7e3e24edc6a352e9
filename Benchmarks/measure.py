"""Runs programs and says what they took: CPU seconds and peak memory, from the system's own accounts."""

import os
import subprocess
import sys
from dataclasses import dataclass


@dataclass
class Cost:
    """User and system CPU seconds, and the largest resident set in MB, of one process and its children."""

    cpu: float
    memory: float
    output: str


def run(arguments, repeats=1):
    """Runs a command and returns its `Cost`; of several repeats the one that took least CPU.

    Raises with the command's last words where it fails.
    """
    best = None
    for _ in range(repeats):
        cost = _run(arguments)
        if best is None or cost.cpu < best.cpu:
            best = cost
    return best


def _run(arguments):
    read, write = os.pipe()
    process = subprocess.Popen(arguments, stdout=write, stderr=subprocess.STDOUT)
    os.close(write)
    with os.fdopen(read, "r", errors="replace") as pipe:
        output = pipe.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(arguments)}\nfailed with {process.returncode}:\n{output[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)
