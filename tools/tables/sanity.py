"""Whole iterations of a bundle against what the accelerator could do at most."""

from __future__ import annotations

from pathlib import Path

from bundle.compare import Bundle, IterationTimes
from bundle.hardware import Hardware
from bundle.model import ModelShape


def speeds(folder: Path, hardware: Hardware, model: ModelShape, degree: int) -> str:
    """Share of memory bandwidth that decoding one request reads weights at, and of peak operations
    that a prompt of 2,048 tokens computes at. Above 100 % something is wrong; far below 50 % most
    of the time goes elsewhere."""
    shard = model.shard(degree)
    bundle = Bundle.read(folder / hardware.name / model.name / "bf16", degree)
    if model.experts:
        return "experts are timed apart, in moe.csv"
    times = IterationTimes(bundle, model)
    width = (2 * shard.heads + 2 * shard.kv_heads) * model.head_dim + 3 * shard.inner
    block = model.layers * width * model.hidden
    weights = 2 * (block + shard.vocabulary * model.hidden)
    decode = times.at((0, 0, 1, 1024)) / 1e6
    prompt = times.at((2048, 0, 0, 0)) / 1e6
    attention = 4 * model.layers * shard.heads * model.head_dim * 2048 * 2049 / 2
    operations = 2 * block * 2048 + attention
    return (
        f"decode of 1 request {decode * 1e3:.1f} ms, "
        f"weights at {weights / decode / hardware.memory_rate:.0%} of memory bandwidth; "
        f"prompt of 2048 tokens {prompt * 1e3:.1f} ms, "
        f"{operations / prompt / hardware.flops:.0%} of peak"
    )
