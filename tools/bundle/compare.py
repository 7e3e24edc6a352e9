"""How far one bundle's times are from another's, by kind of iteration."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .errors import ToolError
from .files import read_table
from .grid import AttentionPoint
from .model import HEAD_LAYERS, UNSHARDED, ModelShape, dense_layers

#: Kinds of iterations, in the order of the report. Few, many, short and long as in `simhost
#: calibrate`.
REGIMES = (
    "decode, 1-16 requests",
    "decode, 17+ requests",
    "prefill, to 512 tokens",
    "prefill, 513+ tokens",
    "prefill behind a context",
    "prefill and decode",
)


def regime(point: AttentionPoint) -> str:
    chunk, before, count, _ = point
    if chunk and count:
        return REGIMES[5]
    if not chunk:
        return REGIMES[0] if count <= 16 else REGIMES[1]
    if before:
        return REGIMES[4]
    return REGIMES[2] if chunk <= 512 else REGIMES[3]


@dataclass(frozen=True)
class Bundle:
    """The tables of one tensor-parallel degree, times in µs."""

    dense: dict[tuple, float]
    head: dict[tuple, float]
    attention: dict[tuple, float]
    #: Of a mixture of experts, timed with one accelerator.
    experts: dict[tuple, float] = field(default_factory=dict)

    @staticmethod
    def read(variant: Path, degree: int) -> Bundle:
        def table(name: str) -> dict[tuple, float]:
            sharded = read_table(variant / f"tp{degree}" / f"{name}.csv", name)
            if degree == 1 or name == "attention":
                return sharded
            whole = read_table(variant / "tp1" / f"{name}.csv", name)
            kept = {key: time for key, time in sharded.items() if key[0] not in UNSHARDED}
            return {**kept, **{key: time for key, time in whole.items() if key[0] in UNSHARDED}}

        if not variant.is_dir():
            raise ToolError(f"{variant}: there is no such profile")
        experts = variant / "tp1/moe.csv"
        return Bundle(
            table("dense"),
            table("per_sequence"),
            table("attention"),
            read_table(experts, "moe") if experts.exists() else {},
        )

    def counts(self, layer: str) -> list[int]:
        table = self.head if layer in HEAD_LAYERS else self.dense
        return sorted(count for name, count in table if name == layer)

    def time(self, layer: str, count: int, axis: list[int]) -> float:
        """Linear between the counts that were measured."""
        table = self.head if layer in HEAD_LAYERS else self.dense
        upper = next((c for c in axis if c >= count), axis[-1])
        lower = next((c for c in reversed(axis) if c <= count), axis[0])
        low, high = table[layer, lower], table[layer, upper]
        share = (count - lower) / (upper - lower) if upper > lower else 0.0
        return low + share * (high - low)


class IterationTimes:
    """Whole iterations of a model without host time, all-reduces or experts, µs."""

    def __init__(self, bundle: Bundle, model: ModelShape) -> None:
        self._bundle = bundle
        self._layers = model.layers
        self._once = ("embedding", "final_layernorm")
        self._block = [name for name in dense_layers(model) if name not in self._once] + [
            "layernorm"
        ]
        self._axes = {
            name: bundle.counts(name) for name in {*self._once, *self._block, *HEAD_LAYERS}
        }
        for name, axis in self._axes.items():
            if not axis:
                raise ToolError(
                    f"a profile of {model.name} has no rows for {name}; profile the model again"
                )

    def at(self, point: AttentionPoint) -> float:
        chunk, _, count, _ = point
        sequences = count + (1 if chunk else 0)

        def total(names: Iterable[str], size: int) -> float:
            return sum(self._bundle.time(name, size, self._axes[name]) for name in names)

        block = total(self._block, chunk + count) + self._bundle.attention[point]
        return (
            total(self._once, chunk + count) + self._layers * block + total(HEAD_LAYERS, sequences)
        )


@dataclass(frozen=True)
class Errors:
    """Relative errors of one kind of iteration."""

    name: str
    values: list[float]

    def line(self) -> str:
        sizes = sorted(map(abs, self.values))
        p90 = sizes[min(len(sizes) - 1, len(sizes) * 9 // 10)]
        cells = (
            statistics.median(sizes),
            statistics.mean(sizes),
            p90,
            sizes[-1],
            statistics.mean(self.values),
        )
        return f"{self.name:<26}{len(sizes):>7}" + "".join(f"{100 * cell:>9.1f}" for cell in cells)


HEADER = f"{'':<26}{'points':>7}{'median %':>9}{'mean':>9}{'P90':>9}{'max':>9}{'bias':>9}"


def compare(measured: Bundle, judged: Bundle, model: ModelShape) -> list[tuple[str, list[Errors]]]:
    """Errors of `judged` at every point that both have: layers, attention, and whole iterations."""
    layers: dict[str, list[float]] = {}
    for mine, theirs in ((measured.dense, judged.dense), (measured.head, judged.head)):
        for key in mine.keys() & theirs.keys():
            layers.setdefault(key[0], []).append(theirs[key] / mine[key] - 1)
    for key in measured.experts.keys() & judged.experts.keys():
        layers.setdefault("moe", []).append(judged.experts[key] / measured.experts[key] - 1)
    points = sorted(measured.attention.keys() & judged.attention.keys())
    if not points:
        raise ToolError("the two profiles have no attention points in common")
    both = (IterationTimes(measured, model), IterationTimes(judged, model))
    attention: dict[str, list[float]] = {}
    iterations: dict[str, list[float]] = {}
    for point in points:
        kind = regime(point)
        attention.setdefault(kind, []).append(
            judged.attention[point] / measured.attention[point] - 1
        )
        iterations.setdefault(kind, []).append(both[1].at(point) / both[0].at(point) - 1)
    order = [name for name in (*dense_layers(model), "moe", *HEAD_LAYERS) if name in layers]
    return [
        ("layers", [Errors(name, layers[name]) for name in order]),
        ("attention", [Errors(name, attention[name]) for name in REGIMES if name in attention]),
        ("iterations", [Errors(name, iterations[name]) for name in REGIMES if name in iterations]),
    ]
