#!/usr/bin/env python3
"""Simulates published measurements at constant concurrency and compares the time per output token.

    tools/compare_closed_loops.py silicon_dev_h100.csv --hardware H100 --model Qwen/Qwen3-32B

The table is aiconfigurator's, https://github.com/ai-dynamo/aiconfigurator (Apache-2.0): a row for
each model, degree of tensor parallelism, prompt and output length, and concurrency. Each is
simulated as so many users that send their next request when the last one is done. TTFT is not
compared: it depends on how the users start, which is not recorded.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bundle.errors import ToolError, run  # noqa: E402
from bundle.files import cache_folder  # noqa: E402
from bundle.hardware import Hardware  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent

#: Requests of each user. Guess: enough that the common start counts for little.
TURNS = 4


@dataclass(frozen=True)
class Row:
    """One measurement: tokens of prompt and output, users, and mean time per output token in ms."""

    degree: int
    prompt: int
    output: int
    users: int
    tpot: float


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare with runs at constant concurrency.")
    parser.add_argument("table", type=Path, help="CSV with isl, osl, batch_size, silicon_tpot_ms")
    parser.add_argument("--hardware", required=True)
    parser.add_argument("--model", required=True, help="as in configs/model and in the table")
    parser.add_argument("--backend", default="vllm")
    parser.add_argument("--precision", default="", help="as in the table; empty is 16 bits")
    parser.add_argument("--profile-dir", type=Path, default=cache_folder())
    parser.add_argument("--hardware-dir", type=Path, default=ROOT / "configs/hardware")
    parser.add_argument("--simhost", type=Path, default=ROOT / ".build/release/simhost")
    parser.add_argument("--most-tokens", type=int, default=20000, help="skip larger runs")
    parser.add_argument("--verbose", action="store_true", help="print every run")
    return parser.parse_args()


def rows(options: argparse.Namespace) -> list[Row]:
    """The table's rows that fit, each shape once."""
    wanted = {
        "model_path": options.model,
        "backend": options.backend,
        "precision": options.precision,
        "mode": "agg",
    }
    found: dict[tuple[int, ...], Row] = {}
    try:
        with options.table.open(newline="", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                if any(line[key] != value for key, value in wanted.items()):
                    continue
                shape = tuple(int(line[k]) for k in ("tp_size", "isl", "osl", "batch_size"))
                if shape[2] * shape[3] <= options.most_tokens:
                    found.setdefault(shape, Row(*shape, float(line["silicon_tpot_ms"])))
    except (OSError, KeyError, ValueError, UnicodeDecodeError) as error:
        raise ToolError(f"{options.table}: {error}; expected aiconfigurator's table") from None
    if not found:
        raise ToolError(f"{options.table}: has no {options.backend} runs of {options.model}")
    return [found[shape] for shape in sorted(found)]


def simulated(options: argparse.Namespace, hardware: Hardware, row: Row, folder: Path) -> float:
    """Mean time per output token of the same load in simhost, ms."""
    instance = {
        "model_name": options.model,
        "hardware": options.hardware,
        "pd_type": None,
        "tp_size": row.degree,
        "npu_mem": {
            "mem_size": hardware.memory_gib,
            "mem_bw": hardware.memory_rate / 1e9,
            "mem_latency": 0,
        },
    }
    host = {"mem_size": 512, "mem_bw": 256, "mem_latency": 0}
    node = {"num_instances": 1, "cpu_mem": host, "instances": [instance]}
    cluster = {"num_nodes": 1, "link_bw": 16, "link_latency": 20000, "nodes": [node]}
    (folder / "cluster.json").write_text(json.dumps(cluster))
    turn = {"input_toks": row.prompt, "output_toks": row.output, "tool_duration_ns": 0}
    with (folder / "trace.jsonl").open("w") as file:
        for user in range(row.users):
            session = {"arrival_time_ns": user, "session_id": f"{user}"}
            file.write(json.dumps({**session, "sub_requests": [turn] * TURNS}) + "\n")
    command = [options.simhost, "--cluster-config", folder / "cluster.json"]
    command += ["--dataset", folder / "trace.jsonl", "--summary", folder / "summary.json"]
    command += ["--profile-dir", options.profile_dir, "--no-enable-prefix-caching"]
    # vLLM's own defaults for its server on such GPUs.
    command += ["--max-num-seqs", "256", "--max-num-batched-tokens", "8192"]
    try:
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    except OSError as error:
        raise ToolError(f"{options.simhost}: {error.strerror}; make build first") from None
    if done.returncode:
        raise ToolError(done.stderr.strip().splitlines()[-1])
    return json.loads((folder / "summary.json").read_text())["mean_tpot_ms"]


def main() -> None:
    options = arguments()
    hardware = Hardware.read(options.hardware_dir, options.hardware)
    differences: dict[int, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(options):
            time = simulated(options, hardware, row, Path(folder))
            differences.setdefault(row.degree, []).append((time / row.tpot - 1, time - row.tpot))
            if options.verbose:
                print(f"{row} simulated {time:.1f} ms, {time / row.tpot - 1:+.1%}", flush=True)
    for degree, found in differences.items():
        shares, times = zip(*found)
        print(
            f"tp{degree}: {len(found)} runs, TPOT off by {statistics.median(shares):+.1%} "
            f"({min(shares):+.1%} to {max(shares):+.1%}), {statistics.median(times):+.2f} ms"
        )


if __name__ == "__main__":
    run(main)
