#!/usr/bin/env python3
"""Replays workloads on vLLM on this machine's GPU and writes what `simhost validate` reads.

    tools/measure_vllm.py --model meta-llama/Llama-3.1-8B --dataset workloads/example_trace.jsonl \\
      --output measured/chat --cluster-config my_cluster.json

Needs vLLM (V1, 0.12 or newer). Weights are random and prompts are random tokens, no two alike: times
do not depend on them. Each request is handed over at its arrival, and written are the moments at
which vLLM's engine took it, scheduled it, and made its first and last token, on the clock of its
arrival. Several workloads are replayed one after the other by one engine.
Exit codes: 0 done, 2 something to mend.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import hashlib
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bundle.errors import ToolError, run  # noqa: E402
from bundle.files import write_text  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
#: Columns of `timeseries.csv`.
SERIES = ("t", "prompt_throughput", "gen_throughput", "running", "waiting", "kv_cache_pct")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure vLLM on workloads.")
    parser.add_argument("--model", required=True, help="a config.json, or a name in configs/model")
    parser.add_argument("--dataset", type=Path, nargs="+", required=True, help="JSONL workloads")
    parser.add_argument("--output", type=Path, nargs="+", required=True, help="a folder for each")
    parser.add_argument(
        "--speed", type=float, nargs="+", help="arrivals this many times as fast; default 1 each"
    )
    parser.add_argument("--cluster-config", type=Path, help="copied beside each run, for validate")
    parser.add_argument("--max-num-seqs", type=int, default=128)
    parser.add_argument("--max-num-batched-tokens", type=int, default=2048)
    parser.add_argument("--max-model-len", type=int, default=16384)
    parser.add_argument("--tp", type=int, default=1, help="tensor-parallel degree")
    parser.add_argument("--gpu-memory-utilization", type=float, default=0.9)
    options = parser.parse_args()
    options.speed = options.speed or [1.0] * len(options.dataset)
    if not len(options.dataset) == len(options.output) == len(options.speed):
        parser.error("give as many --output, and --speed if any, as --dataset")
    if min(options.speed) <= 0:
        parser.error("--speed is above 0")
    return options


def read_workload(path: Path, speed: float) -> list[tuple[float, int, int]]:
    """Arrival in seconds from the first one's clock, prompt and output tokens of each request."""
    requests = []
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                arrival = row["arrival_time_ns"] / 1e9 / speed
                requests.append((arrival, int(row["input_toks"]), int(row["output_toks"])))
            except (ValueError, KeyError, TypeError) as error:
                raise ToolError(
                    f"{path}:{number}: {error!r}; expected input_toks, output_toks and "
                    "arrival_time_ns, as in workloads/"
                ) from None
    except OSError as error:
        raise ToolError(f"{path}: {error.strerror or error}") from None
    if not requests:
        raise ToolError(f"{path}: holds no request")
    return requests


def series_rows(samples: list[tuple], start: float) -> list[tuple]:
    """One row a second: sums of tokens, and the last counters in it. `samples` are (time, prompt
    tokens, output tokens, running, waiting, KV share) of each iteration."""
    rows: list[list] = []
    for moment, prompt, output, running, waiting, share in samples:
        second = max(0, int(moment - start))
        while len(rows) <= second:
            last = rows[-1] if rows else [0, 0, 0, 0, 0, 0.0]
            rows.append([float(len(rows) + 1), 0, 0, *last[3:]])
        rows[second][1] += prompt
        rows[second][2] += output
        rows[second][3:] = [running, waiting, round(100 * share, 2)]
    return [tuple(row) for row in rows]


def engine_arguments(options: argparse.Namespace, folder: str) -> dict[str, object]:
    """vLLM's defaults, but for the sizes asked for; no prefix caching, as no prompts are alike."""
    return {
        "model": folder,
        "skip_tokenizer_init": True,
        "load_format": "dummy",
        "dtype": "bfloat16",
        "seed": 42,
        "tensor_parallel_size": options.tp,
        "max_num_seqs": options.max_num_seqs,
        "max_num_batched_tokens": options.max_num_batched_tokens,
        "max_model_len": options.max_model_len,
        "gpu_memory_utilization": options.gpu_memory_utilization,
        "enable_prefix_caching": False,
    }


