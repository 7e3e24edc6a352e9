"""Lines through measured points."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def between(axis: Sequence[float], value: float) -> tuple[int, int, float]:
    """Two neighbours on a rising axis and how far the value lies from the first to the second.

    0 below the first point; above 1 beyond the last, where the last two points go on.
    """
    if value <= axis[0] or len(axis) == 1:
        return 0, 0, 0.0
    upper = min(bisect_left(axis, value), len(axis) - 1)
    return upper - 1, upper, (value - axis[upper - 1]) / (axis[upper] - axis[upper - 1])


class Curve:
    """Times over one count; the least of several at one point, as noise only adds."""

    def __init__(self, points: dict[int, float]) -> None:
        self.axis = sorted(points)
        self.times = [points[x] for x in self.axis]

    @staticmethod
    def least(points: Sequence[tuple[int, float]]) -> Curve:
        """From points of which several may lie at one place."""
        least: dict[int, float] = {}
        for place, time in points:
            least[place] = min(time, least.get(place, time))
        return Curve(least)

    def at(self, value: float) -> float:
        """Linear between points, constant below the first, never falling beyond the last."""
        low, high, share = between(self.axis, value)
        start, end = self.times[low], self.times[high]
        if share > 1:
            # Proportion is safer than the slope of the last two points, which noise decides.
            return max(end, end * value / self.axis[high])
        return start + share * (end - start)
