"""Attention of one layer: whole prompts and decode batches as measured."""

from __future__ import annotations

from collections.abc import Iterable

from bundle.errors import ToolError

from .curve import Curve, between
from .source import OperatorTables, Record, microseconds


class AttentionTimes:
    """Times for one pair of head counts; blended between two query head counts where that pair was
    not measured."""

    def __init__(self, tables: OperatorTables, heads: int, kv_heads: int, head_dim: int) -> None:
        shape: dict[str, object] = {
            "head_dim": head_dim,
            "num_key_value_heads": kv_heads,
            "window_size": 0,
            "kv_cache_dtype": "bfloat16",
        }
        prompts = tables.rows("attention", "context_attention_perf", shape)
        decodes = tables.rows("attention", "generation_attention_perf", shape)
        measured = sorted(
            {int(r["num_heads"]) for r in prompts} & {int(r["num_heads"]) for r in decodes}
        )
        low = max((h for h in measured if h <= heads), default=None)
        high = min((h for h in measured if h >= heads), default=None)
        if low is None or high is None:
            raise ToolError(
                f"{tables.folder}: {tables.framework} attention with {heads} query and {kv_heads} "
                f"key heads of {head_dim} was not measured; with {kv_heads} key heads there are "
                f"{', '.join(map(str, measured)) or 'none'}"
            )
        self.heads = (low, high)
        self._share = (heads - low) / (high - low) if high > low else 0.0
        self._prompts = [self._prompt_curve(prompts, h) for h in self.heads]
        self._decodes = [
            DecodeSurface(r for r in decodes if r["num_heads"] == h) for h in self.heads
        ]

    @staticmethod
    def _prompt_curve(rows: list[Record], heads: int) -> Curve:
        return Curve.least(
            [
                (int(r["isl"]), microseconds(r))
                for r in rows
                if r["num_heads"] == heads and r["batch_size"] == 1
            ]
        )

    def prompt(self, tokens: int) -> float:
        """One prompt of that many tokens with nothing before it, µs."""
        low, high = (curve.at(tokens) for curve in self._prompts)
        return low + self._share * (high - low)

    def decode(self, count: int, context: int) -> float:
        """`count` requests, each on a context of that many tokens, µs."""
        low, high = (surface.at(count, context) for surface in self._decodes)
        return low + self._share * (high - low)


class DecodeSurface:
    """Times over decode count and context; linear in both, in proportion beyond what was
    measured."""

    def __init__(self, rows: Iterable[Record]) -> None:
        points: dict[int, list[tuple[int, float]]] = {}
        for row in rows:
            points.setdefault(int(row["batch_size"]), []).append(
                (int(row["step"]), microseconds(row))
            )
        self._counts = sorted(points)
        self._curves = {count: Curve.least(values) for count, values in points.items()}

    def at(self, count: int, context: int) -> float:
        low, high, share = between(self._counts, count)
        start = self._curves[self._counts[low]].at(context)
        end = self._curves[self._counts[high]].at(context)
        return max(start, end) if share > 1 else start + share * (end - start)