async def replay(engine, requests: list[tuple[float, int, int]], vocabulary: int) -> list[dict]:
    """Sends every request at its arrival; returns a row for each."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    draw = random.Random(42)
    prompts = [[draw.randrange(vocabulary) for _ in range(count)] for _, count, _ in requests]
    start = time.monotonic() + 0.1
    epoch = time.time() + 0.1

    async def one(index: int) -> dict:
        arrival, prompt, output = requests[index]
        parameters = SamplingParams(
            temperature=0.0,
            max_tokens=output,
            min_tokens=output,
            ignore_eos=True,
            detokenize=False,
            output_kind=RequestOutputKind.DELTA,
        )
        await asyncio.sleep(max(0.0, start + arrival - time.monotonic()))
        submitted, first, last = time.monotonic(), 0.0, 0.0
        stamps = None
        tokens = {"prompt_token_ids": prompts[index]}
        async for part in engine.generate(tokens, parameters, f"bench-{index}"):
            last = time.monotonic()
            first = first or last
            stamps = part.metrics or stamps
        if stamps is None:
            raise ToolError("vLLM tells no moments of requests; use V1, 0.12 or newer")
        return {
            "request_id": f"bench-{index}",
            "input_toks": prompt,
            "output_toks": output,
            "arrival_time": epoch + arrival,
            "submitted_ts": submitted,
            "queued_ts": stamps.queued_ts,
            "scheduled_ts": stamps.scheduled_ts,
            "first_token_ts": stamps.first_token_ts,
            "last_token_ts": stamps.last_token_ts,
            "received_first_ts": first,
            "received_last_ts": last,
        }

    return await asyncio.gather(*(one(index) for index in range(len(requests))))


def sampler(samples: list[tuple]):
    """A class of loggers that writes down each iteration's tokens and counters."""
    from vllm.v1.metrics.loggers import StatLoggerBase

    class Sampler(StatLoggerBase):
        def __init__(self, vllm_config, engine_index: int = 0) -> None:
            pass

        def record(self, scheduler_stats, iteration_stats, *rest, **more) -> None:
            if scheduler_stats is None or iteration_stats is None:
                return
            samples.append(
                (
                    time.time(),
                    iteration_stats.num_prompt_tokens,
                    iteration_stats.num_generation_tokens,
                    scheduler_stats.num_running_reqs,
                    scheduler_stats.num_waiting_reqs,
                    scheduler_stats.kv_cache_usage,
                )
            )

        def log_engine_initialized(self) -> None:
            pass

    return Sampler


async def measure(options: argparse.Namespace, config: dict, folder: str, workloads: list) -> None:
    import torch
    import vllm
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    samples: list[tuple] = []
    keywords = engine_arguments(options, folder)
    engine = AsyncLLM.from_engine_args(
        AsyncEngineArgs(**keywords), stat_loggers=[sampler(samples)]
    )
    try:
        cache = engine.vllm_config.cache_config
        # Kernels that are compiled or loaded at first use are no part of the measurement.
        await replay(engine, [(0.0, 600, 8)] * 8 + [(0.0, 40, 8)] * 24, config["vocab_size"])
        for path, output, speed, requests in workloads:
            samples.clear()
            begun = time.time()
            print(f"{path} at {speed:g} times its speed: {len(requests)} requests", file=sys.stderr)
            rows = await replay(engine, requests, config["vocab_size"])
            ended = time.time()
            # The last requests' counters come just behind their last tokens.
            await asyncio.sleep(0.5)

            def moment(seconds: float) -> str:
                zone = datetime.timezone.utc
                text = datetime.datetime.fromtimestamp(seconds, zone).isoformat()
                return text.replace("+00:00", "Z")

            meta = {
                "schema_version": 1,
                "model": config["_name"],
                "vllm_version": vllm.__version__,
                "torch_version": torch.__version__,
                "hardware": torch.cuda.get_device_name(),
                "engine_kwargs": {**keywords, "model": config["_name"]},
                "kv_cache": {
                    "num_gpu_blocks": cache.num_gpu_blocks,
                    "block_size": cache.block_size,
                    "gpu_memory_utilization": options.gpu_memory_utilization,
                },
                "async_scheduling": engine.vllm_config.scheduler_config.async_scheduling,
                "dataset_path": str(path),
                "dataset_hash": hashlib.sha256(path.read_bytes()).hexdigest(),
                "speed": speed,
                "num_requests": len(rows),
                "started_at": moment(begun),
                "finished_at": moment(ended),
                "tick_seconds": 1.0,
            }
            write_run(output, meta, rows, samples, begun, options.cluster_config)
    finally:
        engine.shutdown()


def write_run(
    output: Path, meta: dict, rows: list[dict], samples: list, begun: float, cluster: Path | None
) -> None:
    """Writes the folder that `simhost validate` reads, and every iteration's counters."""
    write_text(output / "meta.json", json.dumps(meta, indent=2) + "\n")
    lines = [
        {key: round(cell, 6) if isinstance(cell, float) else cell for key, cell in row.items()}
        for row in rows
    ]
    write_text(
        output / "requests.jsonl",
        "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines),
    )
    series = [",".join(SERIES)] + [",".join(map(str, row)) for row in series_rows(samples, begun)]
    write_text(output / "timeseries.csv", "\n".join(series) + "\n")
    iterations = ["t,prompt_tokens,output_tokens,running,waiting,kv_share"] + [
        f"{moment - begun:.6f}," + ",".join(map(str, counts)) + f",{share:.4f}"
        for moment, *counts, share in samples
    ]
    write_text(output / "iterations.csv", "\n".join(iterations) + "\n")
    if cluster:
        write_text(output / "config.json", cluster.read_text(encoding="utf-8"))


def main() -> None:
    options = arguments()
    path = Path(options.model)
    name = options.model
    if path.suffix != ".json":
        path = ROOT / "configs/model" / f"{options.model}.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ToolError(f"{path}: {error}") from None
    workloads = [
        (dataset, output, speed, read_workload(dataset, speed))
        for dataset, output, speed in zip(options.dataset, options.output, options.speed)
    ]
    try:
        import vllm  # noqa: F401
    except ImportError as error:
        raise ToolError(f"vLLM cannot be loaded ({error}); pip install vllm") from None
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(config), encoding="utf-8")
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
        asyncio.run(measure(options, {**config, "_name": name}, folder, workloads))


if __name__ == "__main__":
    run(main)
