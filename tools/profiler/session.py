"""Measures all of a bundle, or what an earlier run has left."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bundle.files import write_table, yaml_text
from bundle.grid import Grid
from bundle.model import ModelShape

from .journal import Journal
from .plan import Bench, Table, tables
from .progress import Progress

#: Messages of all-reduces, bytes: from one token of a small model to thousands of a large one.
MESSAGES = tuple(1 << shift for shift in range(10, 28))


@dataclass(frozen=True)
class Settings:
    """What is measured and how, apart from the device."""

    model: ModelShape
    hardware: str
    variant: str
    degrees: tuple[int, ...]
    grid: Grid
    iterations: int


@dataclass(frozen=True)
class Instruments:
    """What measures: times on one shard of the model, and all-reduces among several
    accelerators."""

    bench: Callable[[int], Bench]
    #: Times in µs by bytes among that many accelerators; empty where there are not so many.
    all_reduce: Callable[[int], dict[int, float]]
    #: Of device and software, for `meta.yaml`.
    description: dict[str, object]


def profile(
    settings: Settings, instruments: Instruments, output: Path, restart: bool
) -> tuple[Path, list[str]]:
    """Writes `<output>/<hardware>/<model>/<variant>`; returns it and remarks for the user."""
    variant = output / settings.hardware / settings.model.name / settings.variant
    journal = Journal(variant, begun_with(settings, instruments), restart)
    plan = [
        (degree, table)
        for degree in settings.degrees
        for table in tables(settings.model, settings.grid, degree)
    ]
    progress = Progress(sum(len(table.keys) for _, table in plan))
    try:
        measure(plan, instruments, journal, progress)
        remarks = reduce_all(settings.degrees, instruments, journal)
    finally:
        journal.close()
    progress.finish()
    orders: dict[tuple[int, str], Sequence[tuple]] = {
        (degree, table.name): table.keys for degree, table in plan
    }
    absent = journal.finish(orders, yaml_text(description(settings, instruments)))
    if absent:
        remarks.append(f"{absent} points did not fit into memory and are left out")
    return variant, remarks


def measure(
    plan: list[tuple[int, Table]], instruments: Instruments, journal: Journal, progress: Progress
) -> None:
    bench: Bench | None = None
    present = 0
    for degree, table in plan:
        known = journal.open(degree, table.name)
        missing = [key for key in table.keys if key not in known]
        progress.skip(len(table.keys) - len(missing))
        if missing and (bench is None or degree != present):
            # Frees the shard before, whose weights may fill the memory.
            bench = None
            bench, present = instruments.bench(degree), degree
        for key in missing:
            assert bench is not None
            journal.add(key, table.measure(bench, key))
            progress.step(f"tp{degree} {table.name}")


def reduce_all(degrees: tuple[int, ...], instruments: Instruments, journal: Journal) -> list[str]:
    """Measures all-reduces where there are accelerators for them."""
    remarks = []
    for degree in degrees:
        if degree == 1:
            continue
        times = instruments.all_reduce(degree)
        if times:
            write_table(journal.folder / f"tp{degree}", "all_reduce", sorted(times.items()))
        else:
            remarks.append(
                f"tp{degree}: all-reduces were not measured, as there are fewer than {degree} "
                "accelerators: the cluster's link_bw and link_latency decide"
            )
    return remarks


def begun_with(settings: Settings, instruments: Instruments) -> str:
    """Everything that rows of one bundle have in common."""
    return f"{settings}\n{sorted(instruments.description.items())}\n"


def description(settings: Settings, instruments: Instruments) -> dict[str, object]:
    """The content of `meta.yaml`."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    grid = settings.grid
    return {
        "profiler_version": "simhost profile_gpu 1",
        **instruments.description,
        "hardware": settings.hardware,
        "profiled_at": now,
        "architecture": settings.model.architecture,
        "model": settings.model.name,
        "variant": settings.variant,
        "tp_degrees": list(settings.degrees),
        "engine_effective": {
            "max_num_batched_tokens": grid.tokens[-1],
            "max_num_seqs": grid.sequences[-1],
        },
        "attention_grid": grid.describe(),
        "measurement_iterations": settings.iterations,
        "skew_fit": {"enabled": False},
    }
