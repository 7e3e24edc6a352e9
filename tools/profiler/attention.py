"""Attention of one layer over a batch: one prompt's chunk behind its context, and decode requests.
The new tokens' keys and values are written to the cache first, as the server does in each layer.

Two ways: vLLM's FlashAttention over a paged KV cache, all in one kernel as the server runs it,
where vllm is installed; else PyTorch's own kernels, one for the prompt and one for the decode
requests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bundle.errors import ToolError
from bundle.grid import AttentionPoint
from bundle.model import ModelShape, Shard

from .device import Device
from .plan import attention_bytes

Call = Callable[[], object]

#: Part of the free memory that keys and values may fill: queries, outputs and workspace need some.
POOL_SHARE = 0.8
#: Tokens in a block of the paged cache: vLLM's default.
BLOCK = 16
#: FlashAttention 3 cuts contexts into at most so many parts in batches that run as CUDA graphs, of
#: at most so many tokens. Source: AttentionConfig in vllm/config/attention.py and the default graph
#: sizes for 128 requests of vLLM 0.20.0.
GRAPH_SPLITS, GRAPH_TOKENS = 32, 256


class Attention(Protocol):
    """Makes a call for a point of the grid."""

    def call(self, point: AttentionPoint) -> Call: ...


class Pool:
    """Keys and values of the largest point that fits; smaller points use its start."""

    def __init__(
        self, device: Device, shard: Shard, head_dim: int, points: list[AttentionPoint]
    ) -> None:
        row = 2 * shard.kv_heads * head_dim * device.width
        limit = POOL_SHARE * device.free_bytes()
        # A block more for each request, for those that do not fill their last.
        sizes = [
            attention_bytes(p, shard, head_dim, device.width) + (p[2] + 1) * BLOCK * row
            for p in points
        ]
        self.rows = max((size for size in sizes if size <= limit), default=0) // row
        self.shape = (shard.kv_heads, head_dim)
        self.keys, self.values = (device.random(self.rows, *self.shape) for _ in range(2))

    def fits(self, point: AttentionPoint) -> bool:
        chunk, before, count, context = point
        return before + chunk + count * (context + 1) + (count + 1) * BLOCK <= self.rows


class TorchAttention:
    """PyTorch's scaled dot products."""

    def __init__(self, device: Device, shard: Shard, head_dim: int, pool: Pool) -> None:
        self._device, self._shard, self._head_dim, self._pool = device, shard, head_dim, pool

    def call(self, point: AttentionPoint) -> Call:
        chunk, before, count, context = point
        calls = []
        if chunk:
            calls.append(self._attend(1, chunk, before + chunk, 0))
        if count:
            calls.append(self._attend(count, 1, context + 1, before + chunk))
        return lambda: [call() for call in calls]

    def _attend(self, batch: int, queries: int, keys: int, first: int) -> Call:
        """`queries` tokens of each of `batch` requests on `keys` tokens, the pool's rows from
        `first`."""
        torch = self._device.torch
        query = self._device.random(batch, self._shard.heads, queries, self._head_dim)
        k, v = (
            part[first : first + batch * keys].view(batch, keys, *self._pool.shape).transpose(1, 2)
            for part in (self._pool.keys, self._pool.values)
        )
        fresh = [part[:, :, keys - queries :] for part in (k, v)]
        rows = [part.clone() for part in fresh]
        grouped = self._shard.heads != self._shard.kv_heads
        if queries == 1:
            options: dict[str, object] = {}
        elif queries == keys:
            options = {"is_causal": True}
        else:
            # Each token sees what came before the chunk, and the chunk up to itself.
            from torch.nn.attention.bias import causal_lower_right

            options = {"attn_mask": causal_lower_right(queries, keys)}

        def attend() -> object:
            for part, new in zip(fresh, rows):
                part.copy_(new)
            return torch.nn.functional.scaled_dot_product_attention(
                query, k, v, enable_gqa=grouped, **options
            )

        return attend


