"""A layer of experts: router, gate and up projections, activation, down projection, weighted
sum."""

from __future__ import annotations

from collections.abc import Callable

from bundle.model import ModelShape

from .device import Device
from .layers import gated


def experts_call(
    device: Device, model: ModelShape, tokens: int, active: int
) -> Callable[[], object]:
    """`tokens` spread evenly over `active` experts, whose products run as one batch.

    The grouped products of serving engines skip the padding that this has where tokens do not
    divide evenly.
    """
    torch = device.torch
    rows = device.random(tokens, model.hidden)
    router = device.random(model.experts, model.hidden)
    share = -(-tokens * model.experts_per_token // active)
    wide = device.random(active, model.hidden, 2 * model.inner)
    narrow = device.random(active, model.inner, model.hidden)
    # Which token stands in which row of which expert, and where it goes back to.
    places = torch.arange(active * share, device=device.kind) % tokens

    def call() -> object:
        chances = torch.softmax(
            torch.nn.functional.linear(rows, router), dim=-1, dtype=torch.float32
        )
        weights, _ = torch.topk(chances, model.experts_per_token, dim=-1)
        spread = rows[places].view(active, share, model.hidden)
        result = torch.bmm(gated(torch.bmm(spread, wide)), narrow).view(
            active * share, model.hidden
        )
        scaled = result * weights[places, 0].to(result.dtype)[:, None]
        return torch.zeros_like(rows).index_add_(0, places, scaled)

    return call
