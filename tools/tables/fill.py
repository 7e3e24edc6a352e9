"""What the tables lack, computed from the accelerator's description: every number here is a guess.

The terms are those of simhost's analytic model (`Sources/Engine/Cost/AnalyticCost.swift`), for one
layer.
"""

from __future__ import annotations

from dataclasses import dataclass

from bundle.hardware import Hardware
from bundle.model import ModelShape, Shard

#: Start and end of an element-wise kernel, µs. Guess: rounded from RTXPRO6000's profiles.
KERNEL_US = 2.5
#: What one multiprocessor moves from and to the cache, bytes/s, and the part of the cache that
#: activations fill before they spill to memory. Guess: rounded from norms and activations of 256 to
#: 2,048 tokens in RTXPRO6000's profiles.
CACHE_RATE = 40e9
CACHE_SHARE = 0.5
#: Query rows of a tile of attention. Source: the step of measured times over chunk length on
#: RTXPRO6000.
TILE_ROWS = 64
#: Bytes of an activation and of an element of the KV cache.
WIDTH = 2


def overlapped(a: float, b: float, serial: float) -> float:
    """Two activities side by side, with a fraction of the shorter left over."""
    return max(a, b) + serial * min(a, b)


@dataclass(frozen=True)
class Filling:
    """Fills in for one shard of a model on one accelerator. Times in µs."""

    hardware: Hardware
    model: ModelShape
    shard: Shard

    def elementwise(self, layer: str, tokens: int) -> float:
        """Embedding, norms, rotary embedding or activation."""
        rotated = 2 * (self.shard.heads + self.shard.kv_heads) * self.model.head_dim
        values = {
            "embedding": 2 * self.model.hidden,
            "layernorm": 4 * self.model.hidden,
            "final_layernorm": 4 * self.model.hidden,
            "qk_norm": rotated,
            "rotary_emb": rotated,
            "act_fn": 3 * self.shard.inner,
        }[layer]
        traffic = values * WIDTH * tokens
        cached = traffic / (CACHE_RATE * self.hardware.multiprocessors)
        # What the cache cannot hold moves at the speed of memory.
        spilled = max(0.0, traffic - CACHE_SHARE * self.hardware.cache) / self.hardware.memory_rate
        return KERNEL_US + (cached + spilled) * 1e6

    def sampler(self, sequences: int) -> float:
        traffic = sequences * self.model.vocabulary * self._of("sampler_bytes_per_logit")
        return self._of("sampler_us") + traffic / self.hardware.memory_rate * 1e6

    def cold_decode(self, start: float, count: int, context: int) -> float:
        """Decode attention whose keys and values all come from memory, where `start` is its time
        without any.

        The tables repeat one batch, so that the cache may hold it; a model's other layers would
        have evicted it.
        """
        traffic = count * context * self._kv_bytes()
        return (
            start
            + traffic / (self._of("decode_attention_efficiency") * self.hardware.memory_rate) * 1e6
        )

    def behind_context(self, chunk: int, context: int) -> float:
        """What a context before a prompt's chunk adds."""
        return self._prompt(chunk, context) - self._prompt(chunk, 0)

    def beside_prompt(self, chunk: int, count: int, context: int) -> float:
        """What decode requests add to an iteration that also holds a prompt's chunk.

        They occupy whole tiles of the prompts' kernel, and their query heads share keys and values
        only as far as the cache reaches.
        """
        tiles = count * self.shard.heads / self.hardware.multiprocessors
        empty = chunk * self._of("mixed_empty_tile_us") / TILE_ROWS
        keys = count * context
        visits = (
            keys
            * self.shard.heads
            * TILE_ROWS
            * 4
            * self.model.head_dim
            / (self._of("mixed_attention_efficiency") * self.hardware.flops)
            * 1e6
        )
        group = self.shard.heads / self.shard.kv_heads
        unshared = (
            keys * self._kv_bytes() - self._of("mixed_shared_caches") * self.hardware.cache
        ) * group
        memory = max(0.0, unshared) / self.hardware.memory_rate * 1e6
        work = tiles * (self._of("mixed_tile_us") + empty) + visits
        return overlapped(work, memory, self._of("mixed_serial_fraction"))

    def _prompt(self, chunk: int, context: int) -> float:
        """All its work spread over the machine, or its longest chain of keys on one
        multiprocessor."""
        rate = self._of("prefill_attention_efficiency") * self.hardware.flops / 1e6
        flops = 4 * self.model.head_dim
        pairs = chunk * context + chunk * (chunk + 1) / 2
        chain = (context + chunk) * flops * TILE_ROWS * self.hardware.multiprocessors / rate
        return overlapped(
            pairs * self.shard.heads * flops / rate,
            chain,
            self._of("prefill_attention_serial_fraction"),
        )

    def _kv_bytes(self) -> int:
        return 2 * self.shard.kv_heads * self.model.head_dim * WIDTH

    def _of(self, coefficient: str) -> float:
        return self.hardware.coefficients[coefficient]
