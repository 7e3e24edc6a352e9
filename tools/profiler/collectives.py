"""All-reduces among several accelerators of this machine, each driven by a process of its own."""

from __future__ import annotations

import os
import socket
import statistics
import time

from bundle.errors import ToolError

from .device import load_torch
from .session import MESSAGES


def all_reduce_times(
    kind: str, ranks: int, iterations: int, sizes: tuple[int, ...] = MESSAGES
) -> dict[int, float]:
    """Median times in µs by bytes; empty where there are fewer than `ranks` accelerators."""
    torch = load_torch()
    if kind == "cuda" and torch.cuda.device_count() < ranks:
        return {}
    if not torch.distributed.is_available():
        return {}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = torch.multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    try:
        torch.multiprocessing.spawn(
            _rank, args=(kind, ranks, port, iterations, sizes, results), nprocs=ranks, join=True
        )
    except Exception as error:  # noqa: BLE001 - whatever a child died of arrives as one of several types
        raise ToolError(
            f"all-reduces among {ranks} accelerators failed: {str(error).strip().splitlines()[-1]}"
        ) from None
    return results.get()


def _rank(
    rank: int, kind: str, ranks: int, port: int, iterations: int, sizes: tuple[int, ...], results
) -> None:  # noqa: ANN001
    """One process: all take part, the first reports."""
    torch = load_torch()
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    if kind == "cuda":
        torch.cuda.set_device(rank)
    torch.distributed.init_process_group(
        "nccl" if kind == "cuda" else "gloo", rank=rank, world_size=ranks
    )
    try:
        times = {size: _median(torch, kind, size, iterations) for size in sizes}
        if rank == 0:
            results.put(times)
    finally:
        torch.distributed.destroy_process_group()


def _median(torch, kind: str, size: int, iterations: int) -> float:  # noqa: ANN001
    message = torch.zeros(size // 2, dtype=torch.bfloat16, device=kind)
    times = []
    for turn in range(iterations + 2):
        torch.distributed.barrier()
        if kind == "cuda":
            torch.cuda.synchronize()
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            torch.distributed.all_reduce(message)
            end.record()
            torch.cuda.synchronize()
            passed = start.elapsed_time(end) * 1000
        else:
            begun = time.perf_counter()
            torch.distributed.all_reduce(message)
            passed = (time.perf_counter() - begun) * 1e6
        # The first two set up connections.
        if turn >= 2:
            times.append(passed)
    return statistics.median(times)
