"""Models, operator tables and programs that tests share."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from bundle.hardware import Hardware
from bundle.model import ModelShape

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(__file__).resolve().parent / "data"
#: Not part of the repository: tests that need it skip where it is absent.
SHARED = ROOT.parent / "shared/data"

TINY = ModelShape.read(DATA / "tiny.json", "toy/tiny")
MIXTURE = ModelShape.read(DATA / "tiny_mixture.json", "toy/tiny_mixture")
#: One without and one with direct links.
PCIE = Hardware.read(ROOT / "configs/hardware", "RTXPRO6000")
NVLINK = Hardware.read(ROOT / "configs/hardware", "H100")


def simhost() -> Path | None:
    """The built program, if there is one."""
    return next(
        (
            path
            for kind in ("tests/release", "release", "debug")
            if (path := ROOT / ".build" / kind / "simhost").exists()
        ),
        None,
    )


def simulate(
    folder: Path, profiles: Path, hardware: str, degree: int = 1
) -> subprocess.CompletedProcess[str]:
    """Runs simhost on two requests for toy/tiny with profiles; the working folder describes the
    model."""
    model = folder / "configs/model/toy/tiny.json"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_text((DATA / "tiny.json").read_text())
    instance = {
        "model_name": "toy/tiny",
        "hardware": hardware,
        "pd_type": None,
        "tp_size": degree,
        "npu_mem": {"mem_size": 4, "mem_bw": 100, "mem_latency": 0},
    }
    cluster = {
        "num_nodes": 1,
        "link_bw": 16,
        "link_latency": 1000,
        "nodes": [
            {
                "num_instances": 1,
                "cpu_mem": {"mem_size": 4, "mem_bw": 100, "mem_latency": 0},
                "instances": [instance],
            }
        ],
    }
    (folder / "cluster.json").write_text(json.dumps(cluster))
    (folder / "trace.jsonl").write_text(
        "".join(
            json.dumps({"input_toks": 20, "output_toks": 5, "arrival_time_ns": t}) + "\n"
            for t in (0, 1000)
        )
    )
    return subprocess.run(
        [
            str(simhost()),
            "--cluster-config",
            "cluster.json",
            "--dataset",
            "trace.jsonl",
            "--profile-dir",
            str(profiles),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def write_tables(folder: Path) -> None:
    """Operator tables whose times follow simple laws, in milliseconds: 1 µs and 1 ns for each m · n
    · k / 1000; prompts 2 µs for each token and head; decode 1 µs for each request and 1 ns for each
    of its keys."""
    sizes = (32, 64, 128, 256, 512)

    def table(
        group: str, framework: str, version: str, name: str, header: str, rows: Iterable[tuple]
    ) -> None:
        path = folder / group / framework / version / f"{name}.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(path, "wt") as file:
            file.write(header + ",latency\n")
            file.writelines(",".join(map(str, row)) + "\n" for row in rows)

    products = [
        ("bfloat16", m, n, k, 1e-3 + 1e-9 * m * n * k)
        for m in (1, 2, 64, 1024, 16384)
        for n in sizes
        for k in sizes
    ]
    table("gemm", "vllm", "0.10.0", "gemm_perf", "gemm_dtype,m,n,k", products)
    # An older version, which must not be taken although its name sorts last as text.
    table("gemm", "vllm", "0.9.0", "gemm_perf", "gemm_dtype,m,n,k", [("bfloat16", 1, 32, 32, 99)])
    columns = "batch_size,isl,num_heads,num_key_value_heads,head_dim,kv_cache_dtype,step"
    heads = [(4, 2), (2, 1), (8, 2)]
    table(
        "attention",
        "vllm",
        "0.10.0",
        "context_attention_perf",
        columns,
        [
            (1, isl, h, kv, 16, "bfloat16", 0, 2e-3 * isl * h)
            for isl in (1, 16, 1024, 16384)
            for h, kv in heads
        ],
    )
    table(
        "attention",
        "vllm",
        "0.10.0",
        "generation_attention_perf",
        columns,
        [
            (n, 1, h, kv, 16, "bfloat16", step, 1e-3 * n + 1e-6 * n * step)
            for n in (1, 16, 512)
            for step in (1, 1023, 131071)
            for h, kv in heads
        ],
    )
    table(
        "comm",
        "vllm",
        "0.10.0",
        "custom_allreduce_perf",
        "num_gpus,message_size,backend",
        [
            (2, 128, "vllm_graph", 0.004),
            (2, 128, "vllm_eager", 0.001),
            (2, 1024, "vllm_graph", 0.006),
        ],
    )
    table(
        "comm",
        "nccl",
        "2.0",
        "nccl_perf",
        "num_gpus,message_size,op_name,nccl_dtype",
        [(2, 1024, "all_reduce", "half", 0.005), (2, 128, "all_gather", "half", 0.0001)],
    )
    table(
        "moe",
        "vllm",
        "0.10.0",
        "moe_perf",
        "moe_dtype,num_tokens,hidden_size,inter_size,topk,num_experts,moe_tp_size,moe_ep_size,distribution",
        [
            ("bfloat16", 1, 64, 32, 2, 8, 1, 1, "balanced", 0.01),
            ("bfloat16", 8, 64, 32, 2, 8, 1, 1, "balanced", 0.02),
            ("bfloat16", 8, 64, 32, 2, 8, 1, 4, "balanced", 0.007),
        ],
    )
