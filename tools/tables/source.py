"""Where operator tables lie, which version is taken, and their rows."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bundle.errors import ToolError

Record = dict[str, object]


@dataclass
class OperatorTables:
    """Tables of one accelerator: `<folder>/<group>/<framework>/<version>/<table>.parquet`, or
    `.csv.gz`."""

    folder: Path
    framework: str = "vllm"
    #: Files that were read, in that order: what a bundle says it was made from.
    used: list[str] = field(default_factory=list)

    def rows(
        self, group: str, table: str, where: dict[str, object], framework: str | None = None
    ) -> list[Record]:
        """Rows of the newest version whose columns equal `where`; none where there is no such
        table.

        Older tables lack columns that later ones added, such as the window of attention: all their
        rows are of the kind without.
        """
        path = self._newest(group, table, framework or self.framework)
        if path is None:
            return []
        rows = list(self._read(path, where))
        name = "/".join(path.relative_to(self.folder).parts[:3])
        if rows and f"{name} {table}" not in self.used:
            self.used.append(f"{name} {table}")
        return rows

    def _newest(self, group: str, table: str, framework: str) -> Path | None:
        found = [
            path
            for suffix in ("parquet", "csv.gz", "csv")
            for path in (self.folder / group / framework).glob(f"*/{table}.{suffix}")
        ]
        return max(found, key=lambda path: version_key(path.parent.name), default=None)

    def _read(self, path: Path, where: dict[str, object]) -> Iterator[Record]:
        try:
            if path.suffix == ".parquet":
                yield from parquet_rows(path, where)
                return
            opener: Callable = gzip.open if path.suffix == ".gz" else open
            with opener(path, "rt", newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    if all(row[key] == str(value) for key, value in where.items() if key in row):
                        yield {key: number(cell) for key, cell in row.items()}
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise ToolError(
                f"{path}: {error}; fetch the tables again: make profiles-clean"
            ) from None


def parquet_rows(path: Path, where: dict[str, object]) -> Iterator[Record]:
    """Rows of a Parquet file that equal `where`."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ToolError(
            f"{path}: reading Parquet needs pyarrow; use make profiles, which installs it in a "
            "virtual environment, or pip install pyarrow"
        ) from None
    try:
        columns = pyarrow.parquet.read_schema(path).names
        filters = [(key, "=", value) for key, value in where.items() if key in columns] or None
        yield from pyarrow.parquet.read_table(path, filters=filters).to_pylist()
    except (pyarrow.ArrowInvalid, pyarrow.ArrowKeyError, pyarrow.ArrowNotImplementedError) as error:
        raise ToolError(f"{path}: {error}; fetch the tables again: make profiles-clean") from None


def number(cell: str | None) -> object:
    """The cell as the number that it spells, else as it is."""
    for kind in (int, float):
        try:
            return kind(cell)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
    return cell


def version_key(version: str) -> list[tuple[int, int | str]]:
    """Order of versions such as 0.9.1, 0.24.0 and 1.3.0rc20: numbers as numbers."""
    return [
        (1, int(part)) if part.isdigit() else (0, part)
        for part in re.findall(r"\d+|[a-z]+", version)
    ]


def microseconds(row: Record) -> float:
    """A row's latency; the tables are in milliseconds."""
    return float(row["latency"]) * 1000  # type: ignore[arg-type]
