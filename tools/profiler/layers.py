"""The layers that are timed by tokens or by sequences, as PyTorch operations on one shard."""

from __future__ import annotations

from collections.abc import Callable

from bundle.model import ModelShape, Shard

from .device import Device

Call = Callable[[], object]

#: Layers that read weights, which the rest of the iteration has driven out of the cache.
WITH_WEIGHTS = frozenset(
    ("embedding", "qkv_proj", "o_proj", "gate_up_proj", "down_proj", "lm_head")
)

#: Added to the variance in a norm: the value does not matter for time.
EPSILON = 1e-5


class Layers:
    """Makes a call for each layer and count; keeps the weights of one layer at a time."""

    def __init__(self, device: Device, model: ModelShape, shard: Shard, compiled: bool) -> None:
        self._device = device
        self._model = model
        self._shard = shard
        self._compiled = compiled
        self._fused: dict[str, Callable] = {}
        if compiled:
            # Beyond a few versions of one function, of other shards, compiling would silently stop.
            device.torch._dynamo.reset()
        self._weight: tuple[str, object] | None = None

    def call(self, name: str, count: int) -> Call:
        """What to time for a layer with that many tokens or sequences."""
        model, shard = self._model, self._shard
        attended = shard.heads * model.head_dim
        linear = {
            "qkv_proj": (model.hidden, attended + 2 * shard.kv_heads * model.head_dim),
            "o_proj": (attended, model.hidden),
            "gate_up_proj": (model.hidden, 2 * shard.inner),
            "down_proj": (shard.inner, model.hidden),
            "lm_head": (model.hidden, shard.vocabulary),
        }
        if name in linear:
            return self._linear(name, count, *linear[name])
        return getattr(self, "_" + name)(count)

    def forget(self) -> None:
        """Frees the weight that is kept."""
        self._weight = None

    def _linear(self, name: str, count: int, depth: int, columns: int) -> Call:
        weight = self._kept(name, columns, depth)
        rows = self._device.random(count, depth)
        return lambda: self._device.torch.nn.functional.linear(rows, weight)

    def _embedding(self, count: int) -> Call:
        torch = self._device.torch
        table = self._kept("embedding", self._shard.vocabulary, self._model.hidden)
        ids = torch.randint(self._shard.vocabulary, (count,), device=self._device.kind)
        return lambda: torch.nn.functional.embedding(ids, table)

    def _layernorm(self, count: int) -> Call:
        """A root-mean-square norm of the sum with the residual, which is kept."""
        rows, residual = (self._device.random(count, self._model.hidden) for _ in range(2))
        weight = self._device.random(self._model.hidden)
        norm = self._fuse("norm", add_and_norm)
        return lambda: norm(rows, residual, weight)

    _final_layernorm = _layernorm

    def _qk_norm(self, count: int) -> Call:
        heads = self._shard.heads + self._shard.kv_heads
        rows = self._device.random(count, heads, self._model.head_dim)
        weight = self._device.random(self._model.head_dim)
        norm = self._fuse("qk_norm", normalise)
        return lambda: norm(rows, weight)

    def _rotary_emb(self, count: int) -> Call:
        heads = self._shard.heads + self._shard.kv_heads
        rows = self._device.random(count, heads, self._model.head_dim)
        cosine, sine = (self._device.random(count, 1, self._model.head_dim // 2) for _ in range(2))
        rotate = self._fuse("rotate", rotated)
        return lambda: rotate(rows, cosine, sine)

    def _act_fn(self, count: int) -> Call:
        rows = self._device.random(count, 2 * self._shard.inner)
        activate = self._fuse("activate", gated)
        return lambda: activate(rows)

    def _sampler(self, count: int) -> Call:
        """A draw from the softmax of all logits, as by exponential noise: the largest p / e is
        chosen with chance p."""
        torch = self._device.torch
        logits = torch.randn(count, self._model.vocabulary, device=self._device.kind)

        def sample() -> object:
            chances = torch.softmax(logits, dim=-1, dtype=torch.float32)
            return chances.div_(torch.empty_like(chances).exponential_()).argmax(dim=-1)

        return sample

    def _kept(self, name: str, *shape: int) -> object:
        """The weight of a layer; that of the layer before goes."""
        if self._weight is None or self._weight[0] != name:
            self._weight = None
            self._weight = (name, self._device.random(*shape))
        return self._weight[1]

    def _fuse(self, name: str, function: Callable) -> Callable:
        """Element-wise operations as one kernel, as serving engines have them."""
        if name not in self._fused:
            self._fused[name] = (
                self._device.torch.compile(function, dynamic=True) if self._compiled else function
            )
        return self._fused[name]


def normalise(rows, weight):  # noqa: ANN001, ANN201 - tensors
    wide = rows.float()
    scale = (wide.square().mean(dim=-1, keepdim=True) + EPSILON).rsqrt()
    return (wide * scale).to(rows.dtype) * weight


def add_and_norm(rows, residual, weight):  # noqa: ANN001, ANN201
    total = rows + residual
    return normalise(total, weight), total


def rotated(rows, cosine, sine):  # noqa: ANN001, ANN201
    half = rows.shape[-1] // 2
    first, second = rows[..., :half], rows[..., half:]
    return first * cosine - second * sine, second * cosine + first * sine


def gated(rows):  # noqa: ANN001, ANN201
    half = rows.shape[-1] // 2
    gate = rows[..., :half].float()
    return (gate * gate.sigmoid()).to(rows.dtype) * rows[..., half:]
