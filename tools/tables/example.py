"""An example cluster for an accelerator, to run at once and to edit."""

from __future__ import annotations

import json
from pathlib import Path

from bundle.files import write_text
from bundle.hardware import Hardware
from bundle.model import ModelShape

#: Share of memory for weights, with the rest for the KV cache. Guess: what leaves room for some
#: requests.
WEIGHT_SHARE = 0.6


def write_example(folder: Path, hardware: Hardware, model: ModelShape) -> Path:
    """Writes a cluster of one prefill and one decode instance beside the accelerator's profiles."""
    degree = smallest_degree(hardware, model)

    def instance(role: str) -> dict[str, object]:
        return {
            "model_name": model.name,
            "hardware": hardware.name,
            "pd_type": role,
            "tp_size": degree,
            "npu_mem": {
                "mem_size": hardware.memory_gib,
                "mem_bw": round(hardware.memory_rate / 1e9),
                "mem_latency": 0,
            },
        }

    # Link and host memory as in configs/cluster/single_node_pd_instance.json.
    cluster = {
        "num_nodes": 1,
        "link_bw": 16,
        "link_latency": 20000,
        "nodes": [
            {
                "num_instances": 2,
                "cpu_mem": {"mem_size": 512, "mem_bw": 256, "mem_latency": 0},
                "instances": [instance("prefill"), instance("decode")],
            }
        ],
    }
    path = folder / hardware.name / "example_1p1d.json"
    write_text(path, json.dumps(cluster, indent=2) + "\n")
    return path


def smallest_degree(hardware: Hardware, model: ModelShape) -> int:
    """The fewest accelerators that hold a model's weights in 16 bits."""
    experts = max(1, model.experts)
    block = model.hidden * (
        (2 * model.heads + 2 * model.kv_heads) * model.head_dim + 3 * model.inner * experts
    )
    weights = 2 * (model.layers * block + 2 * model.vocabulary * model.hidden)
    room = WEIGHT_SHARE * hardware.memory_gib * 2**30
    return next((d for d in (1, 2, 4) if weights <= d * room and model.heads % d == 0), 8)
