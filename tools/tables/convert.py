"""Makes the files of one bundle from operator tables."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bundle import files
from bundle.files import UNFINISHED
from bundle.grid import Grid
from bundle.hardware import Hardware
from bundle.model import ModelShape, Shard, dense_layers

from .attention import AttentionTimes
from .experts import all_reduce_times, expert_times
from .fill import Filling
from .matrix import MatrixProducts
from .source import OperatorTables

#: The tables reach far beyond LLMServingSim's profiles, so bundles do as well.
GRID = Grid.standard(max_tokens=16384, max_sequences=512, max_context=131072)

MEASURED = (
    "matrix products (linear between sizes), attention of whole prompts, "
    "attention of decode batches, all-reduces over direct links, experts"
)
FILLED = (
    "element-wise layers and sampler from the data sheet; prompts behind a context and beside "
    "decode requests by simhost's analytic model set to meet the measured points; decode attention "
    "at least as slow as reading the KV cache from memory"
)


@dataclass
class Converter:
    """Bundles of one accelerator, all from the same tables."""

    tables: OperatorTables
    hardware: Hardware
    system: str
    grid: Grid = GRID
    #: Takes all-reduces over PCIe, too. They are those of the server that was measured.
    over_pcie: bool = False

    def __post_init__(self) -> None:
        self._products = MatrixProducts(self.tables)
        self._shared = list(self.tables.used)

    def write(self, folder: Path, model: ModelShape, degrees: list[int]) -> dict[str, object]:
        """Writes `<folder>/<hardware>/<model>/bf16`, all of it or nothing; returns its
        description."""
        variant = folder / self.hardware.name / model.name / "bf16"
        partial = variant.with_name(variant.name + UNFINISHED)
        shutil.rmtree(partial, ignore_errors=True)
        self.tables.used[:] = self._shared
        measured = [
            degree
            for degree in degrees
            if self._write_degree(partial / f"tp{degree}", model, degree)
        ]
        meta = self._meta(model, degrees, measured)
        files.write_text(partial / "meta.yaml", files.yaml_text(meta))
        shutil.rmtree(variant, ignore_errors=True)
        partial.rename(variant)
        return meta

    def _write_degree(self, folder: Path, model: ModelShape, degree: int) -> bool:
        """Returns whether all-reduces among that many accelerators were measured."""
        shard = model.shard(degree)
        filling = Filling(self.hardware, model, shard)
        attention = AttentionTimes(self.tables, shard.heads, shard.kv_heads, model.head_dim)
        files.write_table(folder, "dense", self._dense(model, shard, filling))
        files.write_table(folder, "per_sequence", self._head(model, shard, filling))
        files.write_table(folder, "attention", self._attention(attention, filling))
        if model.experts and degree == 1:
            times = expert_times(self.tables, model)
            files.write_table(folder, "moe", ((*key, times[key]) for key in sorted(times)))
        takes_reduces = degree > 1 and (self.hardware.direct_links or self.over_pcie)
        reduces = all_reduce_times(self.tables, degree) if takes_reduces else {}
        if reduces:
            files.write_table(folder, "all_reduce", sorted(reduces.items()))
        return degree == 1 or bool(reduces)

    def _dense(self, model: ModelShape, shard: Shard, filling: Filling) -> Iterator[files.Row]:
        attended = shard.heads * model.head_dim
        products = {
            "qkv_proj": (attended + 2 * shard.kv_heads * model.head_dim, model.hidden),
            "o_proj": (model.hidden, attended),
            "gate_up_proj": (2 * shard.inner, model.hidden),
            "down_proj": (model.hidden, shard.inner),
        }
        for layer in dense_layers(model):
            for tokens in self.grid.tokens:
                time = (
                    self._products.time(tokens, *products[layer])
                    if layer in products
                    else filling.elementwise(layer, tokens)
                )
                yield layer, tokens, time

    def _head(self, model: ModelShape, shard: Shard, filling: Filling) -> Iterator[files.Row]:
        for sequences in self.grid.sequences:
            yield (
                "lm_head",
                sequences,
                self._products.time(sequences, shard.vocabulary, model.hidden),
            )
        for sequences in self.grid.sequences:
            yield "sampler", sequences, filling.sampler(sequences)

    def _attention(self, times: AttentionTimes, filling: Filling) -> Iterator[files.Row]:
        first = self.grid.contexts[0]

        def decode(count: int, context: int) -> float:
            start = times.decode(count, first)
            return max(
                times.decode(count, context), filling.cold_decode(start, count, context - first)
            )

        for chunk, before, count, context in self.grid.attention():
            alone = decode(count, context) if count else 0.0
            if not chunk:
                yield chunk, before, count, context, alone
                continue
            time = times.prompt(chunk) + filling.behind_context(chunk, before)
            # No chunk is faster than one decode request that reads the same context.
            time = max(time, decode(1, before)) if before else time
            if count:
                time = max(alone, time + filling.beside_prompt(chunk, count, context))
            yield chunk, before, count, context, time

    def _meta(self, model: ModelShape, degrees: list[int], reduced: list[int]) -> dict[str, object]:
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        return {
            "profiler_version": "simhost operator tables 1",
            "origin": "aiconfigurator-core (Apache-2.0), https://github.com/ai-dynamo/aiconfigurator",
            "system": self.system,
            "hardware": self.hardware.name,
            "profiled_at": now,
            "architecture": model.architecture,
            "model": model.name,
            "variant": "bf16",
            "tp_degrees": degrees,
            "tables": list(self.tables.used),
            "measured": MEASURED,
            "guess": FILLED,
            "all_reduce_measured": [d for d in reduced if d > 1],
            "engine_effective": {
                "max_num_batched_tokens": self.grid.tokens[-1],
                "max_num_seqs": self.grid.sequences[-1],
            },
            "attention_grid": self.grid.describe(),
            "skew_fit": {"enabled": False},
        }
