"""Times of matrix products of any size, from a table of some."""

from __future__ import annotations

from functools import cache

from bundle.errors import ToolError

from .curve import Curve, between
from .source import OperatorTables, microseconds


class MatrixProducts:
    """m × k by k × n, 16 bits. Linear between neighbours in k and n, in proportion beyond the
    largest."""

    def __init__(self, tables: OperatorTables, dtype: str = "bfloat16") -> None:
        points: dict[tuple[int, int], list[tuple[int, float]]] = {}
        for row in tables.rows("gemm", "gemm_perf", {"gemm_dtype": dtype}):
            points.setdefault((int(row["n"]), int(row["k"])), []).append(
                (int(row["m"]), microseconds(row))
            )
        if not points:
            raise ToolError(
                f"{tables.folder}: has no {dtype} matrix products of {tables.framework}"
            )
        self._curves = {key: Curve.least(values) for key, values in points.items()}
        self._columns = sorted({n for n, _ in self._curves})
        self._depths = sorted({k for _, k in self._curves})

    @cache  # noqa: B019 - lives as long as the program
    def time(self, rows: int, columns: int, depth: int) -> float:
        """Microseconds of a product of `rows` × `depth` by `depth` × `columns`."""
        columns_scale = max(1.0, columns / self._columns[-1])
        depth_scale = max(1.0, depth / self._depths[-1])
        n = between(self._columns, columns / columns_scale)
        k = between(self._depths, depth / depth_scale)
        low = self._blend(rows, n, self._depths[k[0]])
        high = self._blend(rows, n, self._depths[k[1]])
        return (low + k[2] * (high - low)) * columns_scale * depth_scale

    def _blend(self, rows: int, n: tuple[int, int, float], depth: int) -> float:
        low, high = (self._curve(self._columns[i], depth).at(rows) for i in n[:2])
        return low + n[2] * (high - low)

    def _curve(self, columns: int, depth: int) -> Curve:
        # One corner may be absent, where the operands did not fit; its transpose takes about as
        # long.
        curve = self._curves.get((columns, depth)) or self._curves.get((depth, columns))
        if curve is None:
            nearest = min(self._curves, key=lambda key: abs(key[0] - columns) + abs(key[1] - depth))
            curve = self._curves[nearest]
        return curve
