"""Times the layers of one shard of a model with PyTorch."""

from __future__ import annotations

from bundle.grid import AttentionPoint, Grid
from bundle.model import ModelShape

from .attention import Attention, Pool, choose
from .device import Device
from .experts import experts_call
from .layers import WITH_WEIGHTS, Layers


class TorchBench:
    """One shard on one device. Weights come and go with the layer that is timed, the KV cache with
    attention."""

    def __init__(
        self,
        device: Device,
        model: ModelShape,
        degree: int,
        grid: Grid,
        attention: str,
        compiled: bool,
    ) -> None:
        self._device = device
        self._model = model
        self._shard = model.shard(degree)
        self._grid = grid
        self._choice = attention
        self._layers = Layers(device, model, self._shard, compiled)
        self._attention: Attention | None = None
        self._pool: Pool | None = None

    def layer(self, name: str, count: int) -> float | None:
        return self._device.median(lambda: self._layers.call(name, count), name in WITH_WEIGHTS)

    def attention(self, point: AttentionPoint) -> float | None:
        if self._pool is None or self._attention is None:
            self._layers.forget()
            self._pool = Pool(
                self._device, self._shard, self._model.head_dim, list(self._grid.attention())
            )
            self._attention = choose(
                self._choice, self._device, self._model, self._shard, self._pool
            )
        attention = self._attention
        return (
            self._device.median(lambda: attention.call(point)) if self._pool.fits(point) else None
        )

    def experts(self, tokens: int, active: int) -> float | None:
        self._layers.forget()
        self._attention = self._pool = None
        return self._device.median(lambda: experts_call(self._device, self._model, tokens, active))