class VLLMAttention:
    """vLLM's FlashAttention over blocks of 16 tokens."""

    def __init__(self, device: Device, shard: Shard, head_dim: int, pool: Pool) -> None:
        from vllm import _custom_ops, vllm_flash_attn

        self._attend = vllm_flash_attn.flash_attn_varlen_func
        self._schedule = vllm_flash_attn.get_scheduler_metadata
        self._write = _custom_ops.reshape_and_cache_flash
        self._version = flash_version(device)
        self._device, self._shard, self._head_dim = device, shard, head_dim
        blocks = pool.rows // BLOCK
        self._keys, self._values = (
            part[: blocks * BLOCK].view(blocks, BLOCK, *pool.shape)
            for part in (pool.keys, pool.values)
        )

    def call(self, point: AttentionPoint) -> Call:
        chunk, before, count, context = point
        queries = [1] * count + ([chunk] if chunk else [])
        keys = [context + 1] * count + ([before + chunk] if chunk else [])
        torch = self._device.torch

        def numbers(values: list) -> object:
            return torch.tensor(values, dtype=torch.int32, device=self._device.kind)

        starts = [0]
        for number in queries:
            starts.append(starts[-1] + number)
        blocks = [-(-length // BLOCK) for length in keys]
        table = torch.zeros(len(keys), max(blocks), dtype=torch.int32)
        places: list[int] = []
        used = 0
        for row, own in enumerate(blocks):
            table[row, :own] = torch.arange(used, used + own, dtype=torch.int32)
            # A request's blocks are in a row, so its tokens are too.
            end = used * BLOCK + keys[row]
            places.extend(range(end - queries[row], end))
            used += own
        total = sum(queries)
        query = self._device.random(total, self._shard.heads, self._head_dim)
        options = {
            "cu_seqlens_q": numbers(starts),
            "max_seqlen_q": max(queries),
            "seqused_k": numbers(keys),
            "max_seqlen_k": max(keys),
            "block_table": table.to(self._device.kind),
            "causal": True,
            "fa_version": self._version,
        }
        if self._version == 3:
            options |= self._scheduled(options, len(keys), total)
        kv_heads = self._shard.kv_heads
        new = [self._device.random(total, kv_heads, self._head_dim) for _ in range(2)]
        slots = torch.tensor(places, dtype=torch.int64, device=self._device.kind)
        scale = torch.ones((), dtype=torch.float32, device=self._device.kind)

        def attend() -> object:
            self._write(*new, self._keys, self._values, slots, "auto", scale, scale)
            return self._attend(q=query, k=self._keys, v=self._values, **options)

        return attend

    def _scheduled(self, options: dict[str, object], requests: int, tokens: int) -> dict:
        """The work's division among multiprocessors, which vLLM makes once for all layers."""
        splits = GRAPH_SPLITS if tokens <= GRAPH_TOKENS else 0
        division = self._schedule(
            batch_size=requests,
            max_seqlen_q=options["max_seqlen_q"],
            max_seqlen_k=options["max_seqlen_k"],
            num_heads_q=self._shard.heads,
            num_heads_kv=self._shard.kv_heads,
            headdim=self._head_dim,
            cache_seqlens=options["seqused_k"],
            qkv_dtype=self._device.dtype,
            cu_seqlens_q=options["cu_seqlens_q"],
            page_size=BLOCK,
            causal=True,
            num_splits=splits,
        )
        return {"scheduler_metadata": division, "num_splits": splits}


def flash_version(device: Device) -> int:
    """The FlashAttention that vLLM takes on this GPU: 3 on Hopper, 4 on SM100, else 2.

    Source: get_flash_attn_version in vllm/v1/attention/backends/fa_utils.py of vLLM 0.33.0.
    """
    from vllm import vllm_flash_attn

    version = {9: 3, 10: 4}.get(device.torch.cuda.get_device_capability()[0], 2)
    try:
        return version if vllm_flash_attn.is_fa_version_supported(version) else 2
    except (AttributeError, AssertionError, ValueError):
        # Older ones know fewer versions.
        return 2


def choose_name(name: str, device: Device) -> str:
    """`vllm` or `torch`; for `auto` the first of them that is installed."""
    if name != "auto":
        return name
    try:
        import vllm.vllm_flash_attn  # noqa: F401
    except ImportError:
        return "torch"
    return "vllm" if device.kind == "cuda" else "torch"


def choose(name: str, device: Device, model: ModelShape, shard: Shard, pool: Pool) -> Attention:
    """Attention by the name of what computes it."""
    if name == "torch":
        return TorchAttention(device, shard, model.head_dim, pool)
    try:
        return VLLMAttention(device, shard, model.head_dim, pool)
    except (ImportError, AttributeError) as error:
        raise ToolError(
            f"vLLM's attention cannot be loaded ({error}); pip install vllm, or --attention torch"
        ) from None
