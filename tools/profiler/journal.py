"""Rows as they are measured, so that a run that was stopped goes on where it was.

They are appended to the tables of a folder whose name ends in `.partial`. Only when all are there
are the tables sorted and the folder renamed: a bundle is whole or it is not there.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from bundle.errors import ToolError
from bundle.files import COLUMNS, UNFINISHED, read_table, row_text, write_table, write_text

#: In the last column of what did not fit into memory; such rows are not part of the bundle.
ABSENT = -1.0


class Journal:
    """The unfinished bundle of one variant."""

    def __init__(self, variant: Path, begun_with: str, restart: bool) -> None:
        """Goes on with an unfinished bundle that was begun with the same text, or begins one.

        Refuses one that was begun otherwise: rows of two machines must not mix.
        """
        self.variant = variant
        self.folder = variant.with_name(variant.name + UNFINISHED)
        self._file: TextIO | None = None
        if restart:
            shutil.rmtree(self.folder, ignore_errors=True)
        begun = self.folder / "begun.txt"
        if not begun.exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            write_text(begun, begun_with)
        elif begun.read_text(encoding="utf-8") != begun_with:
            raise ToolError(
                f"{begun}: was begun with another accelerator, software, model or grid; "
                "use the same ones, or --restart to measure all of it again"
            )

    def open(self, degree: int, table: str) -> dict[tuple, float]:
        """Begins or continues a table; returns what it holds already."""
        self.close()
        path = self._path(degree, table)
        path.parent.mkdir(parents=True, exist_ok=True)
        known: dict[tuple, float] = {}
        if path.exists():
            # The last line may be cut off: what follows the last line feed is measured again.
            whole = path.read_text(encoding="utf-8")
            whole = whole[: whole.rfind("\n") + 1]
            write_text(path, whole or ",".join(COLUMNS[table]) + "\n")
            known = read_table(path, table)
        else:
            write_text(path, ",".join(COLUMNS[table]) + "\n")
        self._file = path.open("a", encoding="utf-8")
        return known

    def add(self, key: tuple, time: float | None) -> None:
        """Appends a row to the table that is open."""
        assert self._file is not None
        self._file.write(row_text((*key, ABSENT if time is None else float(time))))
        self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def finish(self, orders: dict[tuple[int, str], Sequence[tuple]], meta: str) -> int:
        """Puts every table in the order of `orders`, by degree and name, and the bundle in its
        place.

        Returns how many rows are left out because they did not fit into memory.
        """
        self.close()
        absent = 0
        for (degree, table), keys in orders.items():
            times = read_table(self._path(degree, table), table)
            kept = [(*key, times[key]) for key in keys if times[key] != ABSENT]
            absent += len(keys) - len(kept)
            if not kept:
                raise ToolError(
                    f"{table} of tp{degree}: nothing fits into the accelerator's memory; "
                    "use a smaller --max-context"
                )
            write_table(self.folder / f"tp{degree}", table, kept)
        write_text(self.folder / "meta.yaml", meta)
        (self.folder / "begun.txt").unlink()
        shutil.rmtree(self.variant, ignore_errors=True)
        self.folder.rename(self.variant)
        return absent

    def _path(self, degree: int, table: str) -> Path:
        return self.folder / f"tp{degree}" / f"{table}.csv"
