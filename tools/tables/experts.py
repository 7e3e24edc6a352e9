"""Times of a mixture of experts and of all-reduces, as measured."""

from __future__ import annotations

from bundle.model import ModelShape

from .source import OperatorTables, microseconds

#: Messages are counted in elements of two bytes: int8 messages of the same count take half as long,
#: and long ones of the engine's own all-reduce as long as NCCL's in half precision.
ELEMENT_BYTES = 2


def expert_times(tables: OperatorTables, model: ModelShape) -> dict[tuple[int, int], float]:
    """Times by (tokens, activated experts) of one accelerator, with evenly used experts; none where
    the model's sizes were not measured.

    With experts spread over `ep` accelerators, tokens · k / ep pairs reach at most experts / ep
    experts here, and a token comes unless all its experts are elsewhere.
    """
    rows = tables.rows(
        "moe",
        "moe_perf",
        {
            "moe_dtype": "bfloat16",
            "hidden_size": model.hidden,
            "inter_size": model.inner,
            "topk": model.experts_per_token,
            "num_experts": model.experts,
            "moe_tp_size": 1,
            "distribution": "balanced",
        },
    )
    times: dict[tuple[int, int], float] = {}
    for row in rows:
        tokens, spread = int(row["num_tokens"]), int(row["moe_ep_size"])
        pairs = max(1, round(tokens * model.experts_per_token / spread))
        active = min(pairs, model.experts // spread)
        local = max(1, round(tokens * (1 - ((spread - 1) / spread) ** model.experts_per_token)))
        time = microseconds(row)
        times[local, active] = min(time, times.get((local, active), time))
    return times


def all_reduce_times(tables: OperatorTables, ranks: int) -> dict[int, float]:
    """Times by bytes among that many accelerators of one node: the faster of the engine's own
    all-reduce and NCCL."""
    own = tables.rows("comm", "custom_allreduce_perf", {"num_gpus": ranks})
    graph = [row for row in own if "graph" in str(row.get("backend", ""))] or own
    nccl = tables.rows(
        "comm",
        "nccl_perf",
        {"num_gpus": ranks, "op_name": "all_reduce", "nccl_dtype": "half"},
        "nccl",
    )
    times: dict[int, float] = {}
    for rows in (graph, nccl):
        for row in rows:
            size, time = ELEMENT_BYTES * int(row["message_size"]), microseconds(row)
            times[size] = min(time, times.get(size, time))
    return times
