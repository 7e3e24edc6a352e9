"""What a bundle needs, table by table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from bundle.grid import AttentionPoint, Grid
from bundle.model import HEAD_LAYERS, ModelShape, Shard, dense_layers


class Bench(Protocol):
    """Times one thing on a device, in µs; None where it does not fit into memory."""

    def layer(self, name: str, count: int) -> float | None: ...

    def attention(self, point: AttentionPoint) -> float | None: ...

    def experts(self, tokens: int, active: int) -> float | None: ...


@dataclass(frozen=True)
class Table:
    """A file of the bundle and the keys of its rows, in the order in which they are measured."""

    name: str
    keys: list[tuple]

    def measure(self, bench: Bench, key: tuple) -> float | None:
        if self.name == "attention":
            return bench.attention(key)
        if self.name == "moe":
            return bench.experts(*key)
        return bench.layer(*key)


def tables(model: ModelShape, grid: Grid, degree: int) -> Iterator[Table]:
    """The tables of one tensor-parallel degree. Layers follow each other, so that their weights
    stay in place."""
    yield Table("dense", [(name, count) for name in dense_layers(model) for count in grid.tokens])
    yield Table("per_sequence", [(name, count) for name in HEAD_LAYERS for count in grid.sequences])
    yield Table("attention", list(grid.attention()))
    if model.experts and degree == 1:
        yield Table("moe", list(grid.experts(model.experts_per_token, model.experts)))


def attention_bytes(point: AttentionPoint, shard: Shard, head_dim: int, width: int) -> int:
    """Keys and values that a point reads."""
    chunk, before, count, context = point
    tokens = before + chunk + count * (context + 1)
    return 2 * tokens * shard.kv_heads * head_dim * width
