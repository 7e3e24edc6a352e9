"""Files of a bundle. Each is written whole or not at all."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .errors import ToolError

COLUMNS: dict[str, tuple[str, ...]] = {
    "dense": ("layer", "tokens", "time_us"),
    "per_sequence": ("layer", "sequences", "time_us"),
    "attention": ("prefill_chunk", "kv_prefill", "n_decode", "kv_decode", "time_us"),
    "moe": ("tokens", "activated_experts", "time_us"),
    "all_reduce": ("bytes", "time_us"),
}

#: Tables that simhost does not load without.
REQUIRED = ("dense", "per_sequence", "attention")

#: What the name of a variant's folder ends in until all of it is there.
UNFINISHED = ".partial"

Row = Sequence[object]


def cache_folder() -> Path:
    """The user's folder of profiles, where `simhost --cached-profiles` looks.

    Source: XDG Base Directory Specification,
    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return cache / "simhost" / "profiles"


def write_text(path: Path, text: str) -> None:
    """Writes beside `path` and renames, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def row_text(row: Row) -> str:
    """A line of a table; times with three decimals, so nanoseconds."""
    return ",".join(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row) + "\n"


def write_table(folder: Path, table: str, rows: Iterable[Row]) -> None:
    """Writes `<folder>/<table>.csv`; rows of numbers come in rising order, layers in the order
    given."""
    text = ",".join(COLUMNS[table]) + "\n" + "".join(map(row_text, rows))
    write_text(folder / f"{table}.csv", text)


def read_table(path: Path, table: str) -> dict[tuple, float]:
    """Times in µs by all other columns; a damaged row is a `ToolError` with its line."""
    columns = COLUMNS[table]
    times: dict[tuple, float] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            absent = [c for c in columns if c not in (rows.fieldnames or ())]
            if absent:
                raise ToolError(
                    f"{path}:1: {absent[0]}: column is missing; expected {','.join(columns)}"
                )
            for row in rows:
                try:
                    key = tuple(row[c] if c == "layer" else int(row[c]) for c in columns[:-1])
                    times.setdefault(key, float(row["time_us"]))
                except (TypeError, ValueError):
                    found = ",".join(str(cell) for cell in row.values())
                    raise ToolError(
                        f"{path}:{rows.line_num}: {found!r} is no row of {','.join(columns)}; "
                        "is the file cut off? profile again"
                    ) from None
    except OSError as error:
        raise ToolError(f"{path}: {error.strerror or error}") from None
    return times


def yaml_text(value: object, indent: int = 0) -> str:
    """The plain part of YAML that bundles are described in: maps, lists in brackets, quoted
    text."""
    if not isinstance(value, dict):
        return f" {scalar(value)}\n"
    lines = ["\n"] if indent else []
    for key, item in value.items():
        lines.append(" " * indent + f"{key}:" + yaml_text(item, indent + 2))
    return "".join(lines)


def scalar(value: object) -> str:
    """One value; text in single quotes, with apostrophes in place of quotes inside, as nothing
    escapes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(scalar(item) for item in value) + "]"
    return "'" + " ".join(str(value).split()).replace("'", "\u2019") + "'"
